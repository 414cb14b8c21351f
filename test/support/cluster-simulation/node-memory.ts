import { openStore, type Store, type StoreShare } from '../../../src/store/index.ts';
import { CLOCK_START_SECONDS, CONTROL } from '../../../src/store/memory/layout.ts';
import { fastStore, testShare, threadParts } from '../session-harness.ts';
import { UNIX_START_SECONDS } from './world.ts';

/** A store starts with so few buckets that a walk over them costs nothing; they grow. */
const BUCKETS = 16;
const MEMORY_BYTES = 1 << 20;

/** The shared memory of one simulated process: its store and what its threads need beside it. */
export class NodeMemory {
  readonly share: StoreShare;
  readonly #threads: number;
  readonly #parts = new Map<string, NonNullable<ReturnType<typeof threadParts>>>();
  readonly #start: Uint8Array;
  static readonly #unused = new Map<number, NodeMemory[]>();

  private constructor(threads: number) {
    this.#threads = threads;
    this.share = testShare({
      ...fastStore('memory32'),
      // The worker threads, the main thread and the thread of the fill.
      threads: threads + 2,
      memoryLimitBytes: MEMORY_BYTES,
    });
    const { memory, layout } = this.share;
    const control = new Int32Array(memory);
    control[CONTROL.buckets] = BUCKETS;
    control[CONTROL.epoch] = UNIX_START_SECONDS - CLOCK_START_SECONDS;
    this.#start = new Uint8Array(memory).slice(0, layout.indexByte);
  }

  /** Memory as of a new process, also if an earlier run has used it. */
  static take(threads: number): NodeMemory {
    return NodeMemory.#unused.get(threads)?.pop() ?? new NodeMemory(threads);
  }

  /** The process has ended, and nothing uses its memory any more. */
  release(): void {
    const { memory, layout } = this.share;
    const buckets = new Int32Array(memory)[CONTROL.buckets]!;
    new Uint32Array(memory, layout.indexByte, buckets).fill(0);
    new Uint8Array(memory).set(this.#start);
    const others = NodeMemory.#unused.get(this.#threads) ?? [];
    NodeMemory.#unused.set(this.#threads, [...others, this]);
  }

  /** Sets the clock of the store, as its maintainer does. */
  setClock(unixMs: number): void {
    const control = new Int32Array(this.share.memory);
    control[CONTROL.clock] = Math.floor(unixMs / 1000) - control[CONTROL.epoch]!;
  }

  open(thread: number): Store {
    return openStore(this.share, thread);
  }

  /** The buffers of a worker thread, and a fast path that serves its clients, or its peers. */
  partsOf(thread: number, use: 'clients' | 'peers') {
    const name = `${thread} ${use}`;
    const parts = this.#parts.get(name) ?? threadParts(this.share, thread)!;
    this.#parts.set(name, parts);
    if (parts.fastPath !== undefined) {
      parts.fastPath.stopsAtMiss = false;
      parts.fastPath.keepsChanges = 'no';
    }
    return parts;
  }
}
