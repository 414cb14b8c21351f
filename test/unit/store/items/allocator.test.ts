import { describe, expect, test } from 'vitest';
import { NO_CONTEXT } from '../../../../src/store/items/allocator.ts';
import { NO_ITEM } from '../../../../src/store/memory/item-layout.ts';
import { TOTAL } from '../../../../src/store/memory/layout.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

const SMALL = 5;

/** Allocates chunks of a class until there is none; returns how many. */
function allocateAll(node: CommandHarness, sizeClass: number): number {
  for (let count = 0; ; count++) {
    if (node.parts.allocator.allocateChunk(sizeClass, NO_CONTEXT) === NO_ITEM) return count;
  }
}
const outOfMemory = (node: CommandHarness, sizeClass: number): number =>
  node.parts.arena.totals[sizeClass * TOTAL.slots + TOTAL.outOfMemory]!;

describe('the allocator', () => {
  test('the allocator gives every chunk of the memory, then none, and counts the failure', () => {
    const node = new CommandHarness({ memoryLimitBytes: 2 << 20 });
    const { slabs } = node.parts;
    expect(allocateAll(node, SMALL)).toBe(2 * slabs.chunksPerPage(SMALL));
    expect(outOfMemory(node, SMALL)).toBe(1);
    const { allocator } = node.parts;
    const withFallback = { ...NO_CONTEXT, hasFallback: true };
    expect(allocator.allocateChunk(SMALL, withFallback)).toBe(NO_ITEM);
    expect(outOfMemory(node, SMALL)).toBe(1);
  });
  test('the allocator evicts from the class before it takes a page of another', () => {
    const node = new CommandHarness({ memoryLimitBytes: 3 << 20 });
    const big = node.fill('big', 40, 20_000);
    const bigPages = node.parts.arena.sizeClasses.classFor(20_040);
    node.fill('small', 40_000, 10);
    expect(node.parts.slabs.pageCount(bigPages)).toBe(1);
    expect(node.present(big).length).toBe(40);
    expect(audit(node.parts)).toEqual([]);
  });
  test('the allocator takes a page of the largest class, if its own has nothing to evict', () => {
    const node = new CommandHarness({ memoryLimitBytes: 3 << 20 });
    const small = node.fill('small', 40_000, 10);
    expect(node.parts.slabs.pageCount(node.parts.items.lruClassOf(node.idOf('small39999')))).toBe(
      3,
    );
    const before = node.present(small).length;
    // The first page of a class may exceed the limit; the next ones come from the other class.
    const perPage = node.parts.slabs.chunksPerPage(30);
    const chunks = Array.from({ length: 2 * perPage }, () =>
      node.parts.allocator.allocateChunk(30, NO_CONTEXT),
    );
    expect(chunks).not.toContain(NO_ITEM);
    expect(node.parts.slabs.pageCount(30)).toBe(2);
    expect(node.thread('slabs_moved')).toBe(1);
    expect(node.present(small).length).toBeLessThan(before);
    expect(audit(node.parts, 2 * perPage)).toEqual([]);
  });
  test('neither evicts nor moves pages where that is off', () => {
    const tunables = { evictsToFree: 0 } as const;
    const node = new CommandHarness({ memoryLimitBytes: 2 << 20, tunables });
    const small = node.fill('small', 40_000, 10);
    const stored = node.present(small);
    expect(stored.length).toBeLessThan(small.length);
    expect(stored).toEqual(small.slice(0, stored.length));
    allocateAll(node, 30);
    expect([node.thread('slabs_moved'), node.present(small)]).toEqual([0, stored]);
  });
  test('the allocator never evicts the item that its caller needs', () => {
    const node = new CommandHarness({ memoryLimitBytes: 1 << 20 });
    const keys = node.fill('key', 4, 200_000);
    const sizeClass = node.parts.items.lruClassOf(node.idOf('key3'));
    const { allocator } = node.parts;
    const hash = node.hashOf('key0');
    const context = allocator.contextFor(hash, node.idOf('key0'), false);
    node.parts.stripes.lock(hash);
    while (allocator.allocateChunk(sizeClass, context) !== NO_ITEM);
    node.parts.stripes.unlock(hash);
    expect(node.present(keys)).toEqual(['key0']);
  });
});
