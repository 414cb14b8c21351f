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
