import { describe, expect, test } from 'vitest';
import { CLASS, CONTROL } from '../../../src/store/memory/layout.ts';
import { OP, packet } from '../../support/binary-wire.ts';
import { binarySet, runFast, SET_A, SET_Z, set } from '../../support/fast-stop.ts';
import { Twins } from '../../support/fast-twins.ts';
import type { SessionHarness } from '../../support/session-harness.ts';

const BUCKETS_MIN = 4096;

const both = ({ plain, fast }: Twins, work: (harness: SessionHarness) => void): void => {
  for (const { harness } of [plain, fast]) work(harness);
};
const send = (twins: Twins, input: string | Buffer): void => {
  twins.reconnect();
  twins.feedCut(Buffer.from(input as string), []);
};

/** A key of the same bucket as `key`, which begins with it. */
function longerKey({ parts }: SessionHarness, key: string): string {
  const bucketOf = (each: string): number =>
    parts.index.hashOf(Buffer.from(each), 0, each.length) % BUCKETS_MIN;
  for (let nth = 0; ; nth++) {
    const longer = `${key}${nth}`;
    if (bucketOf(longer) === bucketOf(key)) return longer;
  }
}

describe('keys of one bucket, one of which begins with the other', () => {
  const twinsOf = () => {
    const twins = new Twins({ kind: 'memory32', growsIndex: true });
    send(twins, SET_Z);
    return { twins, longer: longerKey(twins.fast.harness, 'a') };
  };
  test('a get of the shorter one does not find the longer one', () => {
    const { twins, longer } = twinsOf();
    send(twins, set(longer, 3) + set('a', 2) + set(longer, 3));
    send(twins, `delete a\r\nget a\r\nmg a v\r\ntouch a 5\r\nget ${longer}\r\n`);
    twins.compare();
    expect(twins.fastRequests).toBe(3 + 5);
  });
  test('a get of the longer one does not take a value for the rest of the key', () => {
    const { twins, longer } = twinsOf();
    const value = longer.slice(1);
    send(twins, `set a 0 0 ${value.length}\r\n${value}\r\n`);
    send(twins, `get ${longer}\r\nmg ${longer} v\r\nget a\r\n`);
    twins.compare();
    expect(twins.fastRequests).toBe(1 + 3);
  });
});

test('the index does not grow beyond its last bucket', () => {
  const twins = new Twins({ kind: 'memory32', store: { memoryLimitBytes: 1 << 20 } });
  send(twins, SET_Z);
  both(twins, ({ parts }) => {
    const { control, layout } = parts.arena;
    control[CONTROL.buckets] = layout.bucketsMax;
    control[CONTROL.itemCount] = 2 * layout.bucketsMax;
  });
  send(twins, SET_A);
  const { parts } = twins.fast.harness;
  expect(parts.index.bucketCount()).toBe(parts.arena.layout.bucketsMax);
  expect(twins.fastRequests).toBe(1);
});

test.each([
  ['delete', 'delete a\r\n'],
  ['md', 'md a\r\n'],
  ['a set in another class', set('a', 300)],
])('the chunk that %s frees in a page that leaves its class is no free chunk', (_, request) => {
  const twins = new Twins({ kind: 'memory32' });
  send(twins, SET_A + set('b', 300));
  const classId = twins.fast.harness.parts.arena.sizeClasses.classFor(32 + 1 + 20);
  const wordOf = (name: 'leavingPage' | 'leavingFreeChunks' | 'freeCount'): number =>
    classId * CLASS.words + CLASS[name];
  // The first page of the store is the one of the class.
  both(twins, ({ parts }) =>
    parts.arena.classes.fill(1, wordOf('leavingPage'), wordOf('leavingPage') + 1),
  );
  const before = twins.fastRequests;
  send(twins, request);
  twins.compare();
  const { classes } = twins.fast.harness.parts.arena;
  expect(twins.fastRequests - before).toBe(1);
  expect(classes[wordOf('leavingFreeChunks')]).toBe(1);
  expect(classes[wordOf('freeCount')]).toBe(0);
});

describe('sequence numbers of more than 32 bits', () => {
  const flushAt = (twins: Twins, high: number, low: number): void =>
    both(twins, ({ parts }) => {
      parts.arena.control[CONTROL.flushSeqHigh] = high;
      parts.arena.control[CONTROL.flushSeqLow] = low;
    });
  test('a flush hides an item whose high word is lower, whatever the low word', () => {
    const twins = new Twins({ kind: 'memory32' });
    send(twins, SET_A);
    flushAt(twins, 1, 0);
    for (const input of ['get a\r\n', 'mg a v\r\n', 'touch a 5\r\n'])
      expect(runFast(twins.fast.harness, input), input).toBe(0);
    send(twins, 'get a\r\n');
    twins.compare();
  });
  test('a flush does not hide an item whose high word is higher, whatever the low word', () => {
    const twins = new Twins({ kind: 'memory32' });
    both(twins, ({ parts }) => {
      parts.arena.control[CONTROL.seqHighEven] = 1;
      parts.arena.control[CONTROL.seqHighOdd] = 1;
    });
    send(twins, SET_A);
    flushAt(twins, 0, 1000);
    expect(runFast(twins.fast.harness, 'get a\r\n')).toBe(7);
    twins.fast.harness.sink.at = 0;
    twins.plain.harness.send('get a\r\n');
    twins.compare();
  });
});

test('a node without CAS ids shows none', () => {
  const twins = new Twins({ kind: 'memory32', store: { disableCas: true } });
  send(twins, SET_A);
  const reads = `gets a\r\nmg a c v\r\n${SET_A}ms a 2 c\r\nhi\r\nmg a c\r\n`;
  send(twins, reads);
  send(twins, Buffer.concat([binarySet('a', 20), packet({ opcode: OP.get, key: 'a' })]));
  twins.compare();
  expect(twins.fastRequests).toBe(5 + 2);
  twins.reconnect();
  expect(twins.fast.harness.send('gets a\r\n')).toMatch(/^VALUE a 0 20 0\r\n/);
});
