import { describe, expect, test } from 'vitest';
import { KEY_VERDICT, type KeyVerdict, type KeyVisitor } from '../../../src/store/key-walk.ts';
import { audit } from '../../support/audit.ts';
import { CopyNode, set } from '../../support/copy-node.ts';

const KEYS = ['a', 'b', 'c', 'd'];

/** Walks over all keys with one verdict for each; returns the visited ones. */
function walk(node: CopyNode, verdictOf: (key: string) => KeyVerdict): readonly string[] {
  const visited: string[] = [];
  const visit: KeyVisitor = (bytes, start, end) => {
    const key = bytes.toString('latin1', start, end);
    visited.push(key);
    return verdictOf(key);
  };
  const keys = node.store.walkKeys();
  while (!keys.isDone) if (keys.step(100, visit) !== 0) throw new Error('a group is too large');
  expect(keys.visitedGroups).toBe(keys.groups);
  return visited.toSorted();
}

function newNode(): CopyNode {
  const node = new CopyNode();
  for (const key of KEYS) node.send(set(key, key === 'd' ? 'v'.repeat(700_000) : 'v'));
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
  test('a walk drops all items of a full index, and frees their memory', () => {
    const node = new CopyNode({ memoryLimitBytes: 64 << 20 });
    for (let i = 0; i < 90_000; i++) node.send(set(`k${i}`, ''));
    expect(walk(node, () => KEY_VERDICT.drop)).toHaveLength(90_000);
    expect(node.parts.index.count()).toBe(0);
    expect(audit(node.parts)).toEqual([]);
  });
  test('a step visits nothing of a group with too many items, and says how many it has', () => {
    const node = new CopyNode({ memoryLimitBytes: 64 << 20 });
    for (let i = 0; i < 90_000; i++) node.send(set(`k${i}`, ''));
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
    expect(refused).toBeGreaterThan(1000);
    expect(visited).toBe(90_000);
  });
});
