import type { Writable } from 'node:stream';
import type { RestoreOutcome } from '../../ops/index.ts';

/** A restore that runs: the request takes the snapshot. */
export interface Upload {
  readonly request: Writable;
  readonly outcome: Promise<RestoreOutcome>;
}

/** A node that items are restored into. Every failure is a CodedError that names the node. */
export interface RestoreTarget {
  /** How messages call it. */
  readonly url: string;
  /** As clients call it; empty if nothing says it. */
  readonly node: string;
  /** Begins to restore; the caller writes the snapshot to the request, and ends it. */
  restore(replaces: boolean): Promise<Upload>;
}
