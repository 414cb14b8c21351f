import { beforeEach, describe, expect, test } from 'vitest';
import { MOVE_RESULT } from '../../../../src/store/upkeep/page-mover.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

const VALUE_BYTES = 20_000;

describe('a page move', () => {
  let node: CommandHarness;
  let keys: readonly string[];
  let sizeClass = 0;
  let perPage = 0;
  beforeEach(() => {
    node = new CommandHarness({ memoryLimitBytes: 4 << 20 });
    sizeClass = node.parts.arena.sizeClasses.classFor(VALUE_BYTES + 40);
    perPage = node.parts.slabs.chunksPerPage(sizeClass);
    keys = node.fill('key', 3 * perPage, VALUE_BYTES);
    expect(node.parts.slabs.pageCount(sizeClass)).toBe(3);
  });
  const pages = (): readonly number[] => [
    node.parts.slabs.pageCount(sizeClass),
    node.parts.pagePool.freeCount(),
  ];

  test('a page move keeps every item if the other pages have room', () => {
    const deleted = keys.filter((_, i) => i % 3 === 0);
    for (const key of deleted) node.run(`delete ${key}`);
    const casIds = (): readonly string[] => keys.map((key) => node.run(`mg ${key} c`));
    const before = casIds();
    expect(node.parts.pageMover.move(sizeClass, 0, -1)).toBe(MOVE_RESULT.done);
    expect(pages()).toEqual([2, 1]);
    expect(casIds()).toEqual(before);
    expect(node.present(keys)).toEqual(keys.filter((key) => !deleted.includes(key)));
    expect(node.run(`get ${keys[1]}`)).toContain('v'.repeat(VALUE_BYTES));
    expect(audit(node.parts)).toEqual([]);
    expect([node.thread('slabs_moved'), node.thread('slab_reassign_busy_items')]).toEqual([1, 0]);
    expect(node.thread('slab_reassign_rescues')).toBeGreaterThan(0);
  });
  test('a page move evicts as many items as the page had if there is no room', () => {
    expect(node.parts.pageMover.move(sizeClass, 0, -1)).toBe(MOVE_RESULT.done);
    expect(pages()).toEqual([2, 1]);
    expect(node.present(keys)).toHaveLength(2 * perPage);
    expect(audit(node.parts)).toEqual([]);
  });
  test('a page move gives the page to another class, which can use it at once', () => {
    const target = node.parts.arena.sizeClasses.classFor(100);
    expect(node.parts.pageMover.move(sizeClass, target, -1)).toBe(MOVE_RESULT.done);
    expect(node.parts.slabs.pageCount(target)).toBe(1);
    expect(pages()).toEqual([2, 0]);
    const small = node.fill('small', 1000, 40);
    expect(node.present(small)).toHaveLength(1000);
    expect(audit(node.parts)).toEqual([]);
  });
  test('a page move leaves the page where it is while a thread holds an item of it', () => {
    const { stripes } = node.parts;
    const held = new Set<number>();
    const { pageMover } = node.parts;
    for (const key of keys) {
      const hash = node.hashOf(key);
      if (held.has(hash & 4095)) continue;
      held.add(hash & 4095);
      expect(stripes.tryLock(hash)).toBe(true);
    }
    expect(pageMover.move(sizeClass, 0, -1)).toBe(MOVE_RESULT.busy);
    expect([pages(), node.thread('slab_reassign_busy_items')]).toEqual([[3, 0], 1]);
    for (const hash of held) stripes.unlock(hash);
    expect(audit(node.parts)).toEqual([]);
    expect(node.present(keys)).toHaveLength(keys.length);
    expect(pageMover.isMoving()).toBe(false);
  });
  test('a page move does not take the last page of a class', () => {
    const one = new CommandHarness();
    one.put('set a 0 0 1', 'x');
    const id = one.parts.items.lruClassOf(one.idOf('a'));
    expect(one.parts.pageMover.move(id, 0, -1)).toBe(MOVE_RESULT.noPage);
    expect(one.parts.pageMover.move(id + 1, 0, -1)).toBe(MOVE_RESULT.noPage);
    expect(one.present(['a'])).toEqual(['a']);
  });
});
