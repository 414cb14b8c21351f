const WORDS = { stop: 0 } as const;
const COUNTS = { keysSent: 1, bytesSent: 2, groupsVisited: 3, groups: 4 } as const;
const SHARE_BYTES = 64;

/**
 * What the main thread and a fill share: the order to stop, and how far the fill is. Only the fill
 * writes the counts; the main thread shows them, and one that is a moment old does no harm.
 */
export class FillShare {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #counts: Float64Array;
  #walks = 1;
  #walk = 0;

  constructor(memory = new SharedArrayBuffer(SHARE_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#counts = new Float64Array(memory);
  }

  get isStopping(): boolean {
    return Atomics.load(this.#words, WORDS.stop) !== 0;
  }

  stop(): void {
    Atomics.store(this.#words, WORDS.stop, 1);
  }

  sent(keys: number, bytes: number): void {
    this.#counts[COUNTS.keysSent]! += keys;
    this.#counts[COUNTS.bytesSent]! += bytes;
  }

  /** The fill makes so many walks, and begins this one of them. */
  walks(count: number, nth: number): void {
    this.#walks = count;
    this.#walk = nth;
  }

  /** How far it is in this walk. */
  visited(groupsVisited: number, groups: number): void {
    this.#counts[COUNTS.groupsVisited] = this.#walk * groups + groupsVisited;
    this.#counts[COUNTS.groups] = this.#walks * groups;
  }

  get keysSent(): number {
    return this.#counts[COUNTS.keysSent]!;
  }

  get bytesSent(): number {
    return this.#counts[COUNTS.bytesSent]!;
  }

  /** About how many states are left to send: as many per group of buckets as so far. */
  get keysLeft(): number {
    const visited = this.#counts[COUNTS.groupsVisited]!;
    const left = this.#counts[COUNTS.groups]! - visited;
    return visited === 0 ? 0 : Math.round((this.keysSent / visited) * left);
  }
}
