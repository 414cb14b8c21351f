import { channel } from 'node:diagnostics_channel';
import type { CacheError } from '../base/errors.ts';
import type { OperationKind } from './metrics.ts';

/**
 * Channels of node:diagnostics_channel, so that tracing needs no dependency:
 *
 *   slabring:operation:start   an OperationTrace, published in the caller's async context
 *   slabring:operation:end     the same object, with duration, hits or error
 *   slabring:node              a NodeTrace, when a node goes down or comes up
 *
 * Without subscribers the client allocates and publishes nothing.
 */
export const operationStart = channel('slabring:operation:start');
export const operationEnd = channel('slabring:operation:end');
export const nodeChange = channel('slabring:node');

/** One request to one node. The second group of fields is set at the end. */
export interface OperationTrace {
  readonly operation: OperationKind;
  readonly node: string;
  /** The number of keys in the request. */
  readonly keyCount: number;

  durationMs: number | undefined;
  /** The number of keys found. */
  hits: number | undefined;
  error: CacheError | undefined;
}

export interface NodeTrace {
  readonly node: string;
  readonly state: 'up' | 'down';
  readonly reason: CacheError | undefined;
}
