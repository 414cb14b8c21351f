import type { STATUS } from '../reply.ts';
import { type Request, VERB } from '../request.ts';

const line = (text: string): Uint8Array => Buffer.from(`${text}\r\n`, 'latin1');

/** The reply lines of memcached 1.6.18, byte for byte. */
export const CLASSIC_LINES: Readonly<Record<keyof typeof STATUS, Uint8Array>> = {
  stored: line('STORED'),
  notStored: line('NOT_STORED'),
  exists: line('EXISTS'),
  notFound: line('NOT_FOUND'),
  deleted: line('DELETED'),
  touched: line('TOUCHED'),
  ok: line('OK'),
  reset: line('RESET'),
  tooLarge: line('SERVER_ERROR object too large for cache'),
  outOfMemoryStoring: line('SERVER_ERROR out of memory storing object'),
  outOfMemory: line('SERVER_ERROR out of memory'),
  badDataChunk: line('CLIENT_ERROR bad data chunk'),
  nonNumeric: line('CLIENT_ERROR cannot increment or decrement non-numeric value'),
  badFormat: line('CLIENT_ERROR bad command line format'),
  badExptime: line('CLIENT_ERROR invalid exptime argument'),
  flushNotAllowed: line('CLIENT_ERROR flush_all not allowed'),
  unknownCommand: line('ERROR'),
  outOfMemoryCreating: line('SERVER_ERROR Out of memory allocating new item'),
  // Not in memcached.
  notPermitted: line('CLIENT_ERROR permission denied'),
  configClosed: line('CLIENT_ERROR config of cluster not allowed: its list is given at the start'),
  configOlder: line('CLIENT_ERROR the version of the cluster config must not fall'),
  configInvalid: line('CLIENT_ERROR the cluster config does not begin with a version'),
  moved: line('SERVER_ERROR the key moved to another node while its value arrived'),
};

/** Makes a request invalid; `line` is the reply to it. */
export function reject(request: Request, line: Uint8Array): void {
  request.verb = VERB.invalid;
  request.errorReply = line;
}
