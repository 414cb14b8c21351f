import { beforeEach, describe, expect, test } from 'vitest';
import { NO_ITEM, SEGMENT } from '../../../../src/store/memory/item-layout.ts';
import { TOTAL } from '../../../../src/store/memory/layout.ts';
import { EVICTION } from '../../../../src/store/memory/tunables.ts';
import { audit } from '../../../support/audit.ts';
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

  test('an eviction takes the oldest item of the class, and no client finds it any more', () => {
    node.put('set other 0 0 5000', 'v'.repeat(5000));
    expect([evict(), evict(), evict()]).toEqual(['key0', 'key1', 'key2']);
    expect(node.present(keys)).toHaveLength(297);
    expect([node.present(['other']), total(TOTAL.evicted)]).toEqual([['other'], 3]);
  });
  test('an eviction takes an item that no client read before one that was read', () => {
    node.run('get key0');
    expect([evict(), evict()]).toEqual(['key1', 'key2']);
  });
  test('an eviction keeps at most 32 items for their hits', () => {
    for (const key of keys.slice(0, 50)) node.run(`get ${key}`);
    expect(evict()).toBe('key32');
  });
  test('an eviction skips the item that the caller needs', () => {
    expect(evict(node.hashOf('key0') & 4095, node.idOf('key0'))).toBe('key1');
  });
  test('an eviction skips an item whose stripe another thread holds, and counts it', () => {
    const { stripes } = node.parts;
    expect(stripes.tryLock(node.hashOf('key0'))).toBe(true);
    expect(evict()).toBe('key1');
    expect(total(TOTAL.lrutailReflocked)).toBe(1);
    stripes.unlock(node.hashOf('key0'));
    expect(evict()).toBe('key0');
  });
  test('an eviction takes an item of the stripe that its own thread holds', () => {
    const hash = node.hashOf('key0');
    expect(node.parts.stripes.tryLock(hash)).toBe(true);
    expect(evict(hash & 4095)).toBe('key0');
    node.parts.stripes.unlock(hash);
  });
  test('an eviction gives up after 128 busy candidates', () => {
    const stripes = new Set(keys.map((key) => node.hashOf(key) & 4095));
    for (const stripe of stripes) node.parts.stripes.tryLock(stripe);
    expect([evict(), total(TOTAL.lrutailReflocked)]).toEqual(['none', 128]);
    for (const stripe of stripes) node.parts.stripes.unlock(stripe);
  });
  test('the evictor reclaims an expired item if its stripe is free, and no live item', () => {
    const { classLocks, evictor, clock, stripes } = node.parts;
    node.put('set dead 0 5 10', 'v'.repeat(10));
    node.put('set read 0 5 10', 'v'.repeat(10));
    node.run('get read');
    clock.tick(clock.now() + 5);
    const reclaim = (key: string): boolean => {
      classLocks.lock(sizeClass);
      const isReclaimed = evictor.reclaimIfExpired(sizeClass, node.idOf(key));
      classLocks.unlock(sizeClass);
      return isReclaimed;
    };
    expect(stripes.tryLock(node.hashOf('dead'))).toBe(true);
    expect(reclaim('dead')).toBe(false);
    stripes.unlock(node.hashOf('dead'));
    expect(['key5', 'dead', 'read'].map(reclaim)).toEqual([false, true, true]);
    expect([node.idOf('dead'), node.idOf('read')]).toEqual([NO_ITEM, NO_ITEM]);
    expect(total(TOTAL.expiredUnfetched)).toBe(1);
    expect(audit(node.parts)).toEqual([]);
  });
  test('an eviction finds nothing in a class without items', () => {
    for (const key of keys) node.run(`delete ${key}`);
    expect(evict()).toBe('none');
  });
});

test('an item whose key was evicted a short time ago enters the main queue, and is counted', () => {
  const node = new CommandHarness({ memoryLimitBytes: 1 << 20 });
  const keys = node.fill('key', 60, 20_000);
  const { items, arena } = node.parts;
  const sizeClass = items.lruClassOf(node.idOf('key59'));
  const evicted = keys.filter((key) => node.idOf(key) === NO_ITEM);
  expect(evicted.length).toBeGreaterThan(5);
  const last = evicted.at(-1)!;
  node.put(`set ${last} 0 0 20000`, 'v'.repeat(20_000));
  node.put('set fresh 0 0 20000', 'v'.repeat(20_000));
  expect(items.segment(node.idOf(last))).toBe(SEGMENT.warm);
  expect(items.segment(node.idOf('fresh'))).toBe(SEGMENT.hot);
  const total = (slot: number): number => arena.totals[sizeClass * TOTAL.slots + slot]!;
  expect([total(TOTAL.ghostHits), total(TOTAL.pageHits)]).toEqual([1, 1]);
});
