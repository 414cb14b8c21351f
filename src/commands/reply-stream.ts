import type { ByteSink } from '../base/index.ts';

/** A reply that is too long for one turn; the session writes it in pieces. */
export interface ReplyStream {
  /** Whether a node that stops may omit the rest of the reply. */
  readonly canBeTruncated: boolean;
  /** Writes the next piece, of bounded size; returns true after the last piece. */
  write(sink: ByteSink): boolean;
  /** Releases the stream's resources. The owner must call it unless `write` returned true. */
  abandon(): void;
}

/**
 * Writes the reply of a command that had to wait. The session keeps the request for it, but not the
 * input that the request's offsets refer to.
 */
export type LateReply = (sink: ByteSink) => void;

/**
 * What a command leaves to its session: the rest of a long reply, or a promise. If the promise
 * rejects, the client gets SERVER_ERROR with the message.
 */
export type ReplyRest = ReplyStream | Promise<LateReply>;
