import { REGION, RESULT } from './region.ts';

const CHANGE_WORDS = REGION.CHANGE_BYTES / Uint32Array.BYTES_PER_ELEMENT;
const KEY_END = 1;
const STATE_END = 2;

/** What runs have changed: the key of each change, and its state as other nodes get it. */
export class Changes {
  /** The keys, one after the other. */
  readonly keys: Buffer;
  /** The states, one after the other (protocol/peer/state-layout.ts). */
  readonly states: Buffer;
  readonly #notes: Uint32Array;
  readonly #results: Int32Array;

  constructor(memory: SharedArrayBuffer, regionByte: number, results: Int32Array) {
    const { CHANGES_AT, CHANGES_MAX, CHANGED_KEYS_AT, CHANGED_STATES_AT } = REGION;
    this.#notes = new Uint32Array(memory, regionByte + CHANGES_AT, CHANGES_MAX * CHANGE_WORDS);
    this.keys = Buffer.from(memory, regionByte + CHANGED_KEYS_AT, REGION.CHANGED_KEYS_BYTES);
    this.states = Buffer.from(memory, regionByte + CHANGED_STATES_AT, REGION.CHANGED_STATES_BYTES);
    this.#results = results;
  }

  get count(): number {
    return this.#results[RESULT.CHANGES]!;
  }

  hashOf(nth: number): number {
    return this.#notes[nth * CHANGE_WORDS]!;
  }

  /** Where the key of a change ends; the next one begins there. */
  keyEnd(nth: number): number {
    return this.#notes[nth * CHANGE_WORDS + KEY_END]!;
  }

  /** Where the state of a change ends; the next one begins there. */
  stateEnd(nth: number): number {
    return this.#notes[nth * CHANGE_WORDS + STATE_END]!;
  }

  clear(): void {
    this.#results[RESULT.CHANGES] = 0;
    this.#results[RESULT.CHANGED_KEYS] = 0;
    this.#results[RESULT.CHANGED_STATES] = 0;
  }
}
