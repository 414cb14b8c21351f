import { beforeEach, describe, expect, test } from 'vitest';
import { audit } from '../../../support/audit.ts';
import { CopyNode, set } from '../../../support/copy-node.ts';

const VALUE = 'v'.repeat(1000);
const LARGE = 'v'.repeat(300_000);
/** More than fit. */
const ITEMS_MAX = 5000;

let source: CopyNode;
let target: CopyNode;
beforeEach(() => {
  source = new CopyNode();
  target = new CopyNode({ memoryLimitBytes: 2 << 20 });
  target.wait(1_000_000);
});

/** Takes the item of a key as a part of a fill, as if it was used so many seconds ago. */
function fill(key: string, idleSeconds: number, value = VALUE): string {
  source.send(set(key, value));
  return target.copies.take({ ...source.read(key), idleSeconds }, true);
}

/** Fills until the target has no memory for more; returns the keys that it took. */
function fillUntilFull(prefix: string, idleSeconds: number, value = VALUE): readonly string[] {
  const keys: string[] = [];
  for (let nth = 0; nth < ITEMS_MAX; nth++) {
    if (fill(`${prefix}${nth}`, idleSeconds, value) !== 'done') return keys;
    keys.push(`${prefix}${nth}`);
  }
  throw new Error('the target is never full');
}

const has = (key: string): boolean => target.read(key).exists;

describe('the items of a fill', () => {
  test.each([VALUE, LARGE])('an item evicts none that was used after it', (value) => {
    const keys = fillUntilFull('new', 10, value);
    expect(keys.length).toBeGreaterThan(1);
    for (let nth = 0; nth < 50; nth++) expect(fill(`old${nth}`, 500, value)).toBe('noMemory');
    expect(keys.filter((key) => !has(key))).toEqual([]);
    expect(audit(target.parts)).toEqual([]);
  });
  test('an item evicts one that was used before it', () => {
    const own = fillUntilFull('old', 500);
    expect(fill('new', 10)).toBe('done');
    expect([has('new'), own.filter((key) => !has(key)).length]).toEqual([true, 1]);
  });
  test('the store evicts the items first that were used the longest time ago', () => {
    const lots = Array.from({ length: 5 }, (_, nth) => ({
      prefix: `lot${nth}-`,
      idle: 1 + nth * 90,
    }));
    const taken = new Map<string, string[]>(lots.map(({ prefix }) => [prefix, []]));
    let isFull = false;
    // The lots come mixed, as from several sources.
    for (let nth = 0; !isFull && nth < ITEMS_MAX; nth++) {
      for (const { prefix, idle } of lots) {
        if (fill(`${prefix}${nth}`, idle) === 'done') taken.get(prefix)!.push(`${prefix}${nth}`);
        else isFull = true;
      }
    }
    target.copies.endFill();
    const half = Math.floor(taken.get('lot4-')!.length / 2);
    for (let nth = 0; nth < half; nth++) target.send(set(`later${nth}`, VALUE));
    const lost = (prefix: string) => taken.get(prefix)!.filter((key) => !has(key)).length;
    expect(lost('lot4-')).toBeGreaterThan(half / 2);
    expect(lost('lot0-')).toBe(0);
    expect(lost('lot1-')).toBe(0);
  });
  test('an item that does not fit takes the older one of its key with it', () => {
    source.send(set('a', 'first'));
    expect(target.copies.take(source.read('a'), true)).toBe('done');
    fillUntilFull('new', 10);
    expect(fill('a', 500)).toBe('noMemory');
    expect(has('a')).toBe(false);
  });
});
