import { keysOf } from '../../protocol/client.ts';
import type { Operation, OperationObserver, Outcome } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import { nodeChange, type OperationTrace, operationEnd, operationStart } from './channels.ts';
import { kindOf, type OperationKind, type OperationMetrics, Tally } from './metrics.ts';

const US_PER_MS = 1000;

/** Counts, and shows to whoever listens, what one node is asked and how it goes. */
export class NodeObserver implements OperationObserver {
  readonly #node: string;
  readonly #failed: (error: CacheError, kind: OperationKind) => void;
  readonly #tallies = new Map<OperationKind, Tally>();
  readonly #traces = new WeakMap<Operation, OperationTrace>();

  constructor(node: string, failed: (error: CacheError, kind: OperationKind) => void) {
    this.#node = node;
    this.#failed = failed;
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

  answered(operation: Operation, outcome: Outcome, now: number): void {
    const { request, startedAt } = operation;
    const tally = this.#tallyOf(kindOf(request));
    const durationMs = now - startedAt;
    tally.count++;
    tally.latency.record(durationMs * US_PER_MS);
    tally.hits += outcome.hits;
    tally.misses += outcome.misses;
    tally.valueBytes += outcome.valueBytes;
    if (operationEnd.hasSubscribers) this.#end(operation, durationMs, outcome.hits, undefined);
  }

  failed(operation: Operation, error: CacheError): void {
    const kind = kindOf(operation.request);
    this.#tallyOf(kind).fail(error.code);
    this.#failed(error, kind);
    if (!operationEnd.hasSubscribers) return;
    this.#end(operation, performance.now() - operation.startedAt, 0, error);
  }

  tellChange(state: 'up' | 'down', reason?: CacheError): void {
    if (nodeChange.hasSubscribers) nodeChange.publish({ node: this.#node, state, reason });
  }

  snapshot(): ReadonlyMap<OperationKind, OperationMetrics> {
    return new Map([...this.#tallies].map(([kind, tally]) => [kind, tally.snapshot()]));
  }

  #tallyOf(kind: OperationKind): Tally {
    let tally = this.#tallies.get(kind);
    if (tally === undefined) {
      tally = new Tally();
      this.#tallies.set(kind, tally);
    }
    return tally;
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
