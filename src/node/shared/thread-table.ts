import { LOOP_DELAY_MS, type LoopView } from '../../commands/index.ts';

/** The slots of a thread; the delays follow, one slot for each bound and one for longer ones. */
const SLOT = {
  measured: 0,
  activeSeconds: 1,
  gcSeconds: 2,
  gcRuns: 3,
  heapBytes: 4,
  delaySeconds: 5,
  delays: 8,
} as const;
const SLOTS = 32;
const DELAY_SLOTS = LOOP_DELAY_MS.length + 1;

/** What each thread measures of its event loop, in shared memory. Only the thread itself writes. */
export class ThreadTable {
  readonly #slots: Float64Array;

  static allocate(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * SLOTS * 8);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new Float64Array(memory);
  }

  /** What the thread has measured; undefined if it measures nothing. */
  loopOf(thread: number): LoopView | undefined {
    const at = thread * SLOTS;
    const read = (slot: number): number => this.#slots[at + slot]!;
    if (read(SLOT.measured) === 0) return undefined;
    return {
      activeSeconds: read(SLOT.activeSeconds),
      gcSeconds: read(SLOT.gcSeconds),
      gcRuns: read(SLOT.gcRuns),
      heapBytes: read(SLOT.heapBytes),
      delaySeconds: read(SLOT.delaySeconds),
      delayCounts: [...this.#slots.subarray(at + SLOT.delays, at + SLOT.delays + DELAY_SLOTS)],
    };
  }

  /** Counts one delay of a timer. */
  addDelay(thread: number, ms: number): void {
    const at = thread * SLOTS;
    const bucket = LOOP_DELAY_MS.findIndex((bound) => ms <= bound);
    this.#slots[at + SLOT.delays + (bucket < 0 ? LOOP_DELAY_MS.length : bucket)]! += 1;
    this.#slots[at + SLOT.delaySeconds]! += ms / 1000;
  }

  addGc(thread: number, ms: number): void {
    this.#slots[thread * SLOTS + SLOT.gcSeconds]! += ms / 1000;
    this.#slots[thread * SLOTS + SLOT.gcRuns]! += 1;
  }

  setLoop(thread: number, activeMs: number, heapBytes: number): void {
    this.#slots[thread * SLOTS + SLOT.activeSeconds] = activeMs / 1000;
    this.#slots[thread * SLOTS + SLOT.heapBytes] = heapBytes;
    this.#slots[thread * SLOTS + SLOT.measured] = 1;
  }
}
