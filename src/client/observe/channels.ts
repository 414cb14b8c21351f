import { channel } from 'node:diagnostics_channel';
import type { CacheError } from '../errors.ts';
import type { OperationKind } from './metrics.ts';

/**
 * Hooks of node:diagnostics_channel, so that tracing attaches without a dependency:
 *
 *   slabring:operation:start   an OperationTrace, in the caller's async context
 *   slabring:operation:end     the same object, with how it went
 *   slabring:node              a NodeTrace, when a node goes down or comes up
 *
 * Nothing is made or published while nobody listens.
 */
export const operationStart = channel('slabring:operation:start');
export const operationEnd = channel('slabring:operation:end');
export const nodeChange = channel('slabring:node');

/** One request to one node. The second group is there at its end. */
export interface OperationTrace {
  readonly operation: OperationKind;
  readonly node: string;
  /** How many keys it is about. */
  readonly keyCount: number;

  durationMs: number | undefined;
  /** Keys that were found. */
  hits: number | undefined;
  error: CacheError | undefined;
}

export interface NodeTrace {
  readonly node: string;
  readonly state: 'up' | 'down';
  readonly reason: CacheError | undefined;
}
