import { describe, expect, test } from 'vitest';
import {
  audit,
  CONTROL,
  EVICTION,
  Maintainer,
  PAGE_BYTES,
  SEGMENT,
} from '../../../src/store/index.ts';
import { classFor, planSizeClasses } from '../../../src/store/size-classes.ts';
import { Talker, testShare } from '../../support/talker.ts';

const set = (key: string, value: string, exptime = 0): string =>
  `set ${key} 0 ${exptime} ${value.length}\r\n${value}\r\n`;

describe('size classes', () => {
  const defaults = {
    growthFactor: 1.25,
    sizeMinBytes: 48,
    chunkBytesMax: PAGE_BYTES / 2,
    itemBytesMax: 1 << 20,
  };
  test("are memcached's, with smaller ones below", () => {
    const memcached =
      '96 120 152 192 240 304 384 480 600 752 944 1184 1480 1856 2320 2904 3632 4544 5680 7104 ' +
      '8880 11104 13880 17352 21696 27120 33904 42384 52984 66232 82792 103496 129376 161720 ' +
      '202152 252696 315872 394840 524288';
    const sizes = planSizeClasses(defaults);
    expect(sizes.join(' ')).toBe(`0 64 80 ${memcached}`);
  });
  test('of any options rise, fit ids of six bits and hold the largest item or half a page', () => {
    for (const growthFactor of [1.01, 1.05, 1.25, 2, 16]) {
      for (const itemBytesMax of [1024, 100_000, 524_288, 1 << 20]) {
        for (const sizeMinBytes of [1, 48, 1000]) {
          const sizes = planSizeClasses({ ...defaults, growthFactor, itemBytesMax, sizeMinBytes });
          expect(sizes.length).toBeLessThanOrEqual(64);
          for (let i = 1; i < sizes.length; i++) expect(sizes[i]).toBeGreaterThan(sizes[i - 1]!);
          for (const size of sizes) expect(size % 8).toBe(0);
          expect(sizes.at(-1)).toBeGreaterThanOrEqual(Math.min(itemBytesMax, PAGE_BYTES / 2));
          expect(classFor(sizes, sizes.at(-1)!)).toBe(sizes.length - 1);
          expect(classFor(sizes, sizes.at(-1)! + 1)).toBe(0);
          expect(classFor(sizes, 1)).toBe(1);
        }
      }
    }
  });
});

test('the index grows bucket by bucket, and every key is found all the way', () => {
  const talker = new Talker(testShare({ memoryLimitBytes: 32 << 20 }));
  const { index } = talker.store;
  const before = index.bucketCount();
  const items = Math.floor(before * 1.5) + 30_000;
  for (let i = 0; i < items; i++) talker.say(set(`key-${i}`, 'v'));
  expect(index.count()).toBe(items);
  expect(index.bucketCount()).toBeGreaterThan(before + 10_000);
  for (let i = 0; i < items; i += 7) expect(talker.say(`get key-${i}\r\n`)).toContain('VALUE');
  expect(audit(talker.store)).toEqual([]);
});

describe('the clock', () => {
  test('an item expires when the clock reaches its second', () => {
    const talker = new Talker(testShare());
    const { lifetimes } = talker.store;
    talker.say(set('a', 'x', 3));
    lifetimes.tick(lifetimes.now() + 2);
    expect(talker.say('get a\r\n')).toContain('VALUE');
    lifetimes.tick(lifetimes.now() + 1);
    expect(talker.say('get a\r\n')).toBe('END\r\n');
    expect(audit(talker.store)).toEqual([]);
  });
  test('above 30 days an exptime is a Unix time', () => {
    const talker = new Talker(testShare());
    const unix = talker.store.lifetimes.epoch() + talker.store.lifetimes.now();
    talker.say(set('later', 'x', unix + 10) + set('past', 'x', unix - 10));
    expect(talker.say('get later past\r\n')).toBe('VALUE later 0 1\r\nx\r\nEND\r\n');
  });
});

describe('flush_all', () => {
  test('hides what was stored before, not what comes after', () => {
    const talker = new Talker(testShare());
    talker.say(`${set('a', 'x')}flush_all\r\n${set('b', 'y')}`);
    expect(talker.say('get a b\r\n')).toBe('VALUE b 0 1\r\ny\r\nEND\r\n');
  });
  test('with a delay waits for its second, and a later one never brings anything back', () => {
    const talker = new Talker(testShare());
    const { lifetimes } = talker.store;
    talker.say(`${set('a', 'x')}flush_all\r\nflush_all 1000\r\n`);
    expect(talker.say('get a\r\n')).toBe('END\r\n');
    talker.say(`${set('a', 'x')}flush_all 2\r\n${set('b', 'x')}`);
    lifetimes.tick(lifetimes.now() + 1);
    expect(talker.say('get a b\r\n').match(/VALUE/g)).toHaveLength(2);
    lifetimes.tick(lifetimes.now() + 1);
    expect(talker.say('get a b\r\n')).toBe('END\r\n');
  });
  test('holds when the sequence numbers cross 2^31 and 2^32', () => {
    for (const start of [0x7fff_fffd, 0xffff_fffd]) {
      const talker = new Talker(testShare());
      talker.store.arena.control[CONTROL.seqLow] = start | 0;
      // Who crossed into the upper half has prepared the next lower one.
      if (start > 0x8000_0000) talker.store.arena.control[CONTROL.seqHighEven] = 1;
      const ids: bigint[] = [];
      for (let i = 0; i < 6; i++) {
        talker.say(set('a', 'x'));
        ids.push(BigInt(/^VALUE a 0 1 (\d+)/.exec(talker.say('gets a\r\n'))![1]!));
      }
      for (let i = 1; i < ids.length; i++) expect(ids[i]).toBe(ids[i - 1]! + 1n);
      talker.say('flush_all\r\n');
      expect(talker.say('get a\r\n')).toBe('END\r\n');
      expect(talker.say(`${set('a', 'x')}get a\r\n`)).toContain('VALUE');
    }
  });
});

describe('a value written over', () => {
  const idOf = ({ store }: Talker, key: string): number => {
    const hash = store.hashOf(Buffer.from(key), 0, key.length);
    const id = store.open(hash, Buffer.from(key), 0, key.length);
    store.close(hash);
    return id;
  };
  const atHead = (talker: Talker, id: number): boolean => {
    const { items, lru } = talker.store;
    return lru.head(items.classOf(id), items.segment(id)) === id;
  };

  test('stays in its chunk while its class is the same, and says nothing of the old one', () => {
    const talker = new Talker(testShare());
    const { items } = talker.store;
    talker.say('ms a 5\r\nfirst\r\nmd a I T100\r\nmg a v\r\n');
    const id = idOf(talker, 'a');
    expect(talker.say('mg a s h f t v\r\n')).toBe('VA 5 s5 h1 f0 t100 Z X\r\nfirst\r\n');
    expect(talker.say('set a 0 0 3\r\nnew\r\n')).toBe('STORED\r\n');
    expect(idOf(talker, 'a')).toBe(id);
    expect(talker.say('mg a s h f t v\r\n')).toBe('VA 3 s3 h0 f0 t-1\r\nnew\r\n');
    // Client flags take room, so their coming or going moves it; their change does not.
    expect(talker.say('set a 7 0 3\r\nabc\r\n')).toBe('STORED\r\n');
    const flagged = idOf(talker, 'a');
    expect(flagged).not.toBe(id);
    expect(talker.say('set a 9 0 3\r\ndef\r\nget a\r\n')).toContain('VALUE a 9 3\r\ndef');
    expect(idOf(talker, 'a')).toBe(flagged);
    talker.say(set('a', 'x'.repeat(500)));
    expect(items.classOf(idOf(talker, 'a'))).toBeGreaterThan(items.classOf(flagged));
    expect(audit(talker.store)).toEqual([]);
  });

  test('under S3-FIFO keeps its place and counts as read; else it goes to the head', () => {
    const talker = new Talker(testShare());
    const { store } = talker;
    talker.say(set('a', '1') + set('b', '1'));
    const id = idOf(talker, 'a');
    talker.say(set('a', '2'));
    expect([atHead(talker, id), store.items.hits(id)]).toEqual([false, 1]);
    store.tunables.set('eviction', EVICTION.segmented);
    talker.say(set('a', '3'));
    expect([atHead(talker, id), store.items.hits(id)]).toEqual([true, 1]);
    expect(audit(store)).toEqual([]);
  });

  test.for([
    ['in place', (text: string) => [Buffer.from(text)]],
    ['in pieces', (text: string) => [Buffer.from(text.slice(0, -1)), Buffer.from(text.slice(-1))]],
  ] as const)('leaves and enters the list of short lives with its life: %s', ([, piecesOf]) => {
    const talker = new Talker(testShare());
    const { store } = talker;
    store.tunables.set('tempLru', 1);
    const segmentAfter = (exptime: number): number => {
      expect(talker.feedPieces(piecesOf(set('a', 'x', exptime)))).toBe('STORED\r\n');
      return store.items.segment(idOf(talker, 'a'));
    };
    const { temp, hot } = SEGMENT;
    expect([10, 0, 0, 10, 10, 1000].map(segmentAfter)).toEqual([temp, hot, hot, temp, temp, hot]);
    expect(audit(store)).toEqual([]);
  });

  test('has the key as it is given now, and is stale where it is older', () => {
    const talker = new Talker(testShare());
    talker.say('ms YQ== 1 b\r\n1\r\n');
    expect(talker.say('mg a k\r\nms a 1\r\n2\r\nmg a k\r\n')).toBe('HD kYQ== b\r\nHD\r\nHD ka\r\n');
    const cas = /^HD c(\d+)/.exec(talker.say('mg a c\r\n'))?.[1];
    talker.say('ms a 1\r\n3\r\n');
    expect(talker.say(`ms a 1 I C${cas}\r\n4\r\nmg a v\r\n`)).toBe('HD\r\nVA 1 X W\r\n4\r\n');
  });

  test('is freed when its new time is over, though the old one had none', () => {
    const talker = new Talker(testShare());
    const { store } = talker;
    talker.say(set('a', '1'));
    const id = idOf(talker, 'a');
    talker.say(set('a', '2', 3));
    expect(idOf(talker, 'a')).toBe(id);
    store.lifetimes.tick(store.lifetimes.now() + 3);
    new Maintainer(store).turn();
    expect(store.index.count()).toBe(0);
  });

  test('for which there is no memory counts once as such, and its cas not as a hit', () => {
    const talker = new Talker(testShare({ memoryLimitBytes: 2 << 20 }));
    talker.store.tunables.set('evictsToFree', 0);
    const value = 'x'.repeat(400);
    const larger = 'x'.repeat(2000);
    for (let i = 0; talker.say(set(`small-${i}`, value)) === 'STORED\r\n'; i++);
    for (let i = 0; talker.say(set(`large-${i}`, larger)) === 'STORED\r\n'; i++);
    const cas = /^VALUE small-0 0 400 (\d+)/.exec(talker.say('gets small-0\r\n'))?.[1];
    const reply = talker.say(`cas small-0 0 0 2000 ${cas}\r\n${larger}\r\n`);
    expect(reply).toBe('SERVER_ERROR out of memory storing object\r\n');
    expect(talker.say('stats\r\n')).toContain('STAT cas_hits 0\r\n');
    const counts = talker.say('stats items\r\n').matchAll(/:outofmemory (\d+)/g);
    expect([...counts].map(([, count]) => Number(count))).toEqual([1, 2]);
  });

  test('has a new CAS id, and is stored on the terms of its verb', () => {
    const talker = new Talker(testShare());
    talker.say(set('a', '1'));
    const id = idOf(talker, 'a');
    const cas = /^VALUE a 0 1 (\d+)/.exec(talker.say('gets a\r\n'))?.[1];
    expect(talker.say('add a 0 0 1\r\n2\r\n')).toBe('NOT_STORED\r\n');
    expect(talker.say('replace a 0 0 1\r\n3\r\n')).toBe('STORED\r\n');
    expect(talker.say(`cas a 0 0 1 ${cas}\r\n4\r\n`)).toBe('EXISTS\r\n');
    const next = /^VALUE a 0 1 (\d+)/.exec(talker.say('gets a\r\n'))?.[1];
    expect(talker.say(`cas a 0 0 1 ${next}\r\n5\r\nget a\r\n`)).toContain(
      'STORED\r\nVALUE a 0 1\r\n5',
    );
    expect(talker.say('replace none 0 0 1\r\n1\r\ncas none 0 0 1 1\r\n1\r\n')).toBe(
      'NOT_STORED\r\nNOT_FOUND\r\n',
    );
    expect(idOf(talker, 'a')).toBe(id);
  });
});

describe('eviction', () => {
  test('forgets from the tail, spares what was read, and never says out of memory', () => {
    const talker = new Talker(testShare({ memoryLimitBytes: 1 << 20 }));
    const value = 'x'.repeat(1000);
    talker.say(set('read', value));
    for (let i = 0; i < 3000; i++) {
      expect(talker.say(set(`key-${i}`, value))).toBe('STORED\r\n');
      expect(talker.say('get read\r\n')).toContain('VALUE');
    }
    expect(talker.say('get key-0\r\n')).toBe('END\r\n');
    expect(talker.say('get key-2999\r\n')).toContain('VALUE');
    expect(talker.say('stats\r\n')).toMatch(/STAT evictions [1-9]\d{2,}/);
    expect(audit(talker.store)).toEqual([]);
  });
  test('values that nobody asks for twice get the pages of those that nobody asks for at all', () => {
    const talker = new Talker(testShare({ memoryLimitBytes: 8 << 20 }));
    const { store } = talker;
    const maintainer = new Maintainer(store);
    for (let i = 0; i < 80_000; i++) talker.say(set(`old-${i}`, 'x'.repeat(100)));
    const value = 'x'.repeat(1000);
    const last = 60_000;
    for (let i = 0; i <= last; i++) {
      talker.say(set(`new-${i}`, value));
      if (i % 1000 !== 0) continue;
      store.lifetimes.tick(store.lifetimes.now() + 1);
      maintainer.turn();
    }
    // Most of eight pages, of some 800 items each.
    expect(talker.say(`get new-${last - 4000}\r\n`)).toContain('VALUE');
    expect(audit(store)).toEqual([]);
  });
  test('a class that has nothing to evict takes a page where one can be had', () => {
    const share = testShare({ memoryLimitBytes: 6 << 20 });
    const begin = (bytes: number) => new Talker(share).say(`set upload 0 0 ${bytes}\r\n`);
    // Three pages of which values on their way hold every chunk, so that none of them can leave,
    for (let i = 0; i < 9; i++) begin(300_000);
    // two that could,
    const talker = new Talker(share);
    for (let i = 0; i < 30; i++) talker.say(set(`key-${i}`, 'x'.repeat(60_000)));
    // and one of which all is held.
    for (let i = 0; i < 2; i++) begin(500_000);
    expect(talker.store.pages.used()).toBe(6);
    expect(talker.say(set('large', 'x'.repeat(500_000)))).toBe('STORED\r\n');
    expect(audit(talker.store, 11)).toEqual([]);
  });
  test('an append that needs a new chunk of a full class does not evict its own item', () => {
    const talker = new Talker(testShare({ memoryLimitBytes: 1 << 20 }));
    const half = 'x'.repeat(400_000);
    talker.say(set('a', half) + set('b', half));
    const appended = talker.say(`append a 0 0 3\r\nend\r\nget a\r\n`);
    expect(appended).toBe(`STORED\r\nVALUE a 0 400003\r\n${half}end\r\nEND\r\n`);
    expect(audit(talker.store)).toEqual([]);
  });
});

test('a page that has left its class is nobody’s until it is handed over', () => {
  const { store } = new Talker(testShare({ memoryLimitBytes: 8 << 20 }));
  const { slabs, pages } = store;
  const sizeClass = 5;
  // Two pages, all of whose chunks are given back.
  const chunks = Array.from({ length: slabs.chunksPerPage(sizeClass) + 1 }, () =>
    slabs.take(sizeClass),
  );
  for (const chunk of chunks) slabs.give(sizeClass, chunk);
  const [page] = [...Array(pages.end()).keys()].filter((at) => pages.classOf(at) === sizeClass);
  slabs.beginLeaving(sizeClass, page!);
  expect(slabs.hasLeft(sizeClass)).toBe(true);
  expect(slabs.endLeaving(sizeClass)).toBe(page);
  expect(pages.classOf(page!)).toBe(0);
});
