import { MAGIC, OPCODE } from '../protocol/index.ts';
import { BadReply } from './reply-frames.ts';

const BINARY_HEADER_BYTES = 24;
const TEXT = /^VERSION (.*?)\r?\n$/;
const WITHOUT_META = /^1\.[0-5]\./;

/** The request by which a connection begins, which every memcached has. */
export function versionRequest(isBinary: boolean): Buffer {
  if (!isBinary) return Buffer.from('version\r\n');
  const request = Buffer.alloc(BINARY_HEADER_BYTES);
  request[0] = MAGIC.request;
  request[1] = OPCODE.version;
  return request;
}

/** @throws {BadReply} if the reply has no version: the node is no memcached, or wants a login. */
export function versionIn(reply: Buffer, isBinary: boolean): string {
  if (isBinary) {
    const isSuccess = reply.readUInt16BE(6) === 0;
    if (isSuccess) return reply.toString('latin1', BINARY_HEADER_BYTES);
    throw new BadReply('it refuses its version; a proxy does not log in to nodes');
  }
  const [, version] = TEXT.exec(reply.toString('latin1')) ?? [];
  if (version !== undefined) return version;
  const shown = JSON.stringify(reply.toString('latin1', 0, 60).trimEnd());
  throw new BadReply(`it replies ${shown} to "version"; a proxy does not log in to nodes`);
}

/** memcached has the meta commands from 1.6 on. */
export const hasMeta = (version: string): boolean => !WITHOUT_META.test(version);
