import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Gate } from '../gate.ts';
import { hashWith } from './scrypt.ts';
import type { ScryptSecret, User, UserTable } from './users.ts';

/** Hashes computed at the same time, and logins that wait for one; more are refused. */
const HASHES_AT_ONCE = 2;
const HASHES_WAITING_MAX = 256;
/** Good logins remembered, so that clients that reconnect do not pay for a hash each; and how long. */
const REMEMBERED_MAX = 1024;
const REMEMBERED_MS = 60_000;

/** What the gate needs of its surroundings; a test hands it others. */
export interface GateParts {
  readonly hash: (secret: ScryptSecret, password: Buffer) => Promise<Buffer>;
  readonly nowMs: () => number;
}

/**
 * Lets users of a table in. Nothing it does depends on how much of a name or password is right:
 * both are compared as keyed digests. Whoever asks for a user that is not there waits for a hash
 * like everybody else, if anybody's password is one.
 */
export class UserGate implements Gate {
  readonly isClosed = true;
  readonly #key = randomBytes(32);
  readonly #parts: GateParts;
  #users = new Map<string, User>();
  /** What an absent user's password is hashed with: the costliest in the table. */
  #decoy: ScryptSecret | undefined;
  /** Digests of name and password, and until when they are good. */
  readonly #remembered = new Map<string, number>();
  #hashing = 0;
  readonly #waiting: (() => void)[] = [];
  #version = 0;

  constructor(table: UserTable, parts: Partial<GateParts> = {}) {
    this.#parts = { hash: hashWith, nowMs: Date.now, ...parts };
    this.replace(table);
  }

  /** From now on these are the users. */
  replace({ users }: UserTable): void {
    this.#version++;
    this.#remembered.clear();
    this.#users = new Map(users.map((user) => [this.#digest(user.name), user]));
    const hashes = users.flatMap(({ secret }) => (secret.kind === 'scrypt' ? [secret] : []));
    this.#decoy = hashes.toSorted((a, b) => b.log2N - a.log2N).at(0);
  }

  async verify(name: Buffer, password: Buffer): Promise<boolean> {
    for (;;) {
      const version = this.#version;
      const pair = this.#digest(`${name.toString('latin1')}\0${password.toString('latin1')}`);
      if (this.#isRemembered(pair)) return true;
      const admitted = await this.#verify(name, password).catch(() => false);
      // The table may have been replaced while the hash was made: the new one decides.
      if (version !== this.#version) continue;
      if (admitted && this.#decoy !== undefined) this.#remember(pair);
      return admitted;
    }
  }

  async #verify(name: Buffer, password: Buffer): Promise<boolean> {
    const user = this.#users.get(this.#digest(name.toString('latin1')));
    const hashed = await this.#checkHash(user, password);
    const plain = this.#checkPlain(user, password);
    return hashed || plain;
  }

  #checkPlain(user: User | undefined, password: Buffer): boolean {
    const secret = user?.secret.kind === 'plain' ? user.secret.password : undefined;
    const expected = Buffer.from(this.#digest(secret ?? ''), 'hex');
    const given = Buffer.from(this.#digest(password.toString('latin1')), 'hex');
    return timingSafeEqual(expected, given) && secret !== undefined;
  }

  async #checkHash(user: User | undefined, password: Buffer): Promise<boolean> {
    const own = user?.secret.kind === 'scrypt' ? user.secret : undefined;
    const secret = own ?? this.#decoy;
    if (secret === undefined) return false;
    const made = await this.#inTurn(() => this.#parts.hash(secret, password));
    return made !== undefined && own !== undefined && timingSafeEqual(made, own.hash);
  }

  /** Waits for one of few places; undefined when too many wait already. */
  async #inTurn(work: () => Promise<Buffer>): Promise<Buffer | undefined> {
    if (this.#hashing === HASHES_AT_ONCE) {
      if (this.#waiting.length === HASHES_WAITING_MAX) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#hashing++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#hashing--;
      else next();
    }
  }

  #isRemembered(pair: string): boolean {
    const until = this.#remembered.get(pair);
    return until !== undefined && until > this.#parts.nowMs();
  }

  #remember(pair: string): void {
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size === REMEMBERED_MAX && oldest !== undefined) {
      this.#remembered.delete(oldest);
    }
    this.#remembered.delete(pair);
    this.#remembered.set(pair, this.#parts.nowMs() + REMEMBERED_MS);
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text, 'latin1').digest('hex');
  }
}
