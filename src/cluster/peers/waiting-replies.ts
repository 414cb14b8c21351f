import type { CodedError } from '../../base/index.ts';
import type { Frame } from '../../protocol/peer.ts';

/** Gets the reply, which is valid only during the call, or the reason why there is none. */
export type Settle = (reply: Frame | CodedError) => void;

/** An id is the slot of a request, and above it a number that changes with each use of the slot. */
const SLOT_BITS = 15;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const USE_STEP = 1 << SLOT_BITS;
const SLOTS_MIN = 64;
export const WAITING_REPLIES_MAX = 1 << SLOT_BITS;

/**
 * The requests of a link that wait for replies. Each has a slot in typed arrays, so a request
 * allocates nothing, and its reply is found without a search.
 */
export class WaitingReplies {
  readonly #settles: (Settle | undefined)[] = [];
  #ids = new Uint32Array(0);
  #bytes = new Uint32Array(0);
  #ticks = new Float64Array(0);
  #writes = new Float64Array(0);
  /** `#free[0, #freeCount)` are the free slots. */
  #free = new Uint16Array(0);
  #freeCount = 0;
  count = 0;
  bytes = 0;

  /** Returns the id of the request; the caller has checked that `count` is below the maximum. */
  reserve(settle: Settle, tick: number, write: number): number {
    if (this.#freeCount === 0) this.#grow();
    const slot = this.#free[--this.#freeCount]!;
    this.#settles[slot] = settle;
    this.#ticks[slot] = tick;
    this.#writes[slot] = write;
    this.#bytes[slot] = 0;
    this.count++;
    return this.#ids[slot]!;
  }

  setBytes(id: number, bytes: number): void {
    this.#bytes[id & SLOT_MASK] = bytes;
    this.bytes += bytes;
  }

  /** Removes the request and returns its settle; undefined if no request with this id waits. */
  take(id: number): Settle | undefined {
    const slot = id & SLOT_MASK;
    const settle = this.#settles[slot];
    if (settle === undefined || this.#ids[slot] !== id) return undefined;
    this.#remove(slot);
    return settle;
  }

  /**
   * Settles the requests of this tick or an earlier one. `error` says why, for a request of this
   * write.
   */
  settleUntil(tick: number, error: (write: number) => CodedError): number {
    let settled = 0;
    for (let slot = 0; slot < this.#settles.length; slot++) {
      const settle = this.#settles[slot];
      if (settle === undefined || this.#ticks[slot]! > tick) continue;
      const write = this.#writes[slot]!;
      this.#remove(slot);
      settled++;
      settle(error(write));
    }
    return settled;
  }

  #remove(slot: number): void {
    this.#settles[slot] = undefined;
    this.bytes -= this.#bytes[slot]!;
    this.#ids[slot] = this.#ids[slot]! + USE_STEP;
    this.#free[this.#freeCount++] = slot;
    this.count--;
  }

  #grow(): void {
    const before = this.#ids.length;
    const size = Math.max(SLOTS_MIN, 2 * before);
    this.#ids = grown(this.#ids, new Uint32Array(size));
    this.#bytes = grown(this.#bytes, new Uint32Array(size));
    this.#ticks = grown(this.#ticks, new Float64Array(size));
    this.#writes = grown(this.#writes, new Float64Array(size));
    this.#free = new Uint16Array(size);
    for (let slot = size - 1; slot >= before; slot--) {
      this.#ids[slot] = slot;
      this.#settles[slot] = undefined;
      this.#free[this.#freeCount++] = slot;
    }
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
