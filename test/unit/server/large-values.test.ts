import { describe, expect, test } from 'vitest';
import { PAUSE } from '../../../src/server/session.ts';
import { Crawler } from '../../../src/store/crawler.ts';
import { audit, type StoreShare } from '../../../src/store/index.ts';
import { Maintainer } from '../../../src/store/maintainer.ts';
import { OP, packet, packetsOf, storing, u32 } from '../../support/binary-wire.ts';
import { type Cuts, pieces } from '../../support/cuts.ts';
import { Talker, testShare } from '../../support/talker.ts';

const CHUNK_BYTES = 1024;
const PAYLOAD_BYTES = CHUNK_BYTES - 32;
/** Chunks of 1 KiB: a chain is short enough to be cut everywhere. */
const smallChunks = (): StoreShare =>
  testShare({ memoryLimitBytes: 1 << 20, slabChunkMaxBytes: CHUNK_BYTES });
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Bytes that say where they are. */
function numbered(length: number, salt = 0): string {
  const words = Array.from({ length: Math.ceil(length / 8) }, (_, i) =>
    String(i * 7 + salt).padStart(8, '.'),
  );
  return words.join('').slice(0, length);
}
const set = (key: string, value: string): string =>
  `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;
const hit = (key: string, value: string): string =>
  `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;

/** Cuts around everything that a chain has: the line, the ends of chunks, the end. */
function* tellingCuts(bytes: Buffer, lineBytes: number): Generator<Cuts> {
  yield [];
  for (let at = 1; at < lineBytes + 3; at++) yield [at];
  for (let end = lineBytes; end < bytes.length; end += PAYLOAD_BYTES) {
    for (const at of [end - 1, end, end + 1]) if (at > 0 && at < bytes.length) yield [at];
  }
  for (let at = bytes.length - 12; at < bytes.length; at++) yield [at];
  yield Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
}

describe('a large value is the same however its bytes are cut', () => {
  for (const length of [993, 1984, 1985, 3000, 20 * PAYLOAD_BYTES]) {
    test(`${length} bytes`, () => {
      const value = numbered(length);
      const line = `set a 0 0 ${length}\r\n`;
      const bytes = latin1(`${line}${value}\r\nget a b a\r\n`);
      const share = smallChunks();
      for (const cuts of tellingCuts(bytes, line.length)) {
        const talker = new Talker(share);
        const parts = pieces(bytes, cuts).map((piece) => Buffer.from(piece));
        const reply = `STORED\r\n${hit('a', value)}${hit('a', value)}END\r\n`;
        expect(talker.feedPieces(parts) === reply, `cut at ${cuts.slice(0, 3)}`).toBe(true);
        expect(audit(talker.store), `cut at ${cuts.slice(0, 3)}`).toEqual([]);
      }
    });
  }
});

describe('every command knows large values', () => {
  const old = numbered(5000);
  const talk = (...requests: readonly string[]): string => {
    const talker = new Talker(smallChunks());
    talker.say(set('a', old));
    const reply = requests.map((request) => talker.say(request)).join('');
    expect(audit(talker.store)).toEqual([]);
    return reply;
  };
  test('append and prepend, by little and by much', () => {
    for (const added of ['x', numbered(900, 1), numbered(7000, 2)]) {
      const data = `a 0 0 ${added.length}\r\n${added}\r\n`;
      expect(talk(`append ${data}`, 'get a\r\n')).toBe(`STORED\r\n${hit('a', old + added)}END\r\n`);
      expect(talk(`prepend ${data}`, 'get a\r\n')).toBe(
        `STORED\r\n${hit('a', added + old)}END\r\n`,
      );
    }
  });
  test('an append that makes a value large', () => {
    const talker = new Talker(smallChunks());
    const half = numbered(900);
    talker.say(set('a', half));
    expect(talker.say(`append a 0 0 900\r\n${half}\r\nget a\r\n`)).toBe(
      `STORED\r\n${hit('a', half + half)}END\r\n`,
    );
    expect(audit(talker.store)).toEqual([]);
  });
  test('cas, incr, touch, gat, delete', () => {
    const cas = /(\d+)\r\n/.exec(talk('gets a\r\n').slice(0, 40))![1]!;
    expect(talk(`cas a 0 0 3 ${cas}\r\nnew\r\nget a\r\n`)).toBe(
      `STORED\r\n${hit('a', 'new')}END\r\n`,
    );
    expect(talk('incr a 1\r\n')).toMatch(/^CLIENT_ERROR cannot increment/);
    expect(talk('touch a 10\r\ngat 20 a\r\n')).toBe(`TOUCHED\r\n${hit('a', old)}END\r\n`);
    expect(talk('delete a\r\nget a\r\n')).toBe('DELETED\r\nEND\r\n');
  });
  test('a large value of digits is no number', () => {
    const talker = new Talker(smallChunks());
    talker.say(set('n', '5'.padEnd(2000)));
    expect(talker.say('incr n 1\r\n')).toMatch(/^CLIENT_ERROR cannot increment/);
  });
  test('meta', () => {
    expect(talk('mg a s v f\r\nmn\r\n')).toBe(`VA 5000 s5000 f0\r\n${old}\r\nMN\r\n`);
    expect(talk('mg a s\r\nmg a v q k\r\nmn\r\n')).toBe(
      `HD s5000\r\nVA 5000 ka\r\n${old}\r\nMN\r\n`,
    );
    const cas = '77';
    expect(talk(`ms a 2000 E${cas} c\r\n${numbered(2000)}\r\nmg a c v\r\n`)).toBe(
      `HD c77\r\nVA 2000 c77\r\n${numbered(2000)}\r\n`,
    );
    expect(talk('md a I E99\r\nmg a c v\r\n')).toBe(`HD\r\nVA 5000 c99 X W\r\n${old}\r\n`);
    expect(talk('md a x\r\nmg a v\r\n')).toBe('HD\r\nVA 0\r\n\r\n');
    expect(talk(`ms a 3000 MA\r\n${old.slice(0, 3000)}\r\nmg a s\r\n`)).toBe('HD\r\nHD s8000\r\n');
    expect(talk('me a\r\n')).toMatch(/ cls=\d+ size=5033\r\n$/);
  });
  test('binary', () => {
    const talker = new Talker(smallChunks());
    const bytes = Buffer.concat([
      packet({ opcode: OP.set, key: 'a', extras: storing(7), value: old, opaque: 1 }),
      packet({ opcode: OP.getk, key: 'a', opaque: 2 }),
      packet({ opcode: OP.appendq, key: 'a', value: '!!', opaque: 3 }),
      packet({ opcode: OP.gat, key: 'a', extras: u32(100), opaque: 4 }),
      packet({ opcode: OP.touch, key: 'a', extras: u32(100), opaque: 5 }),
    ]);
    const { packets } = packetsOf(latin1(talker.feedPieces([bytes])));
    expect(packets.map(({ opaque, value }) => [opaque, value])).toEqual([
      [1, ''],
      [2, old],
      [4, `${old}!!`],
      [5, ''],
    ]);
    expect(audit(talker.store)).toEqual([]);
  });
  test('large and small values in one get', () => {
    const talker = new Talker(smallChunks());
    const small = 'small';
    const large = numbered(50_000);
    talker.say(set('s', small) + set('l', large));
    const keys = ['l', 's', 'none', 'l', 'l', 's'];
    const values = keys.map((key) => (key === 'none' ? '' : hit(key, key === 's' ? small : large)));
    expect(talker.say(`get ${keys.join(' ')}\r\nversion\r\n`)).toBe(
      `${values.join('')}END\r\nVERSION test\r\n`,
    );
  });
});

describe('while a large value is being sent', () => {
  const LENGTH = 900_000;
  const value = numbered(LENGTH);
  const line = Buffer.from('get a\r\n');
  /** A store whose reader has the first piece of the value. */
  function reading(): { reader: Talker; other: Talker; first: string } {
    const share = testShare({ memoryLimitBytes: 4 << 20, slabChunkMaxBytes: 16 << 10 });
    const reader = new Talker(share);
    const other = new Talker(share);
    other.say(set('a', value));
    const began = reader.feed(line);
    expect(began.pause).toBe(PAUSE.turnOver);
    return { reader, other, first: began.reply };
  }
  const changes: readonly (readonly [string, string])[] = [
    ['replaced', set('a', 'new')],
    ['replaced by a large one', set('a', numbered(LENGTH, 5))],
    ['appended to', 'append a 0 0 1\r\nx\r\n'],
    ['deleted', 'delete a\r\n'],
    ['flushed', 'flush_all\r\nget a\r\n'],
    ['evicted for others', Array.from({ length: 30 }, (_, i) => set(`b${i}`, value)).join('')],
  ];
  for (const [name, change] of changes) {
    test(`and ${name}, the reader gets the old one whole`, () => {
      const { reader, other, first } = reading();
      other.say(change);
      const rest = reader.feedAll(line).reply;
      expect(first + rest === `${hit('a', value)}END\r\n`).toBe(true);
      expect(audit(other.store)).toEqual([]);
    });
  }
  test('a reader that goes away leaves nothing behind', () => {
    for (const [, change] of changes) {
      for (const turns of [0, 2]) {
        const { reader, other } = reading();
        for (let turn = 0; turn < turns; turn++) reader.feed(line);
        other.say(change);
        reader.session.abandon();
        expect(audit(other.store)).toEqual([]);
      }
    }
  });
  test('readers of one value do not wait for each other', () => {
    const { reader, other, first } = reading();
    const whole = `${hit('a', value)}END\r\n`;
    expect(other.say('get a\r\n') === whole).toBe(true);
    other.say('delete a\r\n');
    expect(first + reader.feedAll(line).reply === whole).toBe(true);
    expect(audit(other.store)).toEqual([]);
  });
  test('a piece is bounded', () => {
    const { reader } = reading();
    for (let fed = reader.feed(line); fed.pause === PAUSE.turnOver; fed = reader.feed(line)) {
      expect(fed.reply.length).toBeLessThan(200_000);
    }
  });
});

describe('while a large value arrives', () => {
  test('it takes what has come, and leaves nothing behind when it is given up', () => {
    const talker = new Talker(smallChunks());
    const { store } = talker;
    const line = 'set a 0 0 10000\r\n';
    for (const bytes of [0, 1, 991, 992, 993, 5000, 9999, 10_000]) {
      talker.feed(latin1(line + numbered(10_000).slice(0, bytes)));
      const chunks = 1 + Math.ceil(bytes / PAYLOAD_BYTES);
      expect(audit(store, chunks), `${bytes} bytes`).toEqual([]);
      talker.session.abandon();
      expect(audit(store), `${bytes} bytes`).toEqual([]);
    }
  });
  test('a bad end drops it, and keeps the old one', () => {
    const talker = new Talker(smallChunks());
    talker.say(set('a', 'old'));
    const value = numbered(10_000);
    expect(talker.say(`set a 0 0 10000\r\n${value}xxget a\r\n`)).toBe(
      `CLIENT_ERROR bad data chunk\r\n${hit('a', 'old')}END\r\n`,
    );
    expect(audit(talker.store)).toEqual([]);
  });
  test('memory may end: it is refused and skipped, and a set takes the old value with it', () => {
    const share = testShare({ memoryLimitBytes: 1 << 20, maxItemSizeBytes: 4 << 20 });
    const talker = new Talker(share);
    const value = numbered(3 << 20);
    const refusal = 'SERVER_ERROR out of memory storing object\r\n';
    talker.say(set('a', 'old'));
    expect(talker.say(`${set('a', value)}get a\r\n`)).toBe(`${refusal}END\r\n`);
    talker.say(set('a', 'old'));
    expect(talker.say(`add b 0 0 ${value.length}\r\n${value}\r\nget a\r\n`)).toBe(
      `${refusal}${hit('a', 'old')}END\r\n`,
    );
    expect(talker.say(`ms a ${value.length} q\r\n${value}\r\nmg a v\r\n`)).toBe(`${refusal}EN\r\n`);
    expect(talker.say('stats\r\n')).toContain('STAT store_no_memory 3\r\n');
    expect(audit(talker.store)).toEqual([]);
  });
});

test('large items are counted in the largest class, wherever their heads are', () => {
  const talker = new Talker(smallChunks());
  talker.say(`${set('a', numbered(3000))}get a\r\n`);
  const largest = talker.store.chunkBytes.length - 1;
  expect(talker.say('stats items\r\n')).toContain(`STAT items:${largest}:number 1\r\n`);
  expect(talker.say('stats slabs\r\n')).toContain(`STAT ${largest}:get_hits 1\r\n`);
  expect(talker.say(`stats cachedump ${largest} 0\r\n`)).toBe('ITEM a [3000 b; 0 s]\r\nEND\r\n');
});

test('the crawler frees large items that have expired, but for those that are being sent', () => {
  const share = testShare({ memoryLimitBytes: 8 << 20, slabChunkMaxBytes: 16 << 10 });
  const talker = new Talker(share);
  const reader = new Talker(share);
  const { store } = talker;
  const crawler = new Crawler(store);
  const value = numbered(600_000);
  const line = Buffer.from('get a\r\n');
  talker.say(`set a 0 5 600000\r\n${value}\r\nset b 0 5 600000\r\n${value}\r\n${set('c', 'c')}`);
  const first = reader.feed(line).reply;
  store.lifetimes.tick(store.lifetimes.now() + 6);
  while (crawler.step(1000));
  expect(store.index.count()).toBe(1);
  expect(first + reader.feedAll(line).reply === `${hit('a', value)}END\r\n`).toBe(true);
  expect(audit(store)).toEqual([]);
  expect(talker.say('stats\r\n')).toMatch(/STAT crawler_reclaimed 2\r\n/);
});

test('sizes may turn over completely: small, large, small again; memory never ends', () => {
  const talker = new Talker(testShare({ memoryLimitBytes: 24 << 20, maxItemSizeBytes: 4 << 20 }));
  const maintainer = new Maintainer(talker.store);
  const lengths = [4000, 3_000_000, 700_000, 500_000, 90_000, 1_300_000, 5000, 2_400_000];
  for (const length of lengths) {
    const value = numbered(length);
    const count = Math.ceil((30 << 20) / length);
    for (let i = 0; i < count; i++) {
      const reply = talker.say(set(`key-${length}-${i}`, value));
      if (i % 10 === 0) maintainer.turn();
      if (reply !== 'STORED\r\n') expect(reply, `${length} bytes, number ${i}`).toBe('STORED\r\n');
    }
    const last = `key-${length}-${count - 1}`;
    expect(talker.say(`get ${last}\r\n`) === `${hit(last, value)}END\r\n`, last).toBe(true);
    expect(audit(talker.store), `${length} bytes`).toEqual([]);
  }
});

test('values that are being sent do not stand in the way of an eviction', () => {
  const share = testShare({ memoryLimitBytes: 64 << 20, slabChunkMaxBytes: 16 << 10 });
  const writer = new Talker(share);
  const value = numbered(200_000);
  // More than an eviction looks at, and the first to give way.
  const readers = Array.from({ length: 150 }, (_, i) => {
    writer.say(set(`read-${i}`, value));
    const reader = new Talker(share);
    return { reader, line: Buffer.from(`get read-${i}\r\n`), key: `read-${i}` };
  });
  const firsts = readers.map(({ reader, line }) => reader.feed(line).reply);
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    if (writer.say(set(`key-${i}`, value)) !== 'STORED\r\n') refused++;
  }
  // An eviction that meets nothing else counts their hits down: they are out of the way of the next.
  expect(refused).toBeLessThan(5);
  for (const [i, { reader, line, key }] of readers.entries()) {
    expect(firsts[i] + reader.feedAll(line).reply === `${hit(key, value)}END\r\n`).toBe(true);
  }
  expect(audit(writer.store)).toEqual([]);
});
