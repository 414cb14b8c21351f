import { beforeEach, describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import { KeyBatch } from '../../../src/cluster/thread/key-batch.ts';
import {
  beginBatch,
  beginState,
  endState,
  Frame,
  StatesReader,
} from '../../../src/protocol/peer.ts';
import { newItemState } from '../../../src/store/index.ts';
import { FLAG } from '../../../src/store/memory/item-layout.ts';
import { audit } from '../../support/audit.ts';
import { CopyNode, set, show } from '../../support/copy-node.ts';
import { Random, testSeed } from '../../support/random.ts';
import { fastStore } from '../../support/session-harness.ts';

const ROUNDS = 150;
const KEYS = Array.from({ length: 30 }, (_, nth) => `key-${nth}`);
const seed = testSeed();

let primary: CopyNode;
/** A receiver with the fast path, and one without it. */
let fast: CopyNode;
let slow: CopyNode;
beforeEach(() => {
  primary = new CopyNode();
  fast = new CopyNode(fastStore('memory32'));
  slow = new CopyNode(fastStore('memory32'));
  fast.copies.changes.fast = fast.fastPath!.copies;
});

/** A batch with the states of keys at the primary now. */
function batchOf(keys: readonly string[]): Frame {
  const sink = new ByteSink(1000);
  beginBatch(sink, 0);
  for (const key of keys) {
    const bytes = Buffer.from(key);
    const state = newItemState();
    const at = beginState(sink, bytes, 0, bytes.length);
    primary.copies.read(bytes, 0, bytes.length, state, sink);
    endState(sink, at, state);
  }
  const frame = new Frame();
  // At any alignment.
  const shift = keys.length % 8;
  frame.show(Buffer.concat([Buffer.alloc(shift), sink.bytes.subarray(0, sink.at)]));
  frame.start = shift;
  frame.end = shift + sink.at;
  return frame;
}

/** What became of each state of a batch; the fast path takes what it can. */
function take(node: CopyNode, frame: Frame, usesFastPath: boolean): readonly string[] {
  const reader = new StatesReader();
  const state = newItemState();
  const taken: string[] = [];
  reader.open(frame);
  for (;;) {
    if (usesFastPath) {
      const { copies } = node.fastPath!;
      const next = copies.takeStates(frame.bytes, reader.at, frame.end);
      reader.skip(copies.taken, next);
      for (let nth = 0; nth < copies.taken; nth++) taken.push('done');
      fastCount += copies.taken;
    }
    if (!reader.next(state)) return taken;
    taken.push(node.copies.take(state));
  }
}
let fastCount = 0;

function randomChange(random: Random, key: string): string {
  const value = 'v'.repeat(random.pick([1, 1, 5, 90, 91, 2000, 5000])) + random.int(0, 9);
  const flags = random.pick([0, 0, 0, 1, 0xffff_ffff]);
  return random.weighted<string>([
    [10, set(key, value, random.pick([0, 0, 0, 5, 1000]), flags)],
    [1, `delete ${key}\r\n`],
    [1, `ms ${key} 2 E${random.int(1, 9)}\r\nab\r\n`],
    [1, `md ${key} I T30\r\n`],
    [3, `get ${key}\r\nget ${key}\r\n`],
    [1, `touch ${key} ${random.int(0, 3) * 10}\r\n`],
  ]);
}

describe('the states that the fast path takes', () => {
  test(`the fast path takes states as the JavaScript does, seed ${seed}`, () => {
    const random = new Random(seed);
    fastCount = 0;
    const late: Frame[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const keys = Array.from({ length: random.int(1, 70) }, () => random.pick(KEYS));
      for (const key of keys) primary.send(randomChange(random, key));
      const frame = batchOf(keys);
      if (random.int(0, 3) === 0) late.push(frame);
      else expect(take(fast, frame, true)).toEqual(take(slow, frame, false));
      if (late.length > 3) {
        const old = late.shift()!;
        expect(take(fast, old, true)).toEqual(take(slow, old, false));
      }
      for (const node of [primary, fast, slow]) if (random.int(0, 9) === 0) node.wait(1);
      slow.parts.clock.tick(fast.parts.clock.now());
      for (const key of keys) {
        expect(show(fast, key)).toBe(show(slow, key));
        expect(fast.isCopy(key)).toBe(slow.isCopy(key));
      }
    }
    expect(fastCount).toBeGreaterThan(ROUNDS);
    expect([...fast.parts.arena.copySlots]).toEqual([...slow.parts.arena.copySlots]);
    expect(audit(fast.parts)).toEqual([]);
  });

  test('the numbers that the node draws are above those of all states that it took', () => {
    primary.send(set('a', '1'));
    take(fast, batchOf(['a']), false);
    primary.copies.raiseSequence(3, 0xffff_0000);
    primary.send(set('a', '2'));
    expect(take(fast, batchOf(['a']), true)).toEqual(['done']);
    expect(fast.copies.sequence().high).toBe(3);
    expect(fast.copies.sequence().low).toBeGreaterThan(0xffff_0000);
  });

  test('an older state is left to the JavaScript, which refuses it', () => {
    primary.send(set('a', '1'));
    const old = batchOf(['a']);
    primary.send(set('a', '2'));
    take(fast, batchOf(['a']), false);
    expect(take(fast, old, true)).toEqual(['refused']);
    expect(show(fast, 'a', 'v')).toContain('2');
  });

  test('a state with an unknown bit, and a part of one, are left to the JavaScript', () => {
    primary.send(set('a', '1'));
    take(fast, batchOf(['a']), false);
    const frame = batchOf(['a', 'a']);
    const { copies } = fast.fastPath!;
    const start = frame.start + Float64Array.BYTES_PER_ELEMENT;
    const size = (frame.end - start) / 2;
    const cut = copies.takeStates(frame.bytes, start, frame.end - 1);
    expect([cut, copies.taken]).toEqual([start + size, 1]);
    frame.bytes[start + size] = 0x80;
    expect(copies.takeStates(frame.bytes, start, frame.end)).toBe(start + size);
    frame.bytes[start] = 0;
    expect(copies.takeStates(frame.bytes, start, frame.end)).toBe(start);
    expect(copies.taken).toBe(0);
  });
});

describe('the marks that the fast path takes', () => {
  const batch = (keys: readonly string[]): KeyBatch => {
    const all = new KeyBatch();
    for (const key of keys) all.append(Buffer.from(key), 0, key.length);
    return all;
  };

  test('all marks of a batch go, unless their slot has a change', () => {
    const keys = Array.from({ length: 2000 }, (_, nth) => `key-${nth}`);
    const { changes } = fast.copies;
    for (const key of keys) {
      fast.send(set(key, 'x'));
      fast.parts.items.setFlags(fast.idOf(key), FLAG.copy);
    }
    changes.begin(Buffer.from('key-7'), 0, 5);
    changes.take();
    changes.settle(batch([...keys, 'nothing']));
    const marked = keys.filter((key) => fast.isCopy(key));
    expect(marked).toContain('key-7');
    expect(marked.length).toBeLessThanOrEqual(5);
  });

  test('a key whose lock is busy is settled by the JavaScript', () => {
    const settled: number[] = [];
    fast.send(set('a', 'x') + set('b', 'x') + set('c', 'x'));
    const { index, stripes, items } = fast.parts;
    const hash = index.hashOf(Buffer.from('b'), 0, 1);
    for (const key of ['a', 'b', 'c']) items.setFlags(fast.idOf(key), FLAG.copy);
    stripes.lock(hash);
    fast.fastPath!.copies.settle(batch(['a', 'b', 'c']), (nth) => settled.push(nth));
    stripes.unlock(hash);
    expect(settled).toEqual([1]);
    expect(['a', 'b', 'c'].map((key) => fast.isCopy(key))).toEqual([false, true, false]);
  });
});
