import { beforeEach, describe, expect, test } from 'vitest';
import { NO_ITEM } from '../../../../src/store/memory/item-layout.ts';
import { TOTAL } from '../../../../src/store/memory/layout.ts';
import { EVICTION } from '../../../../src/store/memory/tunables.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

describe('an eviction', () => {
  let node: CommandHarness;
  let keys: readonly string[];
  let sizeClass = 0;
  beforeEach(() => {
    // One list in the order of storage, from the oldest item.
    node = new CommandHarness({ tunables: { segmented: 0, eviction: EVICTION.segmented } });
    keys = node.fill('key', 300, 10);
    sizeClass = node.parts.items.lruClassOf(node.idOf('key0'));
  });
  /** The key of the item that an eviction takes; the caller's stripe and pinned item are given. */
  const evict = (heldStripe = -1, pinned = NO_ITEM): string => {
    const { classLocks, evictor, items, arena, slabs } = node.parts;
    classLocks.lock(sizeClass);
    const id = evictor.evict(sizeClass, heldStripe, pinned);
    let key = 'none';
    if (id !== NO_ITEM) {
      const at = items.keyAt(id);
      key = arena.bytes.toString('latin1', at, at + items.keyBytes(id));
      slabs.free(sizeClass, id);
    }
    classLocks.unlock(sizeClass);
    return key;
  };
  const total = (slot: number): number => node.parts.arena.totals[sizeClass * TOTAL.slots + slot]!;

  test('takes the oldest item of the class, and no client finds it any more', () => {
    node.put('set other 0 0 5000', 'v'.repeat(5000));
    expect([evict(), evict(), evict()]).toEqual(['key0', 'key1', 'key2']);
    expect(node.present(keys)).toHaveLength(297);
    expect([node.present(['other']), total(TOTAL.evicted)]).toEqual([['other'], 3]);
  });
  test('takes an item that no client read before one that was read', () => {
    node.run('get key0');
    expect([evict(), evict()]).toEqual(['key1', 'key2']);
  });
  test('keeps at most 32 items for their hits', () => {
    for (const key of keys.slice(0, 50)) node.run(`get ${key}`);
    expect(evict()).toBe('key32');
  });
  test('skips the item that the caller needs', () => {
    expect(evict(node.hashOf('key0') & 4095, node.idOf('key0'))).toBe('key1');
  });
  test('skips an item whose stripe another thread holds, and counts it', () => {
    const { stripes } = node.parts;
    expect(stripes.tryLock(node.hashOf('key0'))).toBe(true);
    expect(evict()).toBe('key1');
    expect(total(TOTAL.lrutailReflocked)).toBe(1);
    stripes.unlock(node.hashOf('key0'));
    expect(evict()).toBe('key0');
  });
  test('takes an item of the stripe that its own thread holds', () => {
    const hash = node.hashOf('key0');
    expect(node.parts.stripes.tryLock(hash)).toBe(true);
    expect(evict(hash & 4095)).toBe('key0');
    node.parts.stripes.unlock(hash);
  });
  test('gives up after 128 busy candidates', () => {
    const stripes = new Set(keys.map((key) => node.hashOf(key) & 4095));
    for (const stripe of stripes) node.parts.stripes.tryLock(stripe);
    expect([evict(), total(TOTAL.lrutailReflocked)]).toEqual(['none', 128]);
    for (const stripe of stripes) node.parts.stripes.unlock(stripe);
  });
  test('finds nothing in a class without items', () => {
    for (const key of keys) node.run(`delete ${key}`);
    expect(evict()).toBe('none');
  });
});
