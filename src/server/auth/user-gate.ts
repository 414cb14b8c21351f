import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Gate } from '../gate.ts';
import { hashWith } from './scrypt.ts';
import { type Candidates, SecretsIndex } from './secrets-index.ts';
import { Turns } from './turns.ts';
import type { ScryptSecret, UserTable } from './users.ts';

/** Logins that make hashes at the same time, and those that wait for it; more are refused. */
const HASHING_AT_ONCE = 2;
const WAITING_MAX = 64;
/** Good logins remembered, so that clients that reconnect do not pay for a hash each; and how long. */
const REMEMBERED_MAX = 1024;
const REMEMBERED_MS = 60_000;
const NAME_LENGTH_DIGITS = 8;

/** What the gate needs of its surroundings; a test hands it others. */
export interface GateParts {
  readonly hash: (secret: ScryptSecret, password: Buffer) => Promise<Buffer>;
  readonly same: (one: Uint8Array, other: Uint8Array) => boolean;
  readonly nowMs: () => number;
  /** A login was refused unseen, because too many wait for their hashes. */
  readonly onOverload: () => void;
}

/**
 * Lets users of a table in. Names and passwords are compared as keyed digests or as hashes, so the
 * time it takes says nothing of how much of them is right; and a login that fails costs the same
 * comparisons and the same hashes whoever was asked for (SecretsIndex).
 *
 * A right password may be quicker: a plain one needs no hash, and one that was right a short while
 * ago is remembered. Only who has it learns that.
 */
export class UserGate implements Gate {
  readonly isClosed = true;
  readonly #key = randomBytes(32);
  readonly #parts: GateParts;
  readonly #turns = new Turns(HASHING_AT_ONCE, WAITING_MAX);
  /** Digests of name and password that were right, and until when they are good. */
  readonly #remembered = new Map<string, number>();
  /** Digests that are being looked at: clients that come together share the answer. */
  readonly #asked = new Map<string, Promise<boolean>>();
  #index = new SecretsIndex([], () => Buffer.alloc(0));

  constructor(table: UserTable, parts: Partial<GateParts> = {}) {
    const usual = { hash: hashWith, same: timingSafeEqual, nowMs: Date.now, onOverload: () => {} };
    this.#parts = { ...usual, ...parts };
    this.replace(table);
  }

  /** From now on these are the users. */
  replace({ users }: UserTable): void {
    this.#remembered.clear();
    this.#asked.clear();
    this.#index = new SecretsIndex(users, (text) => this.#digest(text));
  }

  async verify(name: Buffer, password: Buffer): Promise<boolean> {
    for (;;) {
      const index = this.#index;
      const admitted = await this.#ask(name.toString('latin1'), password).catch(() => false);
      // The table may have been replaced while a hash was made: the new one decides.
      if (index === this.#index) return admitted;
    }
  }

  #ask(name: string, password: Buffer): Promise<boolean> {
    const length = String(name.length).padStart(NAME_LENGTH_DIGITS, '0');
    const pair = this.#digest(`${length}${name}${password.toString('latin1')}`).toString('hex');
    if (this.#isRemembered(pair)) return Promise.resolve(true);
    const asked = this.#asked.get(pair);
    if (asked !== undefined) return asked;
    const asking = this.#check(name, password, pair).finally(() => {
      if (this.#asked.get(pair) === asking) this.#asked.delete(pair);
    });
    this.#asked.set(pair, asking);
    return asking;
  }

  async #check(name: string, password: Buffer, pair: string): Promise<boolean> {
    const index = this.#index;
    const candidates = index.candidates(this.#digest(name).toString('hex'));
    if (this.#isPlain(candidates, password)) return true;
    if (candidates.hashed.length === 0) return false;
    const admitted = await this.#turns.run(() => this.#isHashed(candidates, password));
    if (admitted === undefined) this.#parts.onOverload();
    if (admitted === true && index === this.#index) this.#remember(pair);
    return admitted === true;
  }

  #isPlain({ plain }: Candidates, password: Buffer): boolean {
    const given = this.#digest(password.toString('latin1'));
    let right = false;
    for (const digest of plain) right = this.#parts.same(digest, given) || right;
    return right;
  }

  async #isHashed({ hashed }: Candidates, password: Buffer): Promise<boolean> {
    let right = false;
    for (const { secret, isDecoy } of hashed) {
      const made = await this.#parts.hash(secret, password);
      right = (this.#parts.same(made, secret.hash) && !isDecoy) || right;
    }
    return right;
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

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text, 'latin1').digest();
  }
}
