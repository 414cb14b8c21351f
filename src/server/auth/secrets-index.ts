import { randomBytes } from 'node:crypto';
import type { ScryptSecret, User } from './users.ts';

/** The secrets that a login of one user name is compared with, decoys included, in order. */
export interface Candidates {
  readonly plain: readonly Uint8Array[];
  readonly hashed: readonly { readonly secret: ScryptSecret; readonly isDecoy: boolean }[];
}

interface UserSecrets {
  readonly plain: Uint8Array[];
  readonly hashed: ScryptSecret[];
}

const DIGEST_BYTES = 32;

/**
 * Returns, for every name, known or not, the same number of candidates, with hashes of the same
 * costs. Decoys replace the secrets that a name lacks. So a failed login takes the same work for
 * every name, even in a table that mixes plain passwords and hashes of several costs.
 */
export class SecretsIndex {
  readonly #byName = new Map<string, UserSecrets>();
  readonly #decoyDigest = randomBytes(DIGEST_BYTES);
  #plainSlots = 0;
  /** By cost: as many decoys as the name with the most hashes of that cost has. */
  readonly #decoys = new Map<string, ScryptSecret[]>();

  /** `digest` is keyed, so that the time of a lookup or a comparison reveals no bytes. */
  constructor(users: readonly User[], digest: (text: string) => Buffer) {
    for (const { name, secret } of users) {
      const own = this.#secretsOf(digest(name).toString('hex'));
      if (secret.kind === 'plain') own.plain.push(digest(secret.password));
      else own.hashed.push(secret);
    }
    for (const { plain, hashed } of this.#byName.values()) {
      this.#plainSlots = Math.max(this.#plainSlots, plain.length);
      for (const [cost, secrets] of Map.groupBy(hashed, costOf)) this.#addDecoys(cost, secrets);
    }
  }

  /** The number of hashes that a failed login computes. */
  get hashesPerLogin(): number {
    return [...this.#decoys.values()].flat().length;
  }

  /** The candidates for a name, given as the hex digest of the name. */
  candidates(nameDigest: string): Candidates {
    const own = this.#byName.get(nameDigest);
    const plain = Array.from(
      { length: this.#plainSlots },
      (_, i) => own?.plain[i] ?? this.#decoyDigest,
    );
    const hashed = [...this.#decoys].flatMap(([cost, decoys]) => {
      const secrets = own?.hashed.filter((secret) => costOf(secret) === cost) ?? [];
      return decoys.map((decoy, i) => {
        const secret = secrets[i];
        return { secret: secret ?? decoy, isDecoy: secret === undefined };
      });
    });
    return { plain, hashed };
  }

  #secretsOf(name: string): UserSecrets {
    const own = this.#byName.get(name) ?? { plain: [], hashed: [] };
    this.#byName.set(name, own);
    return own;
  }

  #addDecoys(cost: string, secrets: readonly ScryptSecret[]): void {
    const decoys = this.#decoys.get(cost) ?? [];
    this.#decoys.set(cost, decoys);
    for (const secret of secrets.slice(decoys.length)) {
      const hash = randomBytes(secret.hash.length);
      decoys.push({ ...secret, salt: randomBytes(secret.salt.length), hash });
    }
  }
}

/** A text that is equal for hashes that take the same time. */
function costOf({ log2N, blockSize, parallelization, hash }: ScryptSecret): string {
  return `${log2N},${blockSize},${parallelization},${hash.length}`;
}
