import { describe, expect, test } from 'vitest';
import { CONTROL } from '../../../src/store/memory/layout.ts';
import { OP, packet } from '../../support/binary-wire.ts';
import { binarySet, runFast, set } from '../../support/fast-stop.ts';
import { Twins } from '../../support/fast-twins.ts';
import { Random, testSeed } from '../../support/random.ts';
import { fastStore, SessionHarness, testShare } from '../../support/session-harness.ts';

const KEY_BYTES_MAX = 250;
const EPOCH_SECONDS = 1_700_000_000;
const DAYS_30 = 60 * 60 * 24 * 30;
const seed = testSeed();

const makePair = (kind: 'memory32' | 'memory64', hashKey = { low: 7, high: 0 }) => {
  const share = testShare({ ...fastStore(kind), memoryLimitBytes: 1 << 20, hashKey });
  return {
    fast: new SessionHarness(share),
    plain: new SessionHarness(share, 0, { usesFastPath: false }),
  };
};

/** Runs only the fast path on a request; returns its output. */
function answer(harness: SessionHarness, input: string | Buffer): string {
  expect(runFast(harness, input)).toBe(input.length);
  const { sink } = harness;
  const reply = sink.bytes.toString('latin1', 0, sink.at);
  sink.at = 0;
  return reply;
}

describe.each(['memory32', 'memory64'] as const)('the parts of the fast path with %s', (kind) => {
  test(`the hash is that of the JavaScript for keys of all lengths, seed ${seed}`, () => {
    const random = new Random(seed);
    const words = () => ({ low: random.int(0, 2 ** 32 - 1), high: random.int(0, 2 ** 32 - 1) });
    for (const hashKey of [words(), words(), { low: 2 ** 32 - 1, high: 2 ** 31 }]) {
      const { fast, plain } = makePair(kind, hashKey);
      // Each class needs its first page from the JavaScript.
      for (let bytes = 0; bytes <= KEY_BYTES_MAX; bytes++) plain.send(set(`page${bytes}`, bytes));
      fast.feedAll(binarySet('b', 1));
      for (let length = 1; length <= KEY_BYTES_MAX; length++) {
        const key = random.bytes(length).toString('latin1');
        answer(fast, binarySet(key, 2));
        const hash = plain.parts.index.hashOf(Buffer.from(key, 'latin1'), 0, length);
        const { index } = plain.parts;
        const found = index.find(hash, Buffer.from(key, 'latin1'), 0, length);
        expect(found, `${length} bytes`).not.toBe(0);
        expect(index.hashOfItem(found)).toBe(hash);
      }
    }
  });
  test('CAS ids of all lengths are written in decimal', () => {
    const { fast, plain } = makePair(kind);
    for (let digits = 1; digits <= 20; digits++) {
      for (const cas of [`${'9'.repeat(digits)}`, `1${'0'.repeat(digits - 1)}`]) {
        const shown = BigInt(cas) < 2n ** 64n ? cas : `${2n ** 64n - 1n}`;
        plain.send(`ms a 2 E${shown}\r\nhi\r\n`);
        expect(answer(fast, 'gets a\r\n')).toBe(`VALUE a 0 2 ${shown}\r\nhi\r\nEND\r\n`);
        expect(answer(fast, 'mg a c\r\n')).toBe(`HD c${shown}\r\n`);
        const reply = Buffer.from(answer(fast, packet({ opcode: OP.get, key: 'a' })), 'latin1');
        expect(reply.readBigUInt64BE(16)).toBe(BigInt(shown));
      }
    }
  });
  test('sequence numbers of 47 bits are drawn and written as by the JavaScript', () => {
    const twins = new Twins({ kind });
    for (const [high, low] of [
      [0, 2 ** 31 - 2],
      [0, 2 ** 32 - 2],
      [5, 2 ** 31 - 3],
      [32_767, 2 ** 32 - 9],
    ] as const) {
      for (const { harness } of [twins.plain, twins.fast]) {
        const { control } = harness.parts.arena;
        control[CONTROL.seqLow] = low;
        control[CONTROL.seqHighEven] = high;
        control[CONTROL.seqHighOdd] = high;
      }
      const input = `${set('a', 2)}gets a\r\nms b 2 c\r\nhi\r\n`;
      for (let nth = 0; nth < 6; nth++) {
        twins.feedCut(Buffer.from(input), []);
        twins.compare();
      }
    }
    expect(twins.fastRequests).toBeGreaterThan(4 * 17);
  });
  test('client flags of all lengths are written in decimal', () => {
    const { fast, plain } = makePair(kind);
    for (let digits = 1; digits <= 10; digits++) {
      for (const text of ['9'.repeat(digits), `1${'0'.repeat(digits - 1)}`]) {
        const flags = Math.min(Number(text), 2 ** 32 - 1);
        plain.send(`set a ${flags} 0 2\r\nhi\r\n`);
        expect(answer(fast, 'get a\r\n')).toBe(`VALUE a ${flags} 2\r\nhi\r\nEND\r\n`);
        expect(answer(fast, `set a ${flags} 0 2\r\nho\r\n`)).toBe('STORED\r\n');
        expect(plain.send('mg a f v\r\n')).toBe(`VA 2 f${flags}\r\nho\r\n`);
      }
    }
  });
  test('an overwrite lowers the earliest expiry of its class', () => {
    const twins = new Twins({ kind });
    twins.feedCut(Buffer.from(set('z', 2) + set('a', 2) + set('a', 2, 100) + set('a', 2, 50)), []);
    twins.compare();
    expect(twins.fastRequests).toBe(3);
  });
  test('exptimes become the same expiry as in the JavaScript, also at the limits', () => {
    const twins = new Twins({ kind });
    const future = EPOCH_SECONDS + 1;
    const exptimes = [0, 1, DAYS_30 - 1, DAYS_30, DAYS_30 + 1, future - 2, future - 1, future];
    for (const exptime of [...exptimes, future + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      const lines = [
        set('a', 2, exptime),
        'mg a t v\r\n',
        set('a', 2),
        `touch a ${exptime}\r\n`,
        'mg a t\r\n',
        `ms a 2 T${exptime}\r\nhi\r\n`,
        'mg a t\r\n',
        set('a', 2),
        `mg a T${exptime} t\r\n`,
        'mg a t\r\n',
      ];
      twins.feedCut(Buffer.from(set('z', 2) + lines.join('')), []);
      twins.reconnect();
      twins.feedCut(
        Buffer.concat([binarySet('a', 2, exptime), packet({ opcode: OP.get, key: 'a' })]),
        [],
      );
      twins.reconnect();
      twins.compare();
    }
    expect(twins.fastRequests).toBeGreaterThan(80);
  });
});
