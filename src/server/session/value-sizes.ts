/** What the reply of one node to its keys of a get should not exceed. */
const PART_BYTES = 16 * 1024 * 1024;
const PART_KEYS_MAX = 500;
/** The size of values that nothing is known of: that of the largest usual ones. */
const VALUE_BYTES_FIRST = 1024 * 1024;

/**
 * The size of the values that a thread has lately seen in replies of other nodes: how many keys it
 * may ask a node for at once follows from it. An estimate: a reply that is too long fails.
 */
export class ValueSizes {
  #bytes = VALUE_BYTES_FIRST;

  /** The keys that one node may be asked for at once. */
  get partKeysMax(): number {
    return Math.max(1, Math.min(PART_KEYS_MAX, Math.floor(PART_BYTES / this.#bytes)));
  }

  /** A reply had values of at most so many bytes. */
  note(bytesMax: number): void {
    this.#bytes = Math.max(1, bytesMax, this.#bytes >> 1);
  }

  /** A reply has failed, maybe because it was too long. */
  forget(): void {
    this.#bytes = VALUE_BYTES_FIRST;
  }
}
