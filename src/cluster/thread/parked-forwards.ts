import type { CodedError } from '../../base/index.ts';
import { forwardErrors } from './forward-errors.ts';
import type { Timers } from './timers.ts';

/** How long a request waits, in all, until it can be sent again. */
export const PARKED_MS_MAX = 3000;
const PARKED_MAX = 10_000;
const PARKED_BYTES_MAX = 16 * 1024 * 1024;
const CHECK_INTERVAL_MS = 100;

/** A request that was not executed, and can be sent again once its primary can be reached. */
interface Parked {
  readonly bytes: Buffer;
  /** When its first attempt failed. */
  readonly sinceMs: number;
  /** Why it waits. */
  readonly error: CodedError;
  retry(): void;
  fail(error: CodedError): void;
}

/**
 * The requests of one thread that wait for another topology or for a link, by the peer to which
 * they go, and in their order. Each of them leaves after PARKED_MS_MAX.
 */
export class ParkedForwards {
  readonly #timers: Timers;
  readonly #queues = new Map<string, Parked[]>();
  #timer: { cancel(): void } | undefined;
  count = 0;
  #bytes = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Whether requests wait for this peer: a later one must wait behind them. */
  has(peer: string): boolean {
    return this.#queues.has(peer);
  }

  add(peer: string, parked: Parked): void {
    const isFull = this.count >= PARKED_MAX || this.#bytes + parked.bytes.length > PARKED_BYTES_MAX;
    if (isFull) parked.fail(forwardErrors.busy());
    else this.#push(peer, parked);
  }

  /** Sends the requests for this peer again. */
  retry(peer: string): void {
    for (const parked of this.#take(peer, () => true)) parked.retry();
  }

  retryAll(): void {
    for (const peer of [...this.#queues.keys()]) this.retry(peer);
  }

  close(): void {
    this.#timer?.cancel();
    for (const peer of [...this.#queues.keys()]) {
      for (const parked of this.#take(peer, () => true)) parked.fail(forwardErrors.stopped());
    }
  }

  #push(peer: string, parked: Parked): void {
    const queue = this.#queues.get(peer);
    if (queue === undefined) this.#queues.set(peer, [parked]);
    else queue.push(parked);
    this.count++;
    this.#bytes += parked.bytes.length;
    this.#watch();
  }

  #watch(): void {
    this.#timer ??= this.#timers.setTimer(() => this.#expire(), CHECK_INTERVAL_MS);
  }

  #expire(): void {
    this.#timer = undefined;
    const before = this.#timers.nowMs() - PARKED_MS_MAX;
    for (const peer of [...this.#queues.keys()]) {
      const expired = this.#take(peer, ({ sinceMs }) => sinceMs <= before);
      for (const parked of expired) parked.fail(parked.error);
    }
    if (this.count > 0) this.#watch();
  }

  #take(peer: string, isDue: (parked: Parked) => boolean): readonly Parked[] {
    const queue = this.#queues.get(peer) ?? [];
    const due = queue.filter(isDue);
    const left = queue.filter((parked) => !isDue(parked));
    if (left.length === 0) this.#queues.delete(peer);
    else this.#queues.set(peer, left);
    this.count -= due.length;
    for (const { bytes } of due) this.#bytes -= bytes.length;
    return due;
  }
}
