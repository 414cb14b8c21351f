import type { ByteSink } from '../../base/index.ts';
import type { DecodeProgress, Reply } from './reply.ts';
import type { ReplyInput } from './reply-input.ts';
import type { Request } from './request.ts';

/**
 * The client's half of one wire format. An instance belongs to one connection: it holds the state
 * of a reply that has arrived in part.
 *
 * The connection numbers its requests. Meta and binary send the number as the opaque and check it
 * in the reply, so they detect a lost or duplicate reply.
 */
export interface Dialect {
  readonly name: 'meta' | 'classic' | 'binary';
  /** Whether the dialect can express the request. */
  supports(request: Request): boolean;
  /** Writes the request; returns how many numbers it uses, from `opaque` on. */
  encode(request: Request, opaque: number, sink: ByteSink): number;
  /**
   * Continues to decode the reply to `request`.
   * @throws {MalformedReply} if the bytes cannot be a reply to it.
   */
  decode(input: ReplyInput, request: Request, opaque: number, reply: Reply): DecodeProgress;
}
