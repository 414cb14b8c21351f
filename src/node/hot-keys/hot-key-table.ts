import { SharedSegment } from '../../base/index.ts';
import { HOT_KEYS_MAX, type HotKey, type HotKeysView } from '../../commands/index.ts';
import { type KeySample, KeySketch, type SketchEntry } from './key-sketch.ts';

/** The weight of a request halves in this time, so that yesterday's hot keys are gone. */
export const HALF_LIFE_SECONDS = 60;
const KEY_SLOTS = 256;
const KEY_CELLS = 4096;
const PREFIX_SLOTS = 128;
const PREFIX_CELLS = 512;
/** New requests weigh more and more; after so many half-lives all weights are scaled down. */
const HALF_LIVES_MAX = 64;
/** The normal distribution within 95 %. */
const SIGMAS = 1.96;

/** Words of the header, beside the lock. */
const ENABLED = 1;
/** Numbers of the header, by their place in a Float64Array. */
const NUMBER = { start: 2, landmark: 3, total: 4, squares: 5 } as const;
const HEADER_BYTES = SharedSegment.headerBytes;
const PREFIXES_AT = HEADER_BYTES + KeySketch.bytesFor(KEY_SLOTS, KEY_CELLS);

/**
 * The hot keys of a node, in shared memory. A thread that finds the table locked drops its sample:
 * no request ever waits for it. Weights decay forward: a request at time t counts 2^(t / half-life)
 * since a landmark, so that old entries need no change.
 */
export class HotKeyTable {
  readonly #segment: SharedSegment;
  readonly #numbers: Float64Array;
  readonly #keys: KeySketch;
  readonly #prefixes: KeySketch;

  static allocate(isEnabled: boolean): SharedArrayBuffer {
    const bytes = PREFIXES_AT + KeySketch.bytesFor(PREFIX_SLOTS, PREFIX_CELLS) - HEADER_BYTES;
    const memory = SharedSegment.allocate(bytes);
    new Int32Array(memory)[ENABLED] = isEnabled ? 1 : 0;
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#segment = new SharedSegment(memory);
    this.#numbers = new Float64Array(memory);
    this.#keys = new KeySketch(memory, HEADER_BYTES, KEY_SLOTS, KEY_CELLS);
    this.#prefixes = new KeySketch(memory, PREFIXES_AT, PREFIX_SLOTS, PREFIX_CELLS);
  }

  get isEnabled(): boolean {
    return this.#segment.words[ENABLED] !== 0;
  }

  /**
   * Adds a request for a key that stands for `weight` requests, and for its prefix. The times of
   * all calls are seconds of one clock.
   */
  note(key: KeySample, prefix: KeySample, weight: number, now: number): void {
    if (!this.#segment.tryLock()) return;
    const gain = this.#gain(now);
    const numbers = this.#numbers;
    numbers[NUMBER.total]! += weight * gain;
    numbers[NUMBER.squares]! += (weight * gain) ** 2;
    this.#keys.add(key, weight, gain);
    this.#prefixes.add(prefix, weight, gain);
    this.#segment.unlock();
  }

  view(now: number): HotKeysView {
    const { keys, prefixes, gain, total, squares, start } = this.#segment.locked(() => ({
      keys: this.#keys.entries(),
      prefixes: this.#prefixes.entries(),
      gain: this.#gain(now),
      total: this.#numbers[NUMBER.total]!,
      squares: this.#numbers[NUMBER.squares]!,
      start: this.#numbers[NUMBER.start]!,
    }));
    const windowSeconds = windowOf(now - start);
    const perSecond = gain * windowSeconds;
    const shown = (entries: readonly SketchEntry[]): readonly HotKey[] =>
      entries.slice(0, HOT_KEYS_MAX).map((entry) => hotKey(entry, perSecond));
    return {
      windowSeconds,
      samples: squares === 0 ? 0 : total ** 2 / squares,
      requestsPerSecond: total / perSecond,
      keys: shown(keys),
      prefixes: shown(prefixes),
    };
  }

  /** Empties the table: the time begins. */
  clear(now: number): void {
    this.#segment.locked(() => {
      this.#keys.clear();
      this.#prefixes.clear();
      this.#numbers[NUMBER.start] = now;
      this.#numbers[NUMBER.landmark] = now;
      this.#numbers[NUMBER.total] = 0;
      this.#numbers[NUMBER.squares] = 0;
    });
  }

  /** What a request counts now. The table is locked. */
  #gain(now: number): number {
    const numbers = this.#numbers;
    const halfLives = (now - numbers[NUMBER.landmark]!) / HALF_LIFE_SECONDS;
    if (halfLives < HALF_LIVES_MAX) return 2 ** halfLives;
    const factor = 2 ** -halfLives;
    this.#keys.scale(factor);
    this.#prefixes.scale(factor);
    numbers[NUMBER.total]! *= factor;
    numbers[NUMBER.squares]! *= factor ** 2;
    numbers[NUMBER.landmark] = now;
    return 1;
  }
}

/** The sum of the weights that one request in each second would have. */
function windowOf(seconds: number): number {
  const whole = HALF_LIFE_SECONDS / Math.LN2;
  return Math.max(1, whole * (1 - 2 ** (-seconds / HALF_LIFE_SECONDS)));
}

function hotKey(entry: SketchEntry, perSecond: number): HotKey {
  const { key, gets, hits, writes, missed, variance, bytes } = entry;
  return {
    key,
    gets: gets / perSecond,
    hits: hits / perSecond,
    writes: writes / perSecond,
    error: (SIGMAS * Math.sqrt(variance) + missed) / perSecond,
    bytes,
  };
}
