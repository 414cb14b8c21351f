/** Parsers for logins: memcached's ASCII login, and SASL PLAIN. */
import { equalBytes } from '../../base/index.ts';

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
