import { CodedError } from '../../base/index.ts';

const SLOTS = 8;
const SLOT_BYTES = 256 * 1024;
/** A side that waits looks this often whether the other one has gone, or the node stops. */
const LOOK_MS = 100;
/** Indexes of words: counts of slots, a mark, then the bytes in each slot. */
const FILLED = 0;
const EMPTIED = 1;
const IS_CANCELLED = 2;
const LENGTHS = 4;
const WORDS_BYTES = (LENGTHS + SLOTS) * Int32Array.BYTES_PER_ELEMENT;

/**
 * Bytes on their way between the thread of a snapshot and the main thread, which has their sockets.
 * One side fills slots of shared memory, the other empties them in the same order. It is bounded,
 * so a slow reader slows the writer down and takes no memory, and no chunk is allocated or posted.
 * An empty slot is the end.
 *
 *   filled 4 │ emptied 4 │ cancelled 4 │ – 4 │ bytes in each slot 4 … │ slots …
 */
export class ByteRing {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #slots: Buffer;
  /** The writer's position in its slot. */
  #at = 0;
  /** The reader's number of the next slot. */
  #next = 0;

  /** `memory`: that of the ring on the other side. */
  constructor(memory = new SharedArrayBuffer(WORDS_BYTES + SLOTS * SLOT_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, LENGTHS + SLOTS);
    this.#slots = Buffer.from(memory, WORDS_BYTES);
  }

  /** One side does not go on: both end. */
  cancel(): void {
    Atomics.store(this.#words, IS_CANCELLED, 1);
    Atomics.notify(this.#words, EMPTIED);
    Atomics.notify(this.#words, FILLED);
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#words, IS_CANCELLED) === 1;
  }

  /** Adds bytes, and blocks the thread while there is no room; `check` throws if it has to end. */
  write(bytes: Buffer, check: () => void): void {
    for (let from = 0; from < bytes.length; ) {
      this.#waitForRoom(check);
      from += this.#put(bytes, from);
    }
  }

  /** Ends the bytes; blocks as `write` does. */
  end(check: () => void): void {
    if (this.#at > 0) this.#publish();
    this.#waitForRoom(check);
    this.#publish();
  }

  /** Adds bytes; resolves once it has taken them. */
  async send(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      await this.#untilRoom();
      from += this.#put(bytes, from);
    }
  }

  /** Ends the bytes. */
  async sendEnd(): Promise<void> {
    if (this.#at > 0) this.#publish();
    await this.#untilRoom();
    this.#publish();
  }

  /**
   * The bytes of the next slot, valid until `release`; undefined at the end. Blocks the thread.
   * @throws {CodedError} `ERR_SNAPSHOT_CANCELLED`, and what `check` throws.
   */
  next(check: () => void): Buffer | undefined {
    for (;;) {
      const filled = Atomics.load(this.#words, FILLED);
      if (filled !== this.#next) return this.#take();
      if (this.isCancelled) throw cancelled();
      check();
      Atomics.wait(this.#words, FILLED, filled, LOOK_MS);
    }
  }

  /** The bytes of the next slot, valid until `release`; undefined at the end, also by `cancel`. */
  async receive(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.isCancelled) return undefined;
      const filled = Atomics.load(this.#words, FILLED);
      if (filled !== this.#next) return this.#take();
      await Atomics.waitAsync(this.#words, FILLED, filled, LOOK_MS).value;
    }
  }

  /** The reader has used the oldest slot that it holds. */
  release(): void {
    Atomics.add(this.#words, EMPTIED, 1);
    Atomics.notify(this.#words, EMPTIED);
  }

  /** @throws {CodedError} `ERR_SNAPSHOT_CANCELLED`, and what `check` throws. */
  #waitForRoom(check: () => void): void {
    for (;;) {
      const emptied = this.#fullAt();
      if (emptied === undefined) return;
      check();
      Atomics.wait(this.#words, EMPTIED, emptied, LOOK_MS);
    }
  }

  /** @throws {CodedError} `ERR_SNAPSHOT_CANCELLED`. */
  async #untilRoom(): Promise<void> {
    for (;;) {
      const emptied = this.#fullAt();
      if (emptied === undefined) return;
      await Atomics.waitAsync(this.#words, EMPTIED, emptied, LOOK_MS).value;
    }
  }

  /**
   * Undefined if a slot is free, else the count of emptied slots with which there is none: the wait
   * must be for a change of this one, because the reader may release a slot in between.
   * @throws {CodedError} `ERR_SNAPSHOT_CANCELLED`.
   */
  #fullAt(): number | undefined {
    if (this.isCancelled) throw cancelled();
    const emptied = Atomics.load(this.#words, EMPTIED);
    const isFull = ((Atomics.load(this.#words, FILLED) - emptied) | 0) >= SLOTS;
    return isFull ? emptied : undefined;
  }

  /** Copies what the slot has room for, and publishes a full one. */
  #put(bytes: Buffer, from: number): number {
    const slotAt = slotOf(Atomics.load(this.#words, FILLED)) * SLOT_BYTES;
    const to = Math.min(bytes.length, from + SLOT_BYTES - this.#at);
    bytes.copy(this.#slots, slotAt + this.#at, from, to);
    this.#at += to - from;
    if (this.#at === SLOT_BYTES) this.#publish();
    return to - from;
  }

  #publish(): void {
    const filled = Atomics.load(this.#words, FILLED);
    Atomics.store(this.#words, LENGTHS + slotOf(filled), this.#at);
    this.#at = 0;
    Atomics.add(this.#words, FILLED, 1);
    Atomics.notify(this.#words, FILLED);
  }

  #take(): Buffer | undefined {
    const slot = slotOf(this.#next);
    const length = Atomics.load(this.#words, LENGTHS + slot);
    this.#next = (this.#next + 1) | 0;
    return length === 0
      ? undefined
      : this.#slots.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + length);
  }
}

/** The counts wrap around at 2^32, which is a multiple of SLOTS. */
const slotOf = (count: number): number => (count >>> 0) % SLOTS;

function cancelled(): CodedError {
  return new CodedError('ERR_SNAPSHOT_CANCELLED', 'The other side of the snapshot has gone.');
}
