import type { KeptChanges } from '../../server/index.ts';

const BYTES_MIN = 256;

/** Keys in one buffer. */
export interface Keys {
  readonly bytes: Buffer;
  readonly count: number;
  startOf(nth: number): number;
  endOf(nth: number): number;
}

/** Keys, one after the other in one buffer. */
export class KeyBatch implements Keys {
  bytes = Buffer.allocUnsafe(BYTES_MIN);
  readonly #ends: number[] = [];

  get count(): number {
    return this.#ends.length;
  }

  startOf(nth: number): number {
    return nth === 0 ? 0 : this.#ends[nth - 1]!;
  }

  endOf(nth: number): number {
    return this.#ends[nth]!;
  }

  /** Adds a key, unless it is the key that was added last. */
  add(source: Buffer, start: number, end: number): void {
    const last = this.count - 1;
    if (last >= 0 && this.#isSame(last, source, start, end)) return;
    this.append(source, start, end);
  }

  /** Adds a key. */
  append(source: Buffer, start: number, end: number): void {
    const at = this.#end;
    if (at + end - start > this.bytes.length) this.#grow(at + end - start);
    source.copy(this.bytes, at, start, end);
    this.#ends.push(at + end - start);
  }

  /** Adds the keys of changes. */
  addAll(changes: KeptChanges): void {
    const { count } = changes;
    const at = this.#end;
    const bytes = changes.keyEnd(count - 1);
    if (at + bytes > this.bytes.length) this.#grow(at + bytes);
    changes.keys.copy(this.bytes, at, 0, bytes);
    for (let nth = 0; nth < count; nth++) this.#ends.push(at + changes.keyEnd(nth));
  }

  /** Where the last key ends. */
  get #end(): number {
    return this.count === 0 ? 0 : this.#ends[this.count - 1]!;
  }

  #isSame(nth: number, source: Buffer, start: number, end: number): boolean {
    const from = this.startOf(nth);
    const to = this.endOf(nth);
    return to - from === end - start && this.bytes.compare(source, start, end, from, to) === 0;
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.bytes.length));
    this.bytes.copy(larger);
    this.bytes = larger;
  }
}

/** Whether the keys `first … end - 1` pass the test, up to the first that does not. */
export function everyKey(
  keys: Keys,
  first: number,
  end: number,
  test: (bytes: Buffer, start: number, end: number) => boolean,
): boolean {
  for (let nth = first; nth < end; nth++) {
    if (!test(keys.bytes, keys.startOf(nth), keys.endOf(nth))) return false;
  }
  return true;
}
