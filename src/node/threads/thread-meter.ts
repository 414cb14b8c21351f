import { PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { machineClock } from '../../base/index.ts';
import type { ThreadTable } from '../shared/thread-table.ts';

/** How often a thread measures its event loop. */
const LOOP_SAMPLE_MS = 250;
/** The activity and the heap cost more to read: once in so many samples. */
const SAMPLES_PER_READING = 4;

/**
 * Measures the event loop of a thread, into shared memory: how late it runs a timer, how long it is
 * busy, its heap and its garbage collections. Other threads read it without asking this one, so
 * that a stuck thread hides nothing.
 */
export class ThreadMeter {
  readonly #table: ThreadTable;
  readonly #thread: number;
  readonly #collections: PerformanceObserver;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;
  #samples = 0;

  constructor(table: ThreadTable, thread: number) {
    this.#table = table;
    this.#thread = thread;
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) table.addGc(thread, duration);
    });
  }

  start(): void {
    this.#collections.observe({ entryTypes: ['gc'] });
    this.#publish();
    this.#dueMs = machineClock.nowMs() + LOOP_SAMPLE_MS;
    this.#timer = setInterval(() => this.#sample(), LOOP_SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#collections.disconnect();
  }

  #sample(): void {
    const nowMs = machineClock.nowMs();
    this.#table.addDelay(this.#thread, Math.max(0, nowMs - this.#dueMs));
    this.#dueMs = nowMs + LOOP_SAMPLE_MS;
    if (++this.#samples % SAMPLES_PER_READING === 0) this.#publish();
  }

  #publish(): void {
    const { active } = performance.eventLoopUtilization();
    this.#table.setLoop(this.#thread, active, getHeapStatistics().used_heap_size);
  }
}
