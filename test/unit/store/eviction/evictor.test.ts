import { beforeEach, describe, expect, test } from 'vitest';
import { TAIL_ACTION } from '../../../../src/store/eviction/eviction-policy.ts';
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

describe('an eviction in a class whose next segment has nothing to evict', () => {
  const VALUE_BYTES = 200_000;
  const value = 'v'.repeat(VALUE_BYTES);
  /** A node with one page of large items, of which one is in HOT and the others are in WARM. */
  const fullPage = (options: ConstructorParameters<typeof CommandHarness>[0] = {}) => {
    const node = new CommandHarness({ memoryLimitBytes: 1 << 20, ...options });
    const { slabs, evictor, items, classLocks } = node.parts;
    node.put(`set w0 0 0 ${VALUE_BYTES}`, value);
    const sizeClass = items.lruClassOf(node.idOf('w0'));
    const warm = Array.from({ length: slabs.chunksPerPage(sizeClass) - 1 }, (_, i) => `w${i}`);
    for (const key of warm) {
      node.put(`set ${key} 0 0 ${VALUE_BYTES}`, value);
      classLocks.lock(sizeClass);
      evictor.applyAction(sizeClass, node.idOf(key), TAIL_ACTION.promote);
      classLocks.unlock(sizeClass);
    }
    node.put(`set hot 0 0 ${VALUE_BYTES}`, value);
    expect(warm.length).toBeGreaterThan(2);
    expect(items.segment(node.idOf('hot'))).toBe(SEGMENT.hot);
    expect(items.segment(node.idOf('w0'))).toBe(SEGMENT.warm);
    return { node, warm };
  };

  test.each(Object.entries(EVICTION))(
    'a new version of the only item in HOT takes the memory of one in WARM (%s)',
    (_, eviction) => {
      const { node, warm } = fullPage({ tunables: { eviction } });
      expect(node.put('append hot 0 0 3', 'abc')).toBe('STORED\r\n');
      expect(node.run('get hot')).toBe(`VALUE hot 0 200003\r\n${value}abc\r\nEND\r\n`);
      expect(node.present(warm)).toEqual(warm.slice(1));
      expect(audit(node.parts)).toEqual([]);
    },
  );
  test('a new item takes the memory of one in WARM while the only one in HOT is busy', () => {
    const { node, warm } = fullPage();
    const { stripes } = node.parts;
    const hash = node.hashOf('hot');
    expect(stripes.tryLock(hash)).toBe(true);
    expect(node.put(`set new 0 0 ${VALUE_BYTES}`, value)).toBe('STORED\r\n');
    stripes.unlock(hash);
    expect(node.present(['hot', 'new', ...warm])).toEqual(['hot', 'new', ...warm.slice(1)]);
    expect(audit(node.parts)).toEqual([]);
  });
  test('a large value is stored while a client reads the only one in HOT', () => {
    const node = new CommandHarness({
      memoryLimitBytes: 8 << 20,
      maxItemSizeBytes: 4 << 20,
      tunables: { eviction: EVICTION.segmented },
    });
    const { evictor, items, classLocks, arena } = node.parts;
    const { largest } = arena.sizeClasses;
    const large = 'v'.repeat(1_500_000);
    const put = (key: string) => node.put(`set ${key} 0 0 ${large.length}`, large);
    const keys = ['w0', 'w1', 'w2', 'w3', 'w4'];
    for (const key of keys) {
      put(key);
      classLocks.lock(largest);
      evictor.applyAction(largest, node.idOf(key), TAIL_ACTION.promote);
      classLocks.unlock(largest);
    }
    put('hot');
    expect(items.segment(node.idOf('hot'))).toBe(SEGMENT.hot);
    const request = node.decode('get hot');
    const { retriever } = node.commands;
    const { stream } = retriever.answer(request, node.classic, request.firstKey, request.endKey);
    node.takeOutput();
    expect([put('new'), put('newer')]).toEqual(['STORED\r\n', 'STORED\r\n']);
    expect(node.idOf('hot')).not.toBe(NO_ITEM);
    stream!.abandon();
    expect(audit(node.parts)).toEqual([]);
  });
  test('an eviction takes an item that it promoted into a segment of busy items', () => {
    const { node, warm } = fullPage();
    const { stripes } = node.parts;
    node.run('get hot');
    const busy = warm.filter((key) => stripes.tryLock(node.hashOf(key)));
    expect(busy).toEqual(warm);
    expect(node.put(`set new 0 0 ${VALUE_BYTES}`, value)).toBe('STORED\r\n');
    for (const key of busy) stripes.unlock(node.hashOf(key));
    expect(node.present(['hot', 'new', ...warm])).toEqual(['new', ...warm]);
    expect(audit(node.parts)).toEqual([]);
  });
});
