import { CONFIG_BYTES_MAX } from '../limits.ts';
import { MalformedReply } from './reply.ts';

/** @throws {MalformedReply} if no config entry is so long. */
export function checkConfigBytes(length: number): void {
  if (length > CONFIG_BYTES_MAX) throw new MalformedReply(`a config entry of ${length} bytes`);
}
