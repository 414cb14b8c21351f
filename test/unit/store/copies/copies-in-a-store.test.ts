import { beforeEach, describe, expect, test } from 'vitest';
import { SEGMENT } from '../../../../src/store/memory/item-layout.ts';
import { CONTROL } from '../../../../src/store/memory/layout.ts';
import { audit } from '../../../support/audit.ts';
import { CopyNode, newPair, set, show } from '../../../support/copy-node.ts';
import { dumpStore, restoreStore } from '../../../support/store-snapshots.ts';

const LARGE = 'v'.repeat(700_000);
/** The fewest buckets that an index may have: one for each stripe. */
const BUCKETS = 4096;

let primary: CopyNode;
let receiver: CopyNode;
beforeEach(() => {
  ({ primary, receiver } = newPair());
});

/** Sends a request to the primary, and the state of the key after it to the receiver. */
function sendAndCopy(key: string, request: string): void {
  primary.send(request);
  expect(receiver.copies.take(primary.read(key))).toBe('done');
}

describe('a receiver without memory', () => {
  /** Switches eviction off, and stores values of these sizes until none fits any more. */
  const fill = (node: CopyNode, ...sizes: readonly number[]): void => {
    node.parts.tunables.set('evictsToFree', 0);
    let nth = 0;
    for (const bytes of sizes) {
      while (node.send(set(`fill-${nth}`, 'x'.repeat(bytes))) === 'STORED\r\n') nth++;
    }
  };
  test.each([
    ['a value of another size class', 'y'.repeat(5000)],
    ['a value of 20 KiB', 'y'.repeat(20 << 10)],
    ['a chained value', LARGE],
  ])('%s removes the older value that it cannot replace', (_name, value) => {
    receiver = new CopyNode({ memoryLimitBytes: 1 << 20 });
    sendAndCopy('a', set('a', 'x'.repeat(900)));
    fill(receiver, 900, value.length);
    primary.send(set('a', value));
    expect(receiver.copies.take(primary.read('a'))).toBe('noMemory');
    expect(receiver.idOf('a')).toBe(0);
    expect(audit(receiver.parts)).toEqual([]);
  });
  test('an older state that comes after the removal is refused', () => {
    receiver = new CopyNode({ memoryLimitBytes: 1 << 20 });
    fill(receiver, 1, LARGE.length);
    primary.send(set('a', 'x'));
    const old = primary.read('a');
    primary.send(set('a', LARGE));
    expect(receiver.copies.take(primary.read('a'))).toBe('noMemory');
    expect(receiver.copies.take(old)).toBe('refused');
  });
  test('a value beyond -I of the receiver removes the older value', () => {
    receiver = new CopyNode({ maxItemSizeBytes: 8192, slabChunkMaxBytes: 8192 });
    sendAndCopy('a', set('a', 'x'));
    primary.send(set('a', 'y'.repeat(9000)));
    expect(receiver.copies.take(primary.read('a'))).toBe('noMemory');
    expect(receiver.idOf('a')).toBe(0);
  });
});

describe('copies and the other features of a store', () => {
  const changes: readonly (readonly [string, string])[] = [
    ['a set of the same size', set('a', '12')],
    ['a set of another size', set('a', '1234')],
    ['a set of another class', set('a', '1'.repeat(900))],
    ['a set of a large value', set('a', LARGE)],
    ['an append', 'append a 0 0 1\r\n0\r\n'],
    ['an incr in place', 'incr a 1\r\n'],
    ['an incr to more digits', 'incr a 100\r\n'],
    ['a new CAS id that the client chose', 'ma a E99\r\n'],
    ['a delete and a set', `delete a\r\n${set('a', '12')}`],
  ];
  test.each(changes)('%s of a client makes the item an own one', (_name, request) => {
    sendAndCopy('a', set('a', '10'));
    expect(receiver.isCopy('a')).toBe(true);
    receiver.send(request);
    expect(receiver.isCopy('a')).toBe(false);
  });
  test('a flush of the cluster hides an item at all its holders, also one that comes late', () => {
    primary.send(set('before', 'x') + set('late', 'x'));
    const late = primary.read('late');
    expect(receiver.copies.take(primary.read('before'))).toBe('done');
    receiver.copies.raiseSequence(0, 1000);
    const { high, low } = receiver.copies.sequence();
    for (const node of [primary, receiver]) node.copies.flushUpTo(high, low);
    expect(receiver.copies.take(late)).toBe('done');
    for (const key of ['before', 'late']) {
      expect(show(primary, key, 'v')).toBe('EN\r\n');
      expect(show(receiver, key, 'v')).toBe('EN\r\n');
      expect(receiver.read(key).exists).toBe(false);
    }
  });
  test('a flush of the cluster hides no copy of a write that came after it', () => {
    for (const node of [primary, receiver]) node.copies.flushUpTo(0, 1000);
    sendAndCopy('a', set('a', 'new'));
    for (const node of [primary, receiver]) node.copies.flushUpTo(0, 1000);
    expect(show(receiver, 'a')).toBe(show(primary, 'a'));
    expect(primary.copies.sequence()).toMatchObject({ high: 0, low: 1002 });
    // The flush that came again counts no items as hidden.
    expect(primary.send('stats\r\n')).toContain('STAT curr_items 1\r\n');
  });
  test.each([
    [0, 0xffff_ffff],
    [3, 0x7fff_ffff],
  ])('a flush up to the number %d, %d hides it and not the next one', (high, low) => {
    primary.copies.raiseSequence(high, low - 1);
    primary.send(set('last', 'x'));
    primary.send(set('next', 'x'));
    primary.copies.flushUpTo(high, low);
    expect([primary.read('last').exists, primary.read('next').exists]).toEqual([false, true]);
  });
  test('a flush that comes after a later one reveals nothing', () => {
    primary.send(set('a', 'x'));
    primary.copies.flushUpTo(0, 1000);
    primary.copies.flushUpTo(0, 0);
    expect(primary.read('a').exists).toBe(false);
  });
  test('a flush of the receiver hides the copies that it has', () => {
    sendAndCopy('a', set('a', 'x'));
    receiver.send('flush_all\r\n');
    expect(show(receiver, 'a', 'v')).toBe('EN\r\n');
  });
  test('the size histogram counts a copy once, and not after its delete', () => {
    receiver.store.tuning.enableSizeHistogram();
    const counts = (): number => [...receiver.parts.sizeHistogram.counts(0, 1000)].length;
    for (const value of ['x', 'y', 'z'.repeat(900)]) {
      sendAndCopy('a', set('a', value));
      expect(audit(receiver.parts)).toEqual([]);
    }
    primary.copies.raiseSequence(0, 5000);
    sendAndCopy('a', set('a', 'x'));
    expect(counts()).toBe(1);
    sendAndCopy('a', 'delete a\r\n');
    expect(counts()).toBe(0);
  });
  test('a state of a node with -C has the CAS id that the node hides', () => {
    primary = new CopyNode({ disableCas: true });
    sendAndCopy('a', set('a', 'x'));
    expect(show(primary, 'a', 'c')).toBe('HD c0\r\n');
    expect(show(receiver, 'a', 'c')).toBe('HD c1\r\n');
  });
  test('a restore of a snapshot makes own items', () => {
    sendAndCopy('a', set('a', 'x'));
    const snapshot = dumpStore(receiver.store);
    restoreStore(receiver.store, snapshot, true);
    expect(receiver.isCopy('a')).toBe(false);
    expect(show(receiver, 'a', 'v')).toBe('VA 1\r\nx\r\n');
  });
  test('the index of a receiver grows with its copies', () => {
    const { index, arena } = receiver.parts;
    arena.control[CONTROL.buckets] = BUCKETS;
    for (let nth = 0; nth < 2 * BUCKETS; nth++) sendAndCopy(`key-${nth}`, set(`key-${nth}`, ''));
    expect(index.bucketCount()).toBeGreaterThan(BUCKETS);
    expect(audit(receiver.parts)).toEqual([]);
  });
  test('an eviction for a copy is an event of the receiver', () => {
    receiver = new CopyNode({ memoryLimitBytes: 1 << 20 });
    let evictions = 0;
    const evicted = (): void => void evictions++;
    receiver.store.items.onEvictions({ areEvictionsWatched: true, evicted });
    const value = 'v'.repeat(900);
    for (let nth = 0; nth < 1500; nth++) sendAndCopy(`key-${nth}`, set(`key-${nth}`, value));
    expect(evictions).toBeGreaterThan(0);
  });
  test('a copy counts as an item, but as no command', () => {
    sendAndCopy('a', set('a', 'x'));
    expect(receiver.parts.index.count()).toBe(1);
    expect(receiver.parts.sums.class('total_items')).toBe(1);
    expect(receiver.parts.sums.class('cmd_set')).toBe(0);
    expect(receiver.send('stats\r\n')).toContain('STAT curr_items 1\r\n');
  });
  test.each([
    ['in the main queue of the receiver', 0, SEGMENT.warm],
    ['in the list of short lives, if its ttl is short', 5, SEGMENT.temp],
  ])('a copy that the primary has kept is %s', (_name, ttl, segment) => {
    receiver.parts.tunables.set('tempLru', 1);
    primary.send(set('a', 'x', ttl));
    const state = primary.read('a');
    state.isKept = true;
    receiver.copies.take(state);
    expect(receiver.parts.items.segment(receiver.idOf('a'))).toBe(segment);
    expect(audit(receiver.parts)).toEqual([]);
  });
});
