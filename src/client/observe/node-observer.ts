import { keysOf } from '../../protocol/client.ts';
import type { CacheError } from '../base/errors.ts';
import type { Operation, OperationCounts, OperationObserver } from '../connection/operation.ts';
import { nodeChange, type OperationTrace, operationEnd, operationStart } from './channels.ts';
import { kindOf, NodeMetrics, OperationCounters, type OperationKind } from './metrics.ts';

const US_PER_MS = 1000;

/** Counts one node's operations and publishes them to the diagnostics channels. */
export class NodeObserver implements OperationObserver {
  readonly #node: string;
  readonly #onFailure: (error: CacheError, kind: OperationKind) => void;
  readonly #counters = new Map<OperationKind, OperationCounters>();
  readonly #traces = new WeakMap<Operation, OperationTrace>();

  constructor(node: string, onFailure: (error: CacheError, kind: OperationKind) => void) {
    this.#node = node;
    this.#onFailure = onFailure;
  }

  begin(operation: Operation): void {
    operation.observer = this;
    if (!operationStart.hasSubscribers && !operationEnd.hasSubscribers) return;
    const trace: OperationTrace = {
      operation: kindOf(operation.request),
      node: this.#node,
      keyCount: keysOf(operation.request).length,
      durationMs: undefined,
      hits: undefined,
      error: undefined,
    };
    this.#traces.set(operation, trace);
    operationStart.publish(trace);
  }

  succeeded(operation: Operation, counts: OperationCounts, now: number): void {
    const { request, startedAt } = operation;
    const counters = this.#countersOf(kindOf(request));
    const durationMs = now - startedAt;
    counters.count++;
    counters.latency.record(durationMs * US_PER_MS);
    counters.hits += counts.hits;
    counters.misses += counts.misses;
    counters.valueBytes += counts.valueBytes;
    if (operationEnd.hasSubscribers) this.#end(operation, durationMs, counts.hits, undefined);
  }

  failed(operation: Operation, error: CacheError): void {
    const kind = kindOf(operation.request);
    this.#countersOf(kind).fail(error.code);
    this.#onFailure(error, kind);
    if (!operationEnd.hasSubscribers) return;
    this.#end(operation, operation.clock.now() - operation.startedAt, 0, error);
  }

  publishChange(state: 'up' | 'down', reason?: CacheError): void {
    if (nodeChange.hasSubscribers) nodeChange.publish({ node: this.#node, state, reason });
  }

  snapshot(): NodeMetrics {
    return new NodeMetrics(
      [...this.#counters].map(([kind, counters]) => [kind, counters.snapshot()]),
    );
  }

  #countersOf(kind: OperationKind): OperationCounters {
    let counters = this.#counters.get(kind);
    if (counters === undefined) {
      counters = new OperationCounters();
      this.#counters.set(kind, counters);
    }
    return counters;
  }

  #end(operation: Operation, durationMs: number, hits: number, error?: CacheError): void {
    const trace = this.#traces.get(operation);
    if (trace === undefined) return;
    trace.durationMs = durationMs;
    trace.hits = hits;
    trace.error = error;
    operationEnd.publish(trace);
  }
}
