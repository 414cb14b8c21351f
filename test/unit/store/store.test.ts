import { describe, expect, test } from 'vitest';
import { EVICTION } from '../../../src/store/index.ts';
import { SEGMENT } from '../../../src/store/memory/item-layout.ts';
import { CONTROL } from '../../../src/store/memory/layout.ts';
import { Maintainer } from '../../../src/store/upkeep/maintainer.ts';
import { audit } from '../../support/audit.ts';
import { SessionHarness, testShare } from '../../support/session-harness.ts';

const set = (key: string, value: string, exptime = 0): string =>
  `set ${key} 0 ${exptime} ${value.length}\r\n${value}\r\n`;

test('the index finds every key while it grows bucket by bucket', () => {
  const harness = new SessionHarness(testShare({ memoryLimitBytes: 32 << 20 }));
  const { index } = harness.parts;
  const before = index.bucketCount();
  const items = Math.floor(before * 1.5) + 30_000;
  for (let i = 0; i < items; i++) harness.send(set(`key-${i}`, 'v'));
  expect(index.count()).toBe(items);
  expect(index.bucketCount()).toBeGreaterThan(before + 10_000);
  for (let i = 0; i < items; i += 7) expect(harness.send(`get key-${i}\r\n`)).toContain('VALUE');
  expect(audit(harness.parts)).toEqual([]);
});

describe('the clock', () => {
  test('an item expires when the clock reaches its second', () => {
    const harness = new SessionHarness(testShare());
    const { clock } = harness.parts;
    harness.send(set('a', 'x', 3));
    clock.tick(clock.now() + 2);
    expect(harness.send('get a\r\n')).toContain('VALUE');
    clock.tick(clock.now() + 1);
    expect(harness.send('get a\r\n')).toBe('END\r\n');
    expect(audit(harness.parts)).toEqual([]);
  });
  test('an exptime above 30 days is a Unix time', () => {
    const harness = new SessionHarness(testShare());
    const unix = harness.parts.clock.epoch() + harness.parts.clock.now();
    harness.send(set('later', 'x', unix + 10) + set('past', 'x', unix - 10));
    expect(harness.send('get later past\r\n')).toBe('VALUE later 0 1\r\nx\r\nEND\r\n');
  });
});

describe('flush_all', () => {
  test('flush_all hides the items stored before it, and none stored after it', () => {
    const harness = new SessionHarness(testShare());
    harness.send(`${set('a', 'x')}flush_all\r\n${set('b', 'y')}`);
    expect(harness.send('get a b\r\n')).toBe('VALUE b 0 1\r\ny\r\nEND\r\n');
  });
  test('a delayed flush_all waits for its second, and never makes items visible again', () => {
    const harness = new SessionHarness(testShare());
    const { clock } = harness.parts;
    harness.send(`${set('a', 'x')}flush_all\r\nflush_all 1000\r\n`);
    expect(harness.send('get a\r\n')).toBe('END\r\n');
    harness.send(`${set('a', 'x')}flush_all 2\r\n${set('b', 'x')}`);
    clock.tick(clock.now() + 1);
    expect(harness.send('get a b\r\n').match(/VALUE/g)).toHaveLength(2);
    clock.tick(clock.now() + 1);
    expect(harness.send('get a b\r\n')).toBe('END\r\n');
  });
  test('flush_all works while the sequence numbers cross 2^31 and 2^32', () => {
    for (const start of [0x7fff_fffd, 0xffff_fffd]) {
      const harness = new SessionHarness(testShare());
      harness.parts.arena.control[CONTROL.seqLow] = start | 0;
      // The thread that entered the upper half has incremented the next high word of the lower
      // half.
      if (start > 0x8000_0000) harness.parts.arena.control[CONTROL.seqHighEven] = 1;
      const ids: bigint[] = [];
      for (let i = 0; i < 6; i++) {
        harness.send(set('a', 'x'));
        ids.push(BigInt(/^VALUE a 0 1 (\d+)/.exec(harness.send('gets a\r\n'))![1]!));
      }
      for (let i = 1; i < ids.length; i++) expect(ids[i]).toBe(ids[i - 1]! + 1n);
      harness.send('flush_all\r\n');
      expect(harness.send('get a\r\n')).toBe('END\r\n');
      expect(harness.send(`${set('a', 'x')}get a\r\n`)).toContain('VALUE');
    }
  });
});

describe('an overwritten item', () => {
  const idOf = ({ store }: SessionHarness, key: string): number => {
    const hash = store.items.hashOf(Buffer.from(key), 0, key.length);
    const id = store.items.open(hash, Buffer.from(key), 0, key.length);
    store.items.close(hash);
    return id;
  };
  const isAtHead = (harness: SessionHarness, id: number): boolean => {
    const { items, lru } = harness.parts;
    return lru.head(items.classOf(id), items.segment(id)) === id;
  };

  test('an overwritten item keeps its chunk in the same class, and loses the old flags', () => {
    const harness = new SessionHarness(testShare());
    const { items } = harness.parts;
    harness.send('ms a 5\r\nfirst\r\nmd a I T100\r\nmg a v\r\n');
    const id = idOf(harness, 'a');
    expect(harness.send('mg a s h f t v\r\n')).toBe('VA 5 s5 h1 f0 t100 Z X\r\nfirst\r\n');
    expect(harness.send('set a 0 0 3\r\nnew\r\n')).toBe('STORED\r\n');
    expect(idOf(harness, 'a')).toBe(id);
    expect(harness.send('mg a s h f t v\r\n')).toBe('VA 3 s3 h0 f0 t-1\r\nnew\r\n');
    // Client flags take room: to add or remove them needs another chunk, to change them does not.
    expect(harness.send('set a 7 0 3\r\nabc\r\n')).toBe('STORED\r\n');
    const flagged = idOf(harness, 'a');
    expect(flagged).not.toBe(id);
    expect(harness.send('set a 9 0 3\r\ndef\r\nget a\r\n')).toContain('VALUE a 9 3\r\ndef');
    expect(idOf(harness, 'a')).toBe(flagged);
    harness.send(set('a', 'x'.repeat(500)));
    expect(items.classOf(idOf(harness, 'a'))).toBeGreaterThan(items.classOf(flagged));
    expect(audit(harness.parts)).toEqual([]);
  });

  test('an overwritten item keeps its place and gains a hit in S3-FIFO, else it is head', () => {
    const harness = new SessionHarness(testShare());
    const { parts } = harness;
    harness.send(set('a', '1') + set('b', '1'));
    const id = idOf(harness, 'a');
    harness.send(set('a', '2'));
    expect([isAtHead(harness, id), parts.items.hits(id)]).toEqual([false, 1]);
    parts.tunables.set('eviction', EVICTION.segmented);
    harness.send(set('a', '3'));
    expect([isAtHead(harness, id), parts.items.hits(id)]).toEqual([true, 1]);
    expect(audit(parts)).toEqual([]);
  });

  test.for([
    ['in one piece', (text: string) => [Buffer.from(text)]],
    [
      'in two pieces',
      (text: string) => [Buffer.from(text.slice(0, -1)), Buffer.from(text.slice(-1))],
    ],
  ] as const)('an overwritten item enters and leaves TEMP by its new ttl: %s', ([, split]) => {
    const harness = new SessionHarness(testShare());
    const { parts } = harness;
    parts.tunables.set('tempLru', 1);
    const segmentAfter = (exptime: number): number => {
      expect(harness.feedPieces(split(set('a', 'x', exptime)))).toBe('STORED\r\n');
      return parts.items.segment(idOf(harness, 'a'));
    };
    const { temp, hot } = SEGMENT;
    expect([10, 0, 0, 10, 10, 1000].map(segmentAfter)).toEqual([temp, hot, hot, temp, temp, hot]);
    expect(audit(parts)).toEqual([]);
  });

  test('an overwritten item has the last key’s encoding; an older CAS id makes it stale', () => {
    const harness = new SessionHarness(testShare());
    harness.send('ms YQ== 1 b\r\n1\r\n');
    expect(harness.send('mg a k\r\nms a 1\r\n2\r\nmg a k\r\n')).toBe(
      'HD kYQ== b\r\nHD\r\nHD ka\r\n',
    );
    const cas = /^HD c(\d+)/.exec(harness.send('mg a c\r\n'))?.[1];
    harness.send('ms a 1\r\n3\r\n');
    expect(harness.send(`ms a 1 I C${cas}\r\n4\r\nmg a v\r\n`)).toBe('HD\r\nVA 1 X W\r\n4\r\n');
  });

  test('an overwritten item expires at its new expiry, also if it had none before', () => {
    const harness = new SessionHarness(testShare());
    const { parts } = harness;
    harness.send(set('a', '1'));
    const id = idOf(harness, 'a');
    harness.send(set('a', '2', 3));
    expect(idOf(harness, 'a')).toBe(id);
    parts.clock.tick(parts.clock.now() + 3);
    new Maintainer(parts).runSlice();
    expect(parts.index.count()).toBe(0);
  });

  test('a write without memory counts once as outofmemory, and its cas counts as no hit', () => {
    const harness = new SessionHarness(testShare({ memoryLimitBytes: 2 << 20 }));
    harness.parts.tunables.set('evictsToFree', 0);
    const value = 'x'.repeat(400);
    const larger = 'x'.repeat(2000);
    for (let i = 0; harness.send(set(`small-${i}`, value)) === 'STORED\r\n'; i++);
    for (let i = 0; harness.send(set(`large-${i}`, larger)) === 'STORED\r\n'; i++);
    const cas = /^VALUE small-0 0 400 (\d+)/.exec(harness.send('gets small-0\r\n'))?.[1];
    const reply = harness.send(`cas small-0 0 0 2000 ${cas}\r\n${larger}\r\n`);
    expect(reply).toBe('SERVER_ERROR out of memory storing object\r\n');
    expect(harness.send('stats\r\n')).toContain('STAT cas_hits 0\r\n');
    const counts = harness.send('stats items\r\n').matchAll(/:outofmemory (\d+)/g);
    expect([...counts].map(([, count]) => Number(count))).toEqual([1, 2]);
  });

  test('an overwritten item has a new CAS id, under the condition of its verb', () => {
    const harness = new SessionHarness(testShare());
    harness.send(set('a', '1'));
    const id = idOf(harness, 'a');
    const cas = /^VALUE a 0 1 (\d+)/.exec(harness.send('gets a\r\n'))?.[1];
    expect(harness.send('add a 0 0 1\r\n2\r\n')).toBe('NOT_STORED\r\n');
    expect(harness.send('replace a 0 0 1\r\n3\r\n')).toBe('STORED\r\n');
    expect(harness.send(`cas a 0 0 1 ${cas}\r\n4\r\n`)).toBe('EXISTS\r\n');
    const next = /^VALUE a 0 1 (\d+)/.exec(harness.send('gets a\r\n'))?.[1];
    expect(harness.send(`cas a 0 0 1 ${next}\r\n5\r\nget a\r\n`)).toContain(
      'STORED\r\nVALUE a 0 1\r\n5',
    );
    expect(harness.send('replace none 0 0 1\r\n1\r\ncas none 0 0 1 1\r\n1\r\n')).toBe(
      'NOT_STORED\r\nNOT_FOUND\r\n',
    );
    expect(idOf(harness, 'a')).toBe(id);
  });
});

describe('eviction', () => {
  test('the store evicts from the tail, keeps items that are read, and never lacks memory', () => {
    const harness = new SessionHarness(testShare({ memoryLimitBytes: 1 << 20 }));
    const value = 'x'.repeat(1000);
    harness.send(set('read', value));
    for (let i = 0; i < 3000; i++) {
      expect(harness.send(set(`key-${i}`, value))).toBe('STORED\r\n');
      expect(harness.send('get read\r\n')).toContain('VALUE');
    }
    expect(harness.send('get key-0\r\n')).toBe('END\r\n');
    expect(harness.send('get key-2999\r\n')).toContain('VALUE');
    expect(harness.send('stats\r\n')).toMatch(/STAT evictions [1-9]\d{2,}/);
    expect(audit(harness.parts)).toEqual([]);
  });
  test('the store moves pages from classes without hits to classes with one-hit items', () => {
    const harness = new SessionHarness(testShare({ memoryLimitBytes: 8 << 20 }));
    const { parts } = harness;
    const maintainer = new Maintainer(parts);
    for (let i = 0; i < 80_000; i++) harness.send(set(`old-${i}`, 'x'.repeat(100)));
    const value = 'x'.repeat(1000);
    const last = 60_000;
    for (let i = 0; i <= last; i++) {
      harness.send(set(`new-${i}`, value));
      if (i % 1000 !== 0) continue;
      parts.clock.tick(parts.clock.now() + 1);
      maintainer.runSlice();
    }
    // The new class has most of eight pages, with about 800 items each.
    expect(harness.send(`get new-${last - 4000}\r\n`)).toContain('VALUE');
    expect(audit(parts)).toEqual([]);
  });
  test('the store takes a page of another class for a class that has nothing to evict', () => {
    const share = testShare({ memoryLimitBytes: 6 << 20 });
    const beginUpload = (bytes: number) =>
      new SessionHarness(share).send(`set upload 0 0 ${bytes}\r\n`);
    // Values in receipt hold every chunk of three pages, so none of these pages can move.
    for (let i = 0; i < 9; i++) beginUpload(300_000);
    // Two pages can move.
    const harness = new SessionHarness(share);
    for (let i = 0; i < 30; i++) harness.send(set(`key-${i}`, 'x'.repeat(60_000)));
    // Values in receipt hold all of one more page.
    for (let i = 0; i < 2; i++) beginUpload(500_000);
    expect(harness.parts.pagePool.usedCount()).toBe(6);
    expect(harness.send(set('large', 'x'.repeat(500_000)))).toBe('STORED\r\n');
    expect(audit(harness.parts, 11)).toEqual([]);
  });
  test('the store never evicts the item that an append is about to extend', () => {
    const harness = new SessionHarness(testShare({ memoryLimitBytes: 1 << 20 }));
    const half = 'x'.repeat(400_000);
    harness.send(set('a', half) + set('b', half));
    const appended = harness.send(`append a 0 0 3\r\nend\r\nget a\r\n`);
    expect(appended).toBe(`STORED\r\nVALUE a 0 400003\r\n${half}end\r\nEND\r\n`);
    expect(audit(harness.parts)).toEqual([]);
  });
});

test('a page that has left its class belongs to no class until the handover', () => {
  const { parts } = new SessionHarness(testShare({ memoryLimitBytes: 8 << 20 }));
  const { slabs, pagePool } = parts;
  const sizeClass = 5;
  // Two pages, whose chunks are all free again.
  const chunks = Array.from({ length: slabs.chunksPerPage(sizeClass) + 1 }, () =>
    slabs.alloc(sizeClass),
  );
  for (const chunk of chunks) slabs.free(sizeClass, chunk);
  const [page] = [...Array(pagePool.touchedCount()).keys()].filter(
    (at) => pagePool.classOf(at) === sizeClass,
  );
  slabs.beginLeaving(sizeClass, page!);
  expect(slabs.isLeavingPageEmpty(sizeClass)).toBe(true);
  expect(slabs.endLeaving(sizeClass)).toBe(page);
  expect(pagePool.classOf(page!)).toBe(0);
});
