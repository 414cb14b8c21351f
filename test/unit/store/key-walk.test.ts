import { describe, expect, test } from 'vitest';
import { KEY_VERDICT, type KeyVerdict, type KeyVisitor } from '../../../src/store/key-walk.ts';
import { ITEM, NO_ITEM, wordOf } from '../../../src/store/memory/item-layout.ts';
import { CONTROL } from '../../../src/store/memory/layout.ts';
import { audit } from '../../support/audit.ts';
import { CopyNode, set } from '../../support/copy-node.ts';

const KEYS = ['a', 'b', 'c', 'd'];
/** The fewest buckets that an index may have: one for each stripe. */
const BUCKETS = 4096;
const ITEMS = 6000;

/** Walks over all keys with one verdict for each; returns the visited ones. */
function walk(
  node: CopyNode,
  verdictOf: (key: string) => KeyVerdict,
  betweenSteps: () => void = () => {},
): readonly string[] {
  const visited: string[] = [];
  const visit: KeyVisitor = (bytes, start, end) => {
    const key = bytes.toString('latin1', start, end);
    visited.push(key);
    return verdictOf(key);
  };
  const keys = node.store.walkKeys();
  for (; !keys.isDone; betweenSteps()) {
    if (keys.step(100, visit) !== 0) throw new Error('a group is too large');
  }
  expect(keys.visitedGroups).toBe(keys.groups);
  return visited.toSorted();
}

function newNode(): CopyNode {
  const node = new CopyNode();
  for (const key of KEYS) node.send(set(key, key === 'd' ? 'v'.repeat(700_000) : 'v'));
  return node;
}
/** A node whose index is about to grow. */
function fullNode(): CopyNode {
  const node = new CopyNode();
  node.parts.arena.control[CONTROL.buckets] = BUCKETS;
  for (let i = 0; i < ITEMS; i++) node.send(set(`k${i}`, ''));
  return node;
}
const copiesOf = (node: CopyNode): readonly unknown[] => KEYS.map((key) => node.isCopy(key));

describe('a walk over the keys', () => {
  test('a walk visits each live key once, and changes nothing without a verdict', () => {
    const node = newNode();
    node.send(set('soon', 'v', 5));
    node.wait(5);
    expect(walk(node, () => KEY_VERDICT.keep)).toEqual(KEYS);
    expect(copiesOf(node)).toEqual([false, false, false, false]);
  });
  test('a walk drops, marks and unmarks the keys that its visitor says', () => {
    const node = newNode();
    walk(node, (key) => (key === 'a' ? KEY_VERDICT.drop : KEY_VERDICT.markCopy));
    expect(copiesOf(node)).toEqual([undefined, true, true, true]);
    const verdicts = { b: KEY_VERDICT.markOwn, c: KEY_VERDICT.keep, d: KEY_VERDICT.drop };
    expect(walk(node, (key) => verdicts[key as 'b'])).toEqual(['b', 'c', 'd']);
    expect(copiesOf(node)).toEqual([undefined, false, true, undefined]);
    expect(audit(node.parts)).toEqual([]);
  });
  test('a walk drops all items, though other threads use their chunks at once', () => {
    const node = fullNode();
    const { arena, index, linker } = node.parts;
    const unlink = linker.unlink.bind(linker);
    linker.unlink = (hash, id) => {
      unlink(hash, id);
      arena.words[wordOf(id) + ITEM.bucketNext] = NO_ITEM;
    };
    expect(walk(node, () => KEY_VERDICT.drop)).toHaveLength(ITEMS);
    expect(index.count()).toBe(0);
    expect(audit(node.parts)).toEqual([]);
  });
  test('a walk visits each key once while the index grows to more than its double', () => {
    const node = fullNode();
    let added = ITEMS;
    const add = (): void => void node.send(set(`k${added++}`, ''));
    const visited = walk(
      node,
      () => KEY_VERDICT.keep,
      () => {
        add();
        add();
      },
    );
    expect(node.parts.index.bucketCount()).toBeGreaterThan(2 * BUCKETS);
    expect(new Set(visited).size).toBe(visited.length);
    const old = visited.filter((key) => Number(key.slice(1)) < ITEMS);
    expect(old).toHaveLength(ITEMS);
  });
  test('a step visits nothing of a group with too many items, and says how many it has', () => {
    const node = fullNode();
    const keys = node.store.walkKeys();
    let visited = 0;
    let refused = 0;
    const visit = (): KeyVerdict => {
      visited++;
      return KEY_VERDICT.keep;
    };
    while (!keys.isDone) {
      const before = visited;
      const items = keys.step(1, visit);
      if (items === 0) continue;
      refused++;
      expect(visited).toBe(before);
      expect(keys.step(items, visit)).toBe(0);
      expect(visited).toBe(before + items);
    }
    expect(refused).toBeGreaterThan(100);
    expect(visited).toBe(ITEMS);
  });
});
