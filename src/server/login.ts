import { equalBytes } from '../base/index.ts';
import { COUNT, type Store } from '../store/index.ts';
import type { Gate, LoginRules } from './gate.ts';

/** Where a session stands at the gate. */
export type LoginState = 'in' | 'out' | 'asking' | 'answered';

/** What a client said to log in, or why it cannot be taken for that. */
export type TextLogin =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'refused'; readonly line: string; readonly consumed: number }
  | {
      readonly kind: 'credentials';
      readonly user: Buffer;
      readonly password: Buffer;
      readonly consumed: number;
    };

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
/** Without a newline within this many bytes it is no login (memcached). */
const LINE_BYTES_MAX = 2048;
/** memcached's bound on `user password`, in bytes. */
const TOKEN_BYTES_MAX = 16_384;
const LENGTH_WORD = 4;

/**
 * memcached's ASCII login: `set <any> <any> <any> <bytes>`, and as its data `<user> <password>`,
 * split at the first blank. `input[start, end)` may hold part of it.
 */
export function readTextLogin(input: Buffer, start: number, end: number): TextLogin {
  const newline = input.subarray(start, end).indexOf(LF);
  if (newline < 0) return { kind: end - start > LINE_BYTES_MAX ? 'hang-up' : 'incomplete' };
  const dataAt = start + newline + 1;
  const words = input.toString('latin1', start, dataAt).trim().split(/ +/);
  const length = words[LENGTH_WORD] ?? '';
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

function refused(line: string, consumed: number): TextLogin {
  return { kind: 'refused', line, consumed };
}

export const SASL_MECHANISM = 'PLAIN';
const PLAIN = Buffer.from(SASL_MECHANISM);

export function isPlain(input: Buffer, start: number, end: number): boolean {
  return end - start === PLAIN.length && equalBytes(input, start, PLAIN, 0, PLAIN.length);
}

/**
 * SASL PLAIN (RFC 4616): `<authzid> NUL <user> NUL <password>`; undefined when it is not that, or
 * when who logs in wants to act for somebody else.
 */
export function readSaslPlain(
  input: Buffer,
  start: number,
  end: number,
): { readonly user: Buffer; readonly password: Buffer } | undefined {
  const said = Buffer.from(input.subarray(start, end));
  const first = said.indexOf(0);
  const second = first < 0 ? -1 : said.indexOf(0, first + 1);
  if (second < 0 || second === first + 1 || said.indexOf(0, second + 1) >= 0) return undefined;
  const user = said.subarray(first + 1, second);
  if (!isSameIdentity(said.toString('latin1', 0, first), user.toString('latin1'))) return undefined;
  return { user, password: said.subarray(second + 1) };
}

/** Nobody named, or the same user, with or without a host. */
function isSameIdentity(authzid: string, user: string): boolean {
  if (authzid === '' || authzid === user) return true;
  return authzid.startsWith(`${user}@`) || user.startsWith(`${authzid}@`);
}

/** One session's login: asks the gate, counts what fails, and remembers the answer. */
export class Login {
  state: LoginState;
  /** Whether a SASL exchange has begun and waits for its data. */
  saslStarted = false;
  /** What the gate said, once the state is `answered`. */
  admitted = false;
  /** Who asked last, for the log. */
  user = '';
  readonly #gate: Gate;
  readonly #rules: LoginRules;
  readonly #store: Store;
  #failures = 0;

  constructor(gate: Gate, rules: LoginRules, store: Store) {
    this.#gate = gate;
    this.#rules = rules;
    this.#store = store;
    this.state = gate.isClosed ? 'out' : 'in';
  }

  get isRequired(): boolean {
    return this.#gate.isClosed;
  }

  get textIsClosed(): boolean {
    return this.#gate.isClosed && this.#rules.textIsClosed;
  }

  /** Whether this connection has failed too often. */
  get isSpent(): boolean {
    return this.#failures >= this.#rules.attemptsMax;
  }

  /** Asks the gate; `onAnswer` is called later, when `admitted` says what it said. */
  ask(user: Buffer, password: Buffer, onAnswer: () => void): void {
    this.state = 'asking';
    this.saslStarted = false;
    this.user = user.toString('latin1');
    void this.#gate.verify(user, password).then((admitted) => {
      this.admitted = admitted;
      this.state = 'answered';
      onAnswer();
    });
  }

  /** Takes the answer in; returns whether the client is in now. */
  settle(): boolean {
    this.state = this.admitted ? 'in' : 'out';
    this.#store.counters.add(COUNT.auth_cmds);
    if (!this.admitted) this.#countFailure();
    return this.admitted;
  }

  /** A login that was refused without asking. */
  fail(): void {
    this.state = 'out';
    this.saslStarted = false;
    this.#store.counters.add(COUNT.auth_cmds);
    this.#countFailure();
  }

  #countFailure(): void {
    this.#failures++;
    this.#store.counters.add(COUNT.auth_errors);
  }
}
