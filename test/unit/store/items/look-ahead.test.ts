import { describe, expect, test } from 'vitest';
import { LOOK_AHEAD_KEYS_MAX, LookAhead } from '../../../../src/store/items/look-ahead.ts';
import { ITEM, wordOf } from '../../../../src/store/memory/item-layout.ts';

const WORDS = 4096;
const LAST_ID = WORDS / 2;

/** A look-ahead on slab pages that record each read, and fail one outside of them. */
class Watched {
  readonly words = new Uint32Array(WORDS);
  readonly reads = new Set<number>();
  readonly lookAhead: LookAhead;

  /** The key at offset `n` of the source has the hash -n, and its bucket starts with `heads[n]`. */
  constructor(heads: readonly number[]) {
    const words = new Proxy(this.words, {
      get: (target, name) => {
        if (name === 'length') return target.length;
        const at = Number(name);
        if (!(at >= 0 && at < target.length)) throw new Error(`reads the word ${at}`);
        this.reads.add(at);
        return target[at];
      },
    });
    const index = {
      hashOf: (_bytes: Buffer, start: number) => -start,
      headOf: (hash: number) => heads[-hash]!,
    };
    this.lookAhead = new LookAhead({ arena: { words }, index });
    for (const start of heads.keys()) this.lookAhead.add(Buffer.alloc(0), start, start);
  }

  load(): readonly number[] {
    this.lookAhead.load();
    return [...this.reads].sort((a, b) => a - b);
  }
}

const linesOf = (id: number): readonly number[] =>
  [ITEM.bucketNext, 16, 32].map((offset) => wordOf(id) + offset);

describe('the look-ahead', () => {
  test('the look-ahead reads the first two items in the bucket of each key', () => {
    const watched = new Watched([9, 109]);
    const chain = [9, 309, 509];
    for (const [i, id] of chain.entries()) watched.words[wordOf(id)] = chain[i + 1] ?? 0;
    expect(watched.load()).toEqual([9, 109, 309].flatMap(linesOf));
  });
  test('the look-ahead reads nothing of an empty bucket', () => {
    expect(new Watched([0, 0]).load()).toEqual([]);
  });
  test('the look-ahead reads no word outside the slab pages, also by a wrong id', () => {
    const nearEnd = Array.from({ length: 20 }, (_, i) => LAST_ID - 18 + i);
    const wild = [0, 1, ...nearEnd, 2 ** 31, 2 ** 32 - 1];
    for (const head of wild) {
      for (const next of wild) {
        const watched = new Watched([head]);
        watched.words.fill(next);
        expect(() => watched.load(), `${head}, then ${next}`).not.toThrow();
      }
    }
    expect(new Watched([LAST_ID - 16]).load()).toEqual(linesOf(LAST_ID - 16));
  });
  test('the look-ahead gives each hash once, in the order of the keys', () => {
    const { lookAhead } = new Watched(Array(LOOK_AHEAD_KEYS_MAX).fill(0));
    const hashes: number[] = [];
    while (!lookAhead.isUsedUp) hashes.push(lookAhead.takeHash());
    expect(hashes).toEqual(Array.from({ length: LOOK_AHEAD_KEYS_MAX }, (_, i) => 0 - i));
    lookAhead.clear();
    expect(lookAhead.isUsedUp).toBe(true);
  });
});
