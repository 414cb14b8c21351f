import type { ByteSink } from '../base/index.ts';

/** A reply too long for one turn: written piece by piece. */
export interface ReplyStream {
  /** Whether a node that stops may leave out the rest. */
  readonly mayBeCut: boolean;
  /** Writes the next piece, a bounded one; true when all is written. */
  write(sink: ByteSink): boolean;
  /** Gives up what is left, and whatever was held for it. Must follow unless all was written. */
  abandon(): void;
}
