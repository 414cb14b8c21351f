/**
 * The locks that the fast path only tries while it does something else: it must go on without what
 * they protect. (test/unit/fast-path has those in front of which it stops.)
 */
import { describe, expect, test } from 'vitest';
import { lock, unlock } from '../../src/base/index.ts';
import { ID_UNIT_BYTES, ITEM, wordOf } from '../../src/store/memory/item-layout.ts';
import { CONTROL, TOTAL } from '../../src/store/memory/layout.ts';
import { audit } from '../support/audit.ts';
import { fastStore, SessionHarness, testShare } from '../support/session-harness.ts';
import { LARGE_CHUNKS } from './dying-thread.ts';

const KEYS = Array.from({ length: 110 }, (_, i) => `key-${i}`);
const SIZE_CLASS = 1;
const EXTRA_ITEMS = 1_000_000;
const set = (key: string): string => `set ${key} 0 0 1\r\nx\r\n`;

describe.each(['memory32', 'memory64'] as const)('the fast path with %s', (kind) => {
  const open = (options = {}): SessionHarness => {
    const harness = new SessionHarness(testShare({ ...fastStore(kind), ...options }));
    harness.send(KEYS.map(set).join(''));
    return harness;
  };
  /** Stores a new key; the JavaScript must not be asked for it. */
  const storeFast = (harness: SessionHarness, key: string): void => {
    const { items } = harness.store;
    const putWhole = () => expect.fail('JavaScript stored the item');
    Object.assign(items, { putWhole });
    expect(harness.send(set(key))).toBe('STORED\r\n');
    Reflect.deleteProperty(items, 'putWhole');
  };

  test('an eviction skips an item whose stripe is busy', () => {
    const harness = open({ ...LARGE_CHUNKS, memoryLimitBytes: 2 << 20 });
    const { parts } = harness;
    const victim = parts.evictor.nextVictim(SIZE_CLASS);
    const hash = parts.index.hashOfItem(victim);
    parts.stripes.lock(hash);
    storeFast(harness, 'fresh');
    expect(parts.evictor.nextVictim(SIZE_CLASS)).toBe(victim);
    expect(parts.totals.get(SIZE_CLASS, TOTAL.lrutailReflocked)).toBe(1);
    parts.stripes.unlock(hash);
    storeFast(harness, 'fresher');
    expect(parts.index.hashOfItem(parts.evictor.nextVictim(SIZE_CLASS))).not.toBe(hash);
    expect(audit(parts)).toEqual([]);
  });

  test('an eviction takes an item of the stripe that the thread holds', () => {
    const harness = open({ ...LARGE_CHUNKS, memoryLimitBytes: 2 << 20 });
    const { parts } = harness;
    const hash = parts.index.hashOfItem(parts.evictor.nextVictim(SIZE_CLASS));
    const isInStripe = (key: string): boolean =>
      ((parts.index.hashOf(Buffer.from(key), 0, key.length) ^ hash) & 4095) === 0;
    const key = Array.from({ length: 50_000 }, (_, i) => `other-${i}`).find(isInStripe)!;
    storeFast(harness, key);
    expect(parts.index.hashOfItem(parts.evictor.nextVictim(SIZE_CLASS))).not.toBe(hash);
    expect(parts.totals.get(SIZE_CLASS, TOTAL.lrutailReflocked)).toBe(0);
    expect(audit(parts)).toEqual([]);
  });

  test('the look-ahead, which holds no lock, follows any id into the memory', () => {
    const harness = open();
    const { parts } = harness;
    const [key] = KEYS;
    const hash = parts.index.hashOf(Buffer.from(key!), 0, key!.length);
    const { words, layout } = parts.arena;
    for (const id of [layout.bytes / ID_UNIT_BYTES, 0x6161_6161, 0xffff_ffff]) {
      // As if the item had been freed, and its chunk were now a part of a value.
      words[wordOf(parts.index.headOf(hash)) + ITEM.bucketNext] = id;
      expect(harness.send(`get ${key} ${key}\r\n`)).toContain(`VALUE ${key} 0 1`);
    }
  });

  test.each([
    ['the bucket that it would split', 'stripes', 0],
    ['the growth of the index', 'control', CONTROL.growLock],
  ] as const)('the index does not grow while another thread has %s', (_, words, at) => {
    const harness = open();
    const { parts } = harness;
    const buckets = parts.index.bucketCount();
    // Makes the index look full.
    Atomics.add(parts.arena.control, CONTROL.itemCount, EXTRA_ITEMS);
    lock(parts.arena[words], at);
    storeFast(harness, 'fresh');
    expect(parts.index.bucketCount()).toBe(buckets);
    unlock(parts.arena[words], at);
    storeFast(harness, 'fresher');
    expect(parts.index.bucketCount()).toBe(buckets + 1);
    Atomics.sub(parts.arena.control, CONTROL.itemCount, EXTRA_ITEMS);
    expect(audit(parts)).toEqual([]);
  });
});
