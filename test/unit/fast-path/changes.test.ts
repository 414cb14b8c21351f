import { beforeEach, describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import { REGION } from '../../../src/fast-path/region.ts';
import { beginState, endState } from '../../../src/protocol/peer.ts';
import { newItemState } from '../../../src/store/index.ts';
import { CopyNode, collidingKeys, set } from '../../support/copy-node.ts';
import { fastStore } from '../../support/session-harness.ts';

const RIGHTS = { outputBytes: 100_000, isBinary: false, mayWrite: false, maySet: true };
const LONG = 'v'.repeat(2000);

let node: CopyNode;
beforeEach(() => {
  node = new CopyNode({ ...fastStore('memory32'), threads: 2 });
  node.fastPath!.keepsChanges = 'hidden';
});

/** Runs the fast path alone; returns how many bytes of the requests it has served. */
function run(requests: string, rights = RIGHTS): number {
  node.sink.at = 0;
  node.fastPath!.run(Buffer.from(requests), 0, requests.length, node.sink, 1000, rights);
  return node.fastPath!.at;
}

/** What the fast path has kept: the keys, and the states as it has encoded them. */
function kept() {
  const { changes } = node.fastPath!;
  return Array.from({ length: changes.count }, (_, nth) => {
    const [keyStart, stateStart] =
      nth === 0 ? [0, 0] : [changes.keyEnd(nth - 1), changes.stateEnd(nth - 1)];
    return {
      key: changes.keys.toString('latin1', keyStart, changes.keyEnd(nth)),
      state: Buffer.from(changes.states.subarray(stateStart, changes.stateEnd(nth))),
      hash: changes.hashOf(nth) | 0,
    };
  });
}

/** The state of a key as the JavaScript reads and encodes it, with the number of the item. */
function stateOf(key: string): Buffer {
  const sink = new ByteSink(100);
  const state = newItemState();
  const bytes = Buffer.from(key, 'latin1');
  const at = beginState(sink, bytes, 0, bytes.length);
  node.copies.read(bytes, 0, bytes.length, state, sink);
  state.readHigh = state.casHigh;
  state.readLow = state.casLow;
  endState(sink, at, state);
  return Buffer.from(sink.bytes.subarray(0, sink.at));
}

const isOpen = (key: string): boolean =>
  node.threads[1]!.changes.isOpen(Buffer.from(key), 0, key.length);

describe('the changes that the fast path keeps', () => {
  test.each([
    ['a value of the same size', set('a', 'first'), set('a', 'other')],
    ['a longer value of the class', set('a', 'first'), set('a', 'longer')],
    ['a value of another class', set('a', '1') + set('b', LONG), set('a', LONG)],
    ['client flags', set('a', 'first', 0, 5), set('a', 'other', 0, 0xffff_fffe)],
    ['a time to live', set('a', 'first'), set('a', 'other', 3000)],
    ['an item that was read', `${set('a', 'first')}get a\r\nget a\r\n`, set('a', 'other')],
    ['a meta set', set('a', 'first'), 'ms a 5 T100\r\nother\r\n'],
    ['a key in base64 before', 'ms YQ== 5 b\r\nfirst\r\n', set('a', 'other')],
    ['a long key', set('k'.repeat(250), '1'), set('k'.repeat(250), '2')],
  ])('a change has the state that the JavaScript sends: %s', (_, before, change) => {
    node.fastPath!.keepsChanges = 'no';
    node.send(before);
    node.fastPath!.keepsChanges = 'hidden';
    expect(run(change)).toBe(change.length);
    const [change1, ...others] = kept();
    expect(others).toEqual([]);
    expect(change1!.state).toEqual(stateOf(change1!.key));
    const bytes = Buffer.from(change1!.key);
    expect(change1!.hash).toBe(node.parts.index.hashOf(bytes, 0, bytes.length) | 0);
  });

  test('a change is counted, and its item is marked', () => {
    node.fastPath!.keepsChanges = 'no';
    node.send(set('a', '1') + set('b', '1'));
    node.fastPath!.keepsChanges = 'hidden';
    run(set('a', '2'));
    expect([node.isCopy('a'), node.isCopy('b')]).toEqual([true, false]);
    expect([isOpen('a'), isOpen('b')]).toEqual([true, false]);
  });

  test('a change is neither counted nor marked if nobody waits for it', () => {
    node.fastPath!.keepsChanges = 'no';
    node.send(set('a', '1'));
    node.fastPath!.keepsChanges = 'yes';
    run(set('a', '2'));
    expect([kept().length, node.isCopy('a'), isOpen('a')]).toEqual([1, false, false]);
  });

  test('two changes of one slot are both counted', () => {
    const keys = collidingKeys(node.store, 2) as [string, string];
    node.fastPath!.keepsChanges = 'no';
    node.send(keys.map((key) => set(key, '1')).join(''));
    node.fastPath!.keepsChanges = 'hidden';
    run(keys.map((key) => set(key, '2')).join(''));
    const { changes } = node.copies;
    for (const { hash } of kept()) changes.begunFast(hash);
    const begun = changes.take();
    expect(begun).toHaveLength(2);
    changes.end([begun[0]!]);
    expect(isOpen(keys[0])).toBe(true);
    changes.end([begun[1]!]);
    expect(isOpen(keys[0])).toBe(false);
  });

  test('a key that has a change on its way is left to the JavaScript', () => {
    node.fastPath!.keepsChanges = 'no';
    node.send(set('a', '1'));
    node.fastPath!.keepsChanges = 'hidden';
    const change = set('a', '2');
    expect(run(change + change)).toBe(change.length);
  });

  test('a change without room is left to the JavaScript', () => {
    const value = 'v'.repeat(4000);
    const keys = Array.from({ length: 20 }, (_, nth) => `key-${nth}`);
    node.fastPath!.keepsChanges = 'no';
    node.send(keys.map((key) => set(key, value)).join(''));
    node.fastPath!.keepsChanges = 'hidden';
    const changes = Math.floor(REGION.CHANGED_STATES_BYTES / (value.length + 50));
    for (const [nth, key] of keys.entries()) {
      const change = set(key, value);
      expect(run(change)).toBe(nth < changes ? change.length : 0);
      expect(node.isCopy(key)).toBe(nth < changes);
    }
    expect(kept()).toHaveLength(changes);
    node.fastPath!.changes.clear();
    expect(run(set('key-19', value))).toBeGreaterThan(0);
    expect(kept().map(({ key }) => key)).toEqual(['key-19']);
  });

  test('a request that is no set is left to the JavaScript', () => {
    node.fastPath!.keepsChanges = 'no';
    node.send(set('a', '1'));
    for (const request of ['delete a\r\n', 'touch a 10\r\n', 'md a\r\n', 'mg a T10\r\n']) {
      expect(run(request)).toBe(0);
    }
    expect(run(set('a', '2'), { ...RIGHTS, maySet: false })).toBe(0);
  });
});
