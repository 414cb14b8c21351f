import { randomBytes } from 'node:crypto';
import type { ScryptSecret, User } from './users.ts';

/** What may open the door to one name, in the order it is tried. */
export interface Candidates {
  readonly plain: readonly Uint8Array[];
  readonly hashed: readonly { readonly secret: ScryptSecret; readonly isDecoy: boolean }[];
}

interface Own {
  readonly plain: Uint8Array[];
  readonly hashed: ScryptSecret[];
}

const DIGEST_BYTES = 32;

/**
 * Gives every name, known or not, the same number of candidates and hashes of the same costs: what
 * a name does not have of its own is filled up with decoys. So a failed login takes the same work
 * for each name, also where plain passwords and hashes of several costs stand side by side.
 */
export class SecretsIndex {
  readonly #byName = new Map<string, Own>();
  readonly #decoyDigest = randomBytes(DIGEST_BYTES);
  #plainSlots = 0;
  /** For each cost, a decoy for each hash that any one name has at that cost. */
  readonly #decoys = new Map<string, ScryptSecret[]>();

  /** `digest` is keyed, so that neither finding a name nor comparing a password tells of its bytes. */
  constructor(users: readonly User[], digest: (text: string) => Buffer) {
    for (const { name, secret } of users) {
      const own = this.#own(digest(name).toString('hex'));
      if (secret.kind === 'plain') own.plain.push(digest(secret.password));
      else own.hashed.push(secret);
    }
    for (const { plain, hashed } of this.#byName.values()) {
      this.#plainSlots = Math.max(this.#plainSlots, plain.length);
      for (const [cost, secrets] of Map.groupBy(hashed, costOf)) this.#makeDecoys(cost, secrets);
    }
  }

  /** How many hashes a failed login makes. */
  get hashesPerLogin(): number {
    return [...this.#decoys.values()].flat().length;
  }

  /** By the digest of a name, in hex. */
  candidates(name: string): Candidates {
    const own = this.#byName.get(name);
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

  #own(name: string): Own {
    const own = this.#byName.get(name) ?? { plain: [], hashed: [] };
    this.#byName.set(name, own);
    return own;
  }

  #makeDecoys(cost: string, secrets: readonly ScryptSecret[]): void {
    const decoys = this.#decoys.get(cost) ?? [];
    this.#decoys.set(cost, decoys);
    for (const secret of secrets.slice(decoys.length)) {
      const hash = randomBytes(secret.hash.length);
      decoys.push({ ...secret, salt: randomBytes(secret.salt.length), hash });
    }
  }
}

/** Hashes with the same text take the same time. */
function costOf({ log2N, blockSize, parallelization, hash }: ScryptSecret): string {
  return `${log2N},${blockSize},${parallelization},${hash.length}`;
}
