import { CodedError } from '../../base/index.ts';

/** Chunks of at most a block, or of what a socket gives at a time. */
const CHUNKS_IN_FLIGHT_MAX = 16;
/** A thread that waits looks this often whether the node stops. */
const LOOK_MS = 100;
const IN_FLIGHT = 0;
const IS_CANCELLED = 1;
const WORDS = 2;

/**
 * Bounds the chunks between the thread of a snapshot and the main thread, which has their sockets.
 * The sender counts a chunk in, the receiver counts it out; a sender at the bound waits.
 */
export class PortFlow {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** The receiver needs no more. */
  cancel(): void {
    Atomics.store(this.#words, IS_CANCELLED, 1);
    Atomics.notify(this.#words, IN_FLIGHT);
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#words, IS_CANCELLED) === 1;
  }

  countIn(): void {
    Atomics.add(this.#words, IN_FLIGHT, 1);
  }

  countOut(): void {
    Atomics.sub(this.#words, IN_FLIGHT, 1);
    Atomics.notify(this.#words, IN_FLIGHT);
  }

  /** Blocks the thread until it may send; `check` throws if it has to end. */
  waitForRoom(check: () => void): void {
    for (;;) {
      if (this.isCancelled) throw cancelled();
      const now = Atomics.load(this.#words, IN_FLIGHT);
      if (now < CHUNKS_IN_FLIGHT_MAX) return;
      check();
      Atomics.wait(this.#words, IN_FLIGHT, now, LOOK_MS);
    }
  }

  /** Resolves once it may send. */
  async untilRoom(): Promise<void> {
    for (;;) {
      if (this.isCancelled) throw cancelled();
      const now = Atomics.load(this.#words, IN_FLIGHT);
      if (now < CHUNKS_IN_FLIGHT_MAX) return;
      await Atomics.waitAsync(this.#words, IN_FLIGHT, now, LOOK_MS).value;
    }
  }
}

function cancelled(): CodedError {
  return new CodedError('ERR_SNAPSHOT_CANCELLED', 'The other side of the snapshot has gone.');
}
