import { beforeEach, describe, expect, test } from 'vitest';
import { KeyBatch } from '../../../../src/cluster/thread/key-batch.ts';
import { slotOf } from '../../../../src/store/copies/copy-slots.ts';
import type { OpenChanges } from '../../../../src/store/copies/open-changes.ts';
import { CopyNode, collidingKeys, set } from '../../../support/copy-node.ts';

let node: CopyNode;
let here: OpenChanges;
let there: OpenChanges;
beforeEach(() => {
  node = new CopyNode({ threads: 2 });
  const [first, second] = node.threads;
  here = first!.changes;
  there = second!.changes;
});

type Method = 'begin' | 'isOpen';
function call<Name extends Method>(changes: OpenChanges, name: Name, key: string) {
  return changes[name](Buffer.from(key), 0, key.length) as ReturnType<OpenChanges[Name]>;
}

function settle(changes: OpenChanges, ...keys: readonly string[]): void {
  const batch = new KeyBatch();
  for (const key of keys) batch.add(Buffer.from(key), 0, key.length);
  changes.settle(batch);
}

describe('the changes that holders may lack', () => {
  test('a change is open for other threads at once, and for its own after its input', () => {
    call(here, 'begin', 'a');
    call(here, 'begin', 'a');
    expect([call(here, 'isOpen', 'a'), call(there, 'isOpen', 'a')]).toEqual([false, true]);
    const slots = here.take();
    expect(slots).toHaveLength(1);
    expect([call(here, 'isOpen', 'a'), call(there, 'isOpen', 'a')]).toEqual([true, true]);
    here.end(slots);
    expect([call(here, 'isOpen', 'a'), call(there, 'isOpen', 'a')]).toEqual([false, false]);
    expect([here.hasBegun, here.take()]).toEqual([false, []]);
  });
  test('the keys of a slot are open together, and others are not', () => {
    const [a, b] = collidingKeys(node.store, 2) as [string, string];
    call(here, 'begin', a);
    expect([call(there, 'isOpen', b), call(there, 'isOpen', 'other')]).toEqual([true, false]);
  });
  test('a change that two threads make of a key is open until both have ended', () => {
    call(here, 'begin', 'a');
    call(there, 'begin', 'a');
    there.end(there.take());
    expect([call(here, 'isOpen', 'a'), call(there, 'isOpen', 'a')]).toEqual([false, true]);
  });
  test('the items that a thread writes have a mark, until they are settled', () => {
    here.isMarking = true;
    call(here, 'begin', 'a');
    node.send(set('a', 'x'));
    expect(node.isCopy('a')).toBe(true);
    settle(there, 'a');
    expect(node.isCopy('a')).toBe(true);
    here.end(here.take());
    settle(there, 'a');
    expect(node.isCopy('a')).toBe(false);
    here.isMarking = false;
    node.send(set('a', 'y'));
    expect(node.isCopy('a')).toBe(false);
  });
  test('more keys than one look-ahead takes are settled', () => {
    const keys = Array.from({ length: 100 }, (_, nth) => `key-${nth}`);
    here.isMarking = true;
    for (const key of keys) call(here, 'begin', key);
    for (const key of keys) node.send(set(key, 'x'));
    here.end(here.take());
    settle(there, ...keys);
    expect(keys.map((key) => node.isCopy(key))).toEqual(keys.map(() => false));
  });
  test('changes that the fast path has counted are open for other threads, and end once', () => {
    const { index, arena } = node.parts;
    const hash = index.hashOf(Buffer.from('a'), 0, 1);
    for (let nth = 0; nth < 2; nth++) {
      Atomics.add(arena.openChanges, slotOf(hash), 1);
      here.begunFast(hash);
    }
    call(here, 'begin', 'a');
    expect([call(here, 'isOpen', 'a'), call(there, 'isOpen', 'a')]).toEqual([false, true]);
    here.end(here.take());
    expect(call(there, 'isOpen', 'a')).toBe(false);
  });
  test('a key without an item has nothing to settle', () => {
    settle(here, 'a');
    expect(node.idOf('a')).toBe(0);
  });
});
