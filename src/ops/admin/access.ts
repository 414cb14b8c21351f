/** Who may use an admin port. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  CodedError,
  fileReason,
  isLoopback,
  type Logger,
  readSecretFile,
} from '../../base/index.ts';
import { AdminError } from './admin-error.ts';

const TOKEN_BYTES_MAX = 4096;
const TOKEN_CHARACTERS_MIN = 16;
const OWN_TOKEN_BYTES = 32;

/** A token that only this node knows, and whom it tells. */
export const newToken = (): string => randomBytes(OWN_TOKEN_BYTES).toString('hex');

/**
 * Reads the token of an admin port. The log gets a warning if every user of the machine can open
 * its file.
 * @throws {CodedError} `ERR_ADMIN_TOKEN`.
 */
export async function readToken(path: string, log?: Logger): Promise<string> {
  const token = await readSecretFile(path, TOKEN_BYTES_MAX, log).then(
    (bytes) => bytes.toString('utf8').trim(),
    (cause: unknown) => {
      const reason = fileReason(cause, path, 'read');
      const what = `the token of the admin port (--admin-token-file), ${path}`;
      const text = `Cannot read ${what}: ${reason}.`;
      throw new CodedError('ERR_ADMIN_TOKEN', text, { cause });
    },
  );
  if (token.length >= TOKEN_CHARACTERS_MIN && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new CodedError(
    'ERR_ADMIN_TOKEN',
    `The token in ${path} must be one line of at least ${TOKEN_CHARACTERS_MIN} characters without` +
      ' blanks; create it: openssl rand -hex 32.',
  );
}

/**
 * @throws {AdminError} unless the request carries the token. Digests have the same length, so the
 *   time of their comparison says nothing about the token.
 */
export function checkToken(request: IncomingMessage, token: string): void {
  if (hasToken(request, token)) return;
  throw new AdminError(
    401,
    'This path needs the token of the admin port: send the header Authorization: Bearer <token>.',
    CHALLENGE,
  );
}

/**
 * @throws {AdminError} unless the request carries the token that the node made for itself, because
 *   its options name none.
 */
export function checkOwnToken(request: IncomingMessage, token: string, why: string): void {
  if (hasToken(request, token)) return;
  throw new AdminError(
    401,
    `This path needs a token: ${why}. The slabring command of the user who runs the node has it; ` +
      'for others, start the node with --admin-token-file or --admin-tls mutual.',
    CHALLENGE,
  );
}

function hasToken(request: IncomingMessage, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digestOf(given), digestOf(token));
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="slabring"' };

/**
 * A page of a browser can make a name of its own point to this machine, and then read from a port
 * that only this machine reaches. Its requests still carry that name.
 * @throws {AdminError} if the request names another host than this machine.
 */
export function checkHost(request: IncomingMessage, ownHost: string): void {
  const { host } = request.headers;
  if (host === undefined) return;
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(name) || name.toLowerCase() === ownHost.toLowerCase()) return;
  throw new AdminError(
    421,
    `This admin port is that of ${ownHost}; the request names another host.`,
  );
}

/**
 * A page of a browser can post to this machine, but not this type without asking, and not without
 * its origin.
 * @throws {AdminError} if a page may have sent the request.
 */
export function checkNoPage(request: IncomingMessage, wanted = 'application/json'): void {
  if (request.headers.origin !== undefined) {
    throw new AdminError(403, 'The admin port takes no actions from pages of a browser.');
  }
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() === wanted) return;
  throw new AdminError(415, `This path needs the header Content-Type: ${wanted}.`);
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
