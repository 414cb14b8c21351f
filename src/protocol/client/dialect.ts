import type { ByteSink } from '../../base/index.ts';
import type { Progress, Reply } from './reply.ts';
import type { ReplyInput } from './reply-input.ts';
import type { Request } from './request.ts';

/**
 * One wire format from the client's side. An instance belongs to one connection: between two pieces
 * of a reply it remembers how far it is.
 *
 * Requests are numbered as they are sent. A dialect that can (meta, binary) sends the number as the
 * opaque and checks it in the reply, so a reply that is lost or doubled is noticed.
 */
export interface Dialect {
  readonly name: 'meta' | 'classic' | 'binary';
  /** Whether the dialect has a way to say it. */
  canSay(request: Request): boolean;
  /** Writes the request; returns how many numbers it used, from `opaque` on. */
  encode(request: Request, opaque: number, sink: ByteSink): number;
  /**
   * Reads on in the reply to `request`.
   * @throws {MalformedReply} when it cannot be one.
   */
  decode(input: ReplyInput, request: Request, opaque: number, reply: Reply): Progress;
}
