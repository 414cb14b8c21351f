import { KEY_VERDICT, type KeyVerdict, type KeyWalk } from '../../store/index.ts';

const KEY_BYTES_MAX = 250;
const KEYS_MIN = 256;

/** Copies the keys of one step of a walk: the visit itself may not allocate. */
export class KeyCollector {
  bytes = Buffer.allocUnsafe(KEYS_MIN * KEY_BYTES_MAX);
  #ends = new Uint32Array(KEYS_MIN);
  /** The seconds of the last accesses. */
  #accesses = new Float64Array(KEYS_MIN);
  count = 0;
  readonly #walk: KeyWalk;

  constructor(walk: KeyWalk) {
    this.#walk = walk;
  }

  startOf(nth: number): number {
    return nth === 0 ? 0 : this.#ends[nth - 1]!;
  }

  endOf(nth: number): number {
    return this.#ends[nth]!;
  }

  /** The second of the last access, on the store's clock. */
  accessOf(nth: number): number {
    return this.#accesses[nth]!;
  }

  /** Has the keys of the next group of buckets afterwards. */
  next(): void {
    for (;;) {
      this.count = 0;
      const keys = this.#walk.step(this.#ends.length, this.#visit);
      if (keys === 0) return;
      this.#ends = new Uint32Array(2 * keys);
      this.#accesses = new Float64Array(2 * keys);
      this.bytes = Buffer.allocUnsafe(2 * keys * KEY_BYTES_MAX);
    }
  }

  readonly #visit = (source: Buffer, start: number, end: number, access: number): KeyVerdict => {
    const at = this.startOf(this.count);
    source.copy(this.bytes, at, start, end);
    this.#accesses[this.count] = access;
    this.#ends[this.count++] = at + end - start;
    return KEY_VERDICT.keep;
  };
}
