import { equalBytes } from '../base/index.ts';
import { COUNT, type Store } from '../store/index.ts';
import type { Authenticator, LoginRules } from './authenticator.ts';

/**
 * The login state of a session. `verifying`: the authenticator works. `verified`: its result waits
 * for `takeResult`.
 */
type LoginState = 'anonymous' | 'verifying' | 'verified' | 'authenticated';

/** The result of parsing an ASCII login. */
type TextLogin =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'close' }
  | { readonly kind: 'refused'; readonly reply: string; readonly consumed: number }
  | {
      readonly kind: 'credentials';
      readonly user: Buffer;
      readonly password: Buffer;
      readonly consumed: number;
    };

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
/** A login line without a newline within this many bytes is invalid (memcached's bound). */
const LOGIN_LINE_BYTES_MAX = 2048;
/** memcached's bound on `user password`. */
const TOKEN_BYTES_MAX = 16_384;
const LENGTH_WORD_INDEX = 4;

/**
 * Parses memcached's ASCII login: `set <any> <any> <any> <bytes>` with the data `<user>
 * <password>`, split at the first blank. `input[start, end)` may hold a part of the request.
 */
export function readTextLogin(input: Buffer, start: number, end: number): TextLogin {
  const newline = input.subarray(start, end).indexOf(LF);
  if (newline < 0) return { kind: end - start > LOGIN_LINE_BYTES_MAX ? 'close' : 'incomplete' };
  const dataAt = start + newline + 1;
  const words = input.toString('latin1', start, dataAt).trim().split(/ +/);
  const length = words[LENGTH_WORD_INDEX] ?? '';
  if (words[0] !== 'set' || !/^\d{1,10}$/.test(length)) {
    return refused('CLIENT_ERROR unauthenticated', newline + 1);
  }
  const bytes = Number(length);
  if (bytes > TOKEN_BYTES_MAX) return refused('CLIENT_ERROR auth token too long', newline + 1);
  const dataEnd = dataAt + bytes;
  if (end < dataEnd + 2) return { kind: 'incomplete' };
  const consumed = dataEnd + 2 - start;
  if (input[dataEnd] !== CR || input[dataEnd + 1] !== LF) {
    return refused('CLIENT_ERROR bad command line termination', consumed);
  }
  const token = input.subarray(dataAt, dataEnd);
  const blank = token.indexOf(BLANK);
  if (blank <= 0 || blank === token.length - 1) {
    return refused('CLIENT_ERROR bad authentication token format', consumed);
  }
  const user = Buffer.from(token.subarray(0, blank));
  const password = Buffer.from(token.subarray(blank + 1));
  return { kind: 'credentials', user, password, consumed };
}

function refused(reply: string, consumed: number): TextLogin {
  return { kind: 'refused', reply, consumed };
}

export const SASL_MECHANISM = 'PLAIN';
const PLAIN = Buffer.from(SASL_MECHANISM);

export function isPlain(input: Buffer, start: number, end: number): boolean {
  return end - start === PLAIN.length && equalBytes(input, start, PLAIN, 0, PLAIN.length);
}

/**
 * Parses SASL PLAIN (RFC 4616): `<authzid> NUL <user> NUL <password>`. Returns undefined if the
 * bytes have another form, or if the authzid names another user.
 */
export function readSaslPlain(
  input: Buffer,
  start: number,
  end: number,
): { readonly user: Buffer; readonly password: Buffer } | undefined {
  const data = Buffer.from(input.subarray(start, end));
  const first = data.indexOf(0);
  const second = first < 0 ? -1 : data.indexOf(0, first + 1);
  if (second < 0 || second === first + 1 || data.indexOf(0, second + 1) >= 0) return undefined;
  const user = data.subarray(first + 1, second);
  if (!isSameIdentity(data.toString('latin1', 0, first), user.toString('latin1'))) return undefined;
  return { user, password: data.subarray(second + 1) };
}

/** Whether the authzid is empty or names the same user, with or without a host. */
function isSameIdentity(authzid: string, user: string): boolean {
  if (authzid === '' || authzid === user) return true;
  return authzid.startsWith(`${user}@`) || user.startsWith(`${authzid}@`);
}

/** The login of one session: passes credentials to the authenticator and counts failures. */
export class Login {
  state: LoginState;
  /** Whether a SASL exchange has begun and waits for its credentials. */
  saslStarted = false;
  /** The authenticator's result, once the state is `verified`. */
  accepted = false;
  /** The user of the last login, for the log. */
  user = '';
  readonly #authenticator: Authenticator;
  readonly #rules: LoginRules;
  readonly #store: Store;
  #failures = 0;

  constructor(authenticator: Authenticator, rules: LoginRules, store: Store) {
    this.#authenticator = authenticator;
    this.#rules = rules;
    this.#store = store;
    this.state = authenticator.requiresLogin ? 'anonymous' : 'authenticated';
  }

  get isRequired(): boolean {
    return this.#authenticator.requiresLogin;
  }

  get refusesText(): boolean {
    return this.#authenticator.requiresLogin && this.#rules.refusesText;
  }

  /** Whether this connection has used up its failed logins. */
  get attemptsExhausted(): boolean {
    return this.#failures >= this.#rules.attemptsMax;
  }

  /** Starts the check; calls `onVerified` once `accepted` holds the result. */
  verify(user: Buffer, password: Buffer, onVerified: () => void): void {
    this.state = 'verifying';
    this.saslStarted = false;
    this.user = user.toString('latin1');
    void this.#authenticator.verify(user, password).then((accepted) => {
      this.accepted = accepted;
      this.state = 'verified';
      onVerified();
    });
  }

  /** Applies the authenticator's result; returns whether the client is authenticated now. */
  takeResult(): boolean {
    this.state = this.accepted ? 'authenticated' : 'anonymous';
    this.#store.counters.add(COUNT.auth_cmds);
    if (!this.accepted) this.#countFailure();
    return this.accepted;
  }

  /** Counts a login that is refused without the authenticator. */
  fail(): void {
    this.state = 'anonymous';
    this.saslStarted = false;
    this.#store.counters.add(COUNT.auth_cmds);
    this.#countFailure();
  }

  #countFailure(): void {
    this.#failures++;
    this.#store.counters.add(COUNT.auth_errors);
  }
}
