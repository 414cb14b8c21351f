import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { DEFAULT_ROLE, type Role } from '../../commands/index.ts';
import type { Authenticator } from './authenticator.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { hashWith } from './scrypt.ts';
import { type Candidates, SecretsIndex } from './secrets-index.ts';
import type { ScryptSecret, UserTable } from './users.ts';

/** Logins that compute hashes at the same time, and logins that wait; the thread refuses more. */
const HASHING_LOGINS_MAX = 2;
const WAITING_LOGINS_MAX = 64;
/** Valid logins that a thread remembers, so that reconnecting clients do not cost a hash each. */
const RECENT_LOGINS_MAX = 1024;
const RECENT_LOGIN_MS = 60_000;
const NAME_LENGTH_DIGITS = 8;

/** The functions that the authenticator calls; a test replaces them. */
interface AuthenticatorDependencies {
  readonly hash: (secret: ScryptSecret, password: Buffer) => Promise<Buffer>;
  readonly isEqual: (one: Uint8Array, other: Uint8Array) => boolean;
  readonly nowMs: () => number;
  /** Reports a login refused without a check, because too many logins wait for their hashes. */
  readonly onOverload: () => void;
}

/**
 * Authenticates the users of a table. It compares names and passwords as keyed digests or as
 * hashes, so the time of a check does not depend on how many bytes match. A failed login costs the
 * same comparisons and the same hashes for every user name, known or not (SecretsIndex).
 *
 * A correct password may take less time: a plain one needs no hash, and the authenticator remembers
 * a recent valid login. Only a client that has the password can observe that.
 */
export class UserAuthenticator implements Authenticator {
  readonly requiresLogin = true;
  readonly #key = randomBytes(32);
  readonly #dependencies: AuthenticatorDependencies;
  readonly #hashing = new ConcurrencyLimit(HASHING_LOGINS_MAX, WAITING_LOGINS_MAX);
  /**
   * The digest of name and password of each recent valid login, with the time it becomes invalid.
   */
  readonly #recentLogins = new Map<string, number>();
  /** Checks in progress, by digest: simultaneous equal logins share one check. */
  readonly #inProgress = new Map<string, Promise<boolean>>();
  #index = new SecretsIndex([], () => Buffer.alloc(0));
  #roles: UserTable['roles'] = new Map();

  constructor(table: UserTable, replacements: Partial<AuthenticatorDependencies> = {}) {
    const onOverload = (): void => {};
    const defaults = { hash: hashWith, isEqual: timingSafeEqual, nowMs: Date.now, onOverload };
    this.#dependencies = { ...defaults, ...replacements };
    this.replace(table);
  }

  /** Replaces all users, and drops every remembered login. */
  replace({ users, roles }: UserTable): void {
    this.#roles = roles;
    this.#recentLogins.clear();
    this.#inProgress.clear();
    this.#index = new SecretsIndex(users, (text) => this.#digest(text));
  }

  async verify(nameBytes: Buffer, password: Buffer): Promise<Role | undefined> {
    const name = nameBytes.toString('latin1');
    for (;;) {
      const index = this.#index;
      const accepted = await this.#verifyShared(name, password).catch(() => false);
      // The table may have changed while the hash was computed: then the new table decides.
      if (index !== this.#index) continue;
      return accepted ? (this.#roles.get(name) ?? DEFAULT_ROLE) : undefined;
    }
  }

  #verifyShared(name: string, password: Buffer): Promise<boolean> {
    const length = String(name.length).padStart(NAME_LENGTH_DIGITS, '0');
    const pair = this.#digest(`${length}${name}${password.toString('latin1')}`).toString('hex');
    if (this.#isRecentLogin(pair)) return Promise.resolve(true);
    const running = this.#inProgress.get(pair);
    if (running !== undefined) return running;
    const check = this.#check(name, password, pair).finally(() => {
      if (this.#inProgress.get(pair) === check) this.#inProgress.delete(pair);
    });
    this.#inProgress.set(pair, check);
    return check;
  }

  async #check(name: string, password: Buffer, pair: string): Promise<boolean> {
    const index = this.#index;
    const candidates = index.candidates(this.#digest(name).toString('hex'));
    if (this.#matchesPlain(candidates, password)) return true;
    if (candidates.hashed.length === 0) return false;
    const accepted = await this.#hashing.run(() => this.#matchesHash(candidates, password));
    if (accepted === undefined) this.#dependencies.onOverload();
    if (accepted === true && index === this.#index) this.#rememberLogin(pair);
    return accepted === true;
  }

  #matchesPlain({ plain }: Candidates, password: Buffer): boolean {
    const given = this.#digest(password.toString('latin1'));
    let matches = false;
    for (const digest of plain) matches = this.#dependencies.isEqual(digest, given) || matches;
    return matches;
  }

  async #matchesHash({ hashed }: Candidates, password: Buffer): Promise<boolean> {
    let matches = false;
    for (const { secret, isDecoy } of hashed) {
      const hash = await this.#dependencies.hash(secret, password);
      matches = (this.#dependencies.isEqual(hash, secret.hash) && !isDecoy) || matches;
    }
    return matches;
  }

  #isRecentLogin(pair: string): boolean {
    const until = this.#recentLogins.get(pair);
    return until !== undefined && until > this.#dependencies.nowMs();
  }

  #rememberLogin(pair: string): void {
    const [oldest] = this.#recentLogins.keys();
    if (this.#recentLogins.size === RECENT_LOGINS_MAX && oldest !== undefined) {
      this.#recentLogins.delete(oldest);
    }
    this.#recentLogins.delete(pair);
    this.#recentLogins.set(pair, this.#dependencies.nowMs() + RECENT_LOGIN_MS);
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text, 'latin1').digest();
  }
}
