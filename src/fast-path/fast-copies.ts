import { REGION, RESULT } from './region.ts';

const CHANGE_WORDS = REGION.CHANGE_BYTES / Uint32Array.BYTES_PER_ELEMENT;
const KEY_END = 1;
const ALIGNMENT_BYTES = 8;

/** The functions of the module (assembly/take.ts, assembly/settle.ts). */
export interface CopyExports {
  readonly takeStates: (start: number, end: number) => number;
  readonly settle: (first: number, count: number) => number;
}

/** Keys in one buffer. */
interface Keys {
  readonly count: number;
  readonly bytes: Buffer;
  startOf(nth: number): number;
  endOf(nth: number): number;
}

/** What the fast path does in a cluster for the copies of items. */
export class FastCopies {
  /** How many states the last `takeStates` has taken. */
  taken = 0;
  readonly #exports: CopyExports;
  readonly #results: Int32Array;
  readonly #notes: Uint32Array;
  readonly #keys: Buffer;
  readonly #states: Buffer;

  constructor(
    memory: SharedArrayBuffer,
    regionByte: number,
    results: Int32Array,
    exports: CopyExports,
  ) {
    const { CHANGES_AT, CHANGES_MAX, CHANGED_KEYS_AT, CHANGED_STATES_AT } = REGION;
    this.#notes = new Uint32Array(memory, regionByte + CHANGES_AT, CHANGES_MAX * CHANGE_WORDS);
    this.#keys = Buffer.from(memory, regionByte + CHANGED_KEYS_AT, REGION.CHANGED_KEYS_BYTES);
    this.#states = Buffer.from(memory, regionByte + CHANGED_STATES_AT, REGION.CHANGED_STATES_BYTES);
    this.#results = results;
    this.#exports = exports;
  }

  /**
   * Takes the simple states at the start of `bytes[start, end)`, as ItemCopies does; returns where
   * the first one begins that it has not taken. Not between a run and the `clear` of its changes.
   */
  takeStates(bytes: Buffer, start: number, end: number): number {
    // V8 copies into shared memory byte by byte unless both have the same alignment.
    const at = (bytes.byteOffset + start) % ALIGNMENT_BYTES;
    const stop = Math.min(end, start + this.#states.length - at);
    bytes.copy(this.#states, at, start, stop);
    const from = REGION.CHANGED_STATES_AT + at;
    const next = this.#exports.takeStates(from, from + stop - start);
    this.taken = this.#results[RESULT.TAKEN]!;
    return start + next - from;
  }

  /** As OpenChanges does; calls `settleBusy` for each key whose lock is busy. */
  settle(keys: Keys, settleBusy: (nth: number) => void): void {
    for (let first = 0; first < keys.count; ) {
      const count = this.#place(keys, first);
      for (let nth = 0; nth < count; nth++) {
        nth = this.#exports.settle(nth, count);
        if (nth < count) settleBusy(first + nth);
      }
      first += count;
    }
  }

  /** Copies keys into the region, as many as have room; returns how many. */
  #place(keys: Keys, first: number): number {
    const start = keys.startOf(first);
    const countMax = Math.min(keys.count - first, REGION.CHANGES_MAX);
    let count = 0;
    for (; count < countMax; count++) {
      const end = keys.endOf(first + count) - start;
      if (end > this.#keys.length) break;
      this.#notes[count * CHANGE_WORDS + KEY_END] = end;
    }
    keys.bytes.copy(this.#keys, 0, start, keys.endOf(first + count - 1));
    return count;
  }
}
