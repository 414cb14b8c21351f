import { describe, expect, test } from 'vitest';
import { PAUSE } from '../../../src/server/session/states.ts';
import type { StoreShare } from '../../../src/store/index.ts';
import { Crawler } from '../../../src/store/upkeep/crawler.ts';
import { Maintainer } from '../../../src/store/upkeep/maintainer.ts';
import { audit } from '../../support/audit.ts';
import { OP, packet, packetsOf, storeExtras, uint32Extras } from '../../support/binary-wire.ts';
import { type Cuts, pieces } from '../../support/cuts.ts';
import { SessionHarness, testShare } from '../../support/session-harness.ts';

const CHUNK_BYTES = 1024;
const PAYLOAD_BYTES = CHUNK_BYTES - 32;
/** Chunks of 1 KiB: the chains are short enough for a cut at every interesting place. */
const smallChunks = (): StoreShare =>
  testShare({ memoryLimitBytes: 1 << 20, slabChunkMaxBytes: CHUNK_BYTES });
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A text that contains its own offsets, so a misplaced piece changes it. */
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

/** Cuts in the request line, around the end of each chunk, and around the end of the value. */
function* chainCuts(bytes: Buffer, lineBytes: number): Generator<Cuts> {
  yield [];
  for (let at = 1; at < lineBytes + 3; at++) yield [at];
  for (let end = lineBytes; end < bytes.length; end += PAYLOAD_BYTES) {
    for (const at of [end - 1, end, end + 1]) if (at > 0 && at < bytes.length) yield [at];
  }
  for (let at = bytes.length - 12; at < bytes.length; at++) yield [at];
  yield Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
}

describe('a large value arrives intact however the network cuts its bytes', () => {
  for (const length of [993, 1984, 1985, 3000, 20 * PAYLOAD_BYTES]) {
    test(`${length} bytes`, () => {
      const value = numbered(length);
      const line = `set a 0 0 ${length}\r\n`;
      const bytes = latin1(`${line}${value}\r\nget a b a\r\n`);
      const share = smallChunks();
      for (const cuts of chainCuts(bytes, line.length)) {
        const harness = new SessionHarness(share);
        const parts = pieces(bytes, cuts).map((piece) => Buffer.from(piece));
        const reply = `STORED\r\n${hit('a', value)}${hit('a', value)}END\r\n`;
        expect(harness.feedPieces(parts) === reply, `cut at ${cuts.slice(0, 3)}`).toBe(true);
        expect(audit(harness.parts), `cut at ${cuts.slice(0, 3)}`).toEqual([]);
      }
    });
  }
});

describe('every command supports large values', () => {
  const old = numbered(5000);
  const exchange = (...requests: readonly string[]): string => {
    const harness = new SessionHarness(smallChunks());
    harness.send(set('a', old));
    const reply = requests.map((request) => harness.send(request)).join('');
    expect(audit(harness.parts)).toEqual([]);
    return reply;
  };
  test('append and prepend add few and many bytes', () => {
    for (const added of ['x', numbered(900, 1), numbered(7000, 2)]) {
      const data = `a 0 0 ${added.length}\r\n${added}\r\n`;
      expect(exchange(`append ${data}`, 'get a\r\n')).toBe(
        `STORED\r\n${hit('a', old + added)}END\r\n`,
      );
      expect(exchange(`prepend ${data}`, 'get a\r\n')).toBe(
        `STORED\r\n${hit('a', added + old)}END\r\n`,
      );
    }
  });
  test('an append turns a small value into a large one', () => {
    const harness = new SessionHarness(smallChunks());
    const half = numbered(900);
    harness.send(set('a', half));
    expect(harness.send(`append a 0 0 900\r\n${half}\r\nget a\r\n`)).toBe(
      `STORED\r\n${hit('a', half + half)}END\r\n`,
    );
    expect(audit(harness.parts)).toEqual([]);
  });
  test('cas, incr, touch, gat and delete reply as for a small value', () => {
    const cas = /(\d+)\r\n/.exec(exchange('gets a\r\n').slice(0, 40))![1]!;
    expect(exchange(`cas a 0 0 3 ${cas}\r\nnew\r\nget a\r\n`)).toBe(
      `STORED\r\n${hit('a', 'new')}END\r\n`,
    );
    expect(exchange('incr a 1\r\n')).toMatch(/^CLIENT_ERROR cannot increment/);
    expect(exchange('touch a 10\r\ngat 20 a\r\n')).toBe(`TOUCHED\r\n${hit('a', old)}END\r\n`);
    expect(exchange('delete a\r\nget a\r\n')).toBe('DELETED\r\nEND\r\n');
  });
  test('incr refuses a large value of digits', () => {
    const harness = new SessionHarness(smallChunks());
    harness.send(set('n', '5'.padEnd(2000)));
    expect(harness.send('incr n 1\r\n')).toMatch(/^CLIENT_ERROR cannot increment/);
  });
  test('meta commands read, write, invalidate and append', () => {
    expect(exchange('mg a s v f\r\nmn\r\n')).toBe(`VA 5000 s5000 f0\r\n${old}\r\nMN\r\n`);
    expect(exchange('mg a s\r\nmg a v q k\r\nmn\r\n')).toBe(
      `HD s5000\r\nVA 5000 ka\r\n${old}\r\nMN\r\n`,
    );
    const cas = '77';
    expect(exchange(`ms a 2000 E${cas} c\r\n${numbered(2000)}\r\nmg a c v\r\n`)).toBe(
      `HD c77\r\nVA 2000 c77\r\n${numbered(2000)}\r\n`,
    );
    expect(exchange('md a I E99\r\nmg a c v\r\n')).toBe(`HD\r\nVA 5000 c99 X W\r\n${old}\r\n`);
    expect(exchange('md a x\r\nmg a v\r\n')).toBe('HD\r\nVA 0\r\n\r\n');
    expect(exchange(`ms a 3000 MA\r\n${old.slice(0, 3000)}\r\nmg a s\r\n`)).toBe(
      'HD\r\nHD s8000\r\n',
    );
    expect(exchange('me a\r\n')).toMatch(/ cls=\d+ size=5033\r\n$/);
  });
  test('binary commands read, write, append and touch', () => {
    const harness = new SessionHarness(smallChunks());
    const bytes = Buffer.concat([
      packet({ opcode: OP.set, key: 'a', extras: storeExtras(7), value: old, opaque: 1 }),
      packet({ opcode: OP.getk, key: 'a', opaque: 2 }),
      packet({ opcode: OP.appendq, key: 'a', value: '!!', opaque: 3 }),
      packet({ opcode: OP.gat, key: 'a', extras: uint32Extras(100), opaque: 4 }),
      packet({ opcode: OP.touch, key: 'a', extras: uint32Extras(100), opaque: 5 }),
    ]);
    const { packets } = packetsOf(latin1(harness.feedPieces([bytes])));
    expect(packets.map(({ opaque, value }) => [opaque, value])).toEqual([
      [1, ''],
      [2, old],
      [4, `${old}!!`],
      [5, ''],
    ]);
    expect(audit(harness.parts)).toEqual([]);
  });
  test('one get returns large and small values', () => {
    const harness = new SessionHarness(smallChunks());
    const small = 'small';
    const large = numbered(50_000);
    harness.send(set('s', small) + set('l', large));
    const keys = ['l', 's', 'none', 'l', 'l', 's'];
    const values = keys.map((key) => (key === 'none' ? '' : hit(key, key === 's' ? small : large)));
    expect(harness.send(`get ${keys.join(' ')}\r\nversion\r\n`)).toBe(
      `${values.join('')}END\r\nVERSION test\r\n`,
    );
  });
});

describe('while the node sends a large value', () => {
  const LENGTH = 900_000;
  const value = numbered(LENGTH);
  const line = Buffer.from('get a\r\n');
  /** Starts a reader that has received the first piece of the value. */
  function startReading(): { reader: SessionHarness; other: SessionHarness; first: string } {
    const share = testShare({ memoryLimitBytes: 4 << 20, slabChunkMaxBytes: 16 << 10 });
    const reader = new SessionHarness(share);
    const other = new SessionHarness(share);
    other.send(set('a', value));
    const start = reader.feed(line);
    expect(start.pause).toBe(PAUSE.yielded);
    return { reader, other, first: start.reply };
  }
  const changes: readonly (readonly [string, string])[] = [
    ['a small set', set('a', 'new')],
    ['a large set', set('a', numbered(LENGTH, 5))],
    ['an append', 'append a 0 0 1\r\nx\r\n'],
    ['a delete', 'delete a\r\n'],
    ['a flush', 'flush_all\r\nget a\r\n'],
    ['an eviction', Array.from({ length: 30 }, (_, i) => set(`b${i}`, value)).join('')],
  ];
  for (const [name, change] of changes) {
    test(`${name} does not change the value that the reader receives`, () => {
      const { reader, other, first } = startReading();
      other.send(change);
      const rest = reader.feedAll(line).reply;
      expect(first + rest === `${hit('a', value)}END\r\n`).toBe(true);
      expect(audit(other.parts)).toEqual([]);
    });
  }
  test('a reader that disconnects leaves no chunks behind', () => {
    for (const [, change] of changes) {
      for (const turns of [0, 2]) {
        const { reader, other } = startReading();
        for (let turn = 0; turn < turns; turn++) reader.feed(line);
        other.send(change);
        reader.session.abandon();
        expect(audit(other.parts)).toEqual([]);
      }
    }
  });
  test('another reader of the value does not wait for the first one', () => {
    const { reader, other, first } = startReading();
    const whole = `${hit('a', value)}END\r\n`;
    expect(other.send('get a\r\n') === whole).toBe(true);
    other.send('delete a\r\n');
    expect(first + reader.feedAll(line).reply === whole).toBe(true);
    expect(audit(other.parts)).toEqual([]);
  });
  test('the session sends the value in bounded pieces', () => {
    const { reader } = startReading();
    for (let fed = reader.feed(line); fed.pause === PAUSE.yielded; fed = reader.feed(line)) {
      expect(fed.reply.length).toBeLessThan(200_000);
    }
  });
});

describe('while the node receives a large value', () => {
  test('the node allocates chunks for received bytes, and frees them as the session ends', () => {
    const harness = new SessionHarness(smallChunks());
    const { parts } = harness;
    const line = 'set a 0 0 10000\r\n';
    for (const bytes of [0, 1, 991, 992, 993, 5000, 9999, 10_000]) {
      harness.feed(latin1(line + numbered(10_000).slice(0, bytes)));
      const chunks = 1 + Math.ceil(bytes / PAYLOAD_BYTES);
      expect(audit(parts, chunks), `${bytes} bytes`).toEqual([]);
      harness.session.abandon();
      expect(audit(parts), `${bytes} bytes`).toEqual([]);
    }
  });
  test('a bad trailer discards the new value and keeps the old one', () => {
    const harness = new SessionHarness(smallChunks());
    harness.send(set('a', 'old'));
    const value = numbered(10_000);
    expect(harness.send(`set a 0 0 10000\r\n${value}xxget a\r\n`)).toBe(
      `CLIENT_ERROR bad data chunk\r\n${hit('a', 'old')}END\r\n`,
    );
    expect(audit(harness.parts)).toEqual([]);
  });
  test('without memory the node refuses and skips a value, and a set removes the old one', () => {
    const share = testShare({ memoryLimitBytes: 1 << 20, maxItemSizeBytes: 4 << 20 });
    const harness = new SessionHarness(share);
    const value = numbered(3 << 20);
    const refusal = 'SERVER_ERROR out of memory storing object\r\n';
    harness.send(set('a', 'old'));
    expect(harness.send(`${set('a', value)}get a\r\n`)).toBe(`${refusal}END\r\n`);
    harness.send(set('a', 'old'));
    expect(harness.send(`add b 0 0 ${value.length}\r\n${value}\r\nget a\r\n`)).toBe(
      `${refusal}${hit('a', 'old')}END\r\n`,
    );
    expect(harness.send(`ms a ${value.length} q\r\n${value}\r\nmg a v\r\n`)).toBe(
      `${refusal}EN\r\n`,
    );
    expect(harness.send('stats\r\n')).toContain('STAT store_no_memory 3\r\n');
    expect(audit(harness.parts)).toEqual([]);
  });
});

test('stats count large items in the largest size class, wherever their heads are', () => {
  const harness = new SessionHarness(smallChunks());
  harness.send(`${set('a', numbered(3000))}get a\r\n`);
  const largest = harness.parts.arena.sizeClasses.chunkBytes.length - 1;
  expect(harness.send('stats items\r\n')).toContain(`STAT items:${largest}:number 1\r\n`);
  expect(harness.send('stats slabs\r\n')).toContain(`STAT ${largest}:get_hits 1\r\n`);
  expect(harness.send(`stats cachedump ${largest} 0\r\n`)).toBe('ITEM a [3000 b; 0 s]\r\nEND\r\n');
});

test('the crawler frees expired large items, except those that a session still sends', () => {
  const share = testShare({ memoryLimitBytes: 8 << 20, slabChunkMaxBytes: 16 << 10 });
  const harness = new SessionHarness(share);
  const reader = new SessionHarness(share);
  const { parts } = harness;
  const crawler = new Crawler(parts);
  const value = numbered(600_000);
  const line = Buffer.from('get a\r\n');
  harness.send(`set a 0 5 600000\r\n${value}\r\nset b 0 5 600000\r\n${value}\r\n${set('c', 'c')}`);
  const first = reader.feed(line).reply;
  parts.clock.tick(parts.clock.now() + 6);
  while (crawler.step(1000));
  expect(parts.index.count()).toBe(1);
  expect(first + reader.feedAll(line).reply === `${hit('a', value)}END\r\n`).toBe(true);
  expect(audit(parts)).toEqual([]);
  expect(harness.send('stats\r\n')).toMatch(/STAT crawler_reclaimed 2\r\n/);
});

test('the store never runs out of memory when all value sizes change, and change back', () => {
  const harness = new SessionHarness(
    testShare({ memoryLimitBytes: 24 << 20, maxItemSizeBytes: 4 << 20 }),
  );
  const maintainer = new Maintainer(harness.parts);
  const lengths = [4000, 3_000_000, 700_000, 500_000, 90_000, 1_300_000, 5000, 2_400_000];
  for (const length of lengths) {
    const value = numbered(length);
    const count = Math.ceil((30 << 20) / length);
    for (let i = 0; i < count; i++) {
      const reply = harness.send(set(`key-${length}-${i}`, value));
      if (i % 10 === 0) maintainer.runSlice();
      if (reply !== 'STORED\r\n') expect(reply, `${length} bytes, number ${i}`).toBe('STORED\r\n');
    }
    const last = `key-${length}-${count - 1}`;
    expect(harness.send(`get ${last}\r\n`) === `${hit(last, value)}END\r\n`, last).toBe(true);
    expect(audit(harness.parts), `${length} bytes`).toEqual([]);
  }
});

test('values that sessions still send do not make evictions fail', () => {
  const share = testShare({ memoryLimitBytes: 64 << 20, slabChunkMaxBytes: 16 << 10 });
  const writer = new SessionHarness(share);
  const value = numbered(200_000);
  // More items than one eviction checks, and the first candidates for eviction.
  const readers = Array.from({ length: 150 }, (_, i) => {
    writer.send(set(`read-${i}`, value));
    const reader = new SessionHarness(share);
    return { reader, line: Buffer.from(`get read-${i}\r\n`), key: `read-${i}` };
  });
  const firsts = readers.map(({ reader, line }) => reader.feed(line).reply);
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    if (writer.send(set(`key-${i}`, value)) !== 'STORED\r\n') refused++;
  }
  // An eviction that finds only pinned items decrements their hit counts, so the next one passes
  // them.
  expect(refused).toBeLessThan(5);
  for (const [i, { reader, line, key }] of readers.entries()) {
    expect(firsts[i] + reader.feedAll(line).reply === `${hit(key, value)}END\r\n`).toBe(true);
  }
  expect(audit(writer.parts)).toEqual([]);
});
