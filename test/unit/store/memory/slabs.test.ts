import { beforeEach, describe, expect, test } from 'vitest';
import {
  ITEM,
  NO_ITEM,
  PAGE_BYTES,
  pageOf,
  wordOf,
} from '../../../../src/store/memory/item-layout.ts';
import { NO_CLASS, NO_PAGE } from '../../../../src/store/memory/page-pool.ts';
import { StoreParts } from '../../../support/store-parts.ts';

const PAGES = 3;
/** A class with so few chunks in a page that a test can count them. */
const CLASS = 36;

describe('the chunks of a class', () => {
  let parts: StoreParts;
  let perPage = 0;
  beforeEach(() => {
    parts = new StoreParts({ memoryLimitBytes: PAGES << 20 });
    perPage = parts.slabs.chunksPerPage(CLASS);
  });
  /** Allocates a chunk that looks used. */
  const alloc = (): number => {
    const chunk = parts.slabs.alloc(CLASS);
    if (chunk !== NO_ITEM) parts.arena.words[wordOf(chunk) + ITEM.meta] = 0x100;
    return chunk;
  };
  const allocAll = (): readonly number[] => {
    const chunks: number[] = [];
    for (let chunk = alloc(); chunk !== NO_ITEM; chunk = alloc()) chunks.push(chunk);
    return chunks;
  };

  test('chunks do not overlap, and fill every page up to the limit', () => {
    expect(perPage).toBeGreaterThan(3);
    const chunks = allocAll();
    expect(chunks).toHaveLength(PAGES * perPage);
    const starts = chunks.map((chunk) => (chunk - 1) * 8).sort((a, b) => a - b);
    const bytes = parts.chunkBytes[CLASS]!;
    for (const [i, start] of starts.entries()) {
      if (i > 0) expect(start - starts[i - 1]!).toBeGreaterThanOrEqual(bytes);
      expect(Math.floor(start / PAGE_BYTES)).toBe(Math.floor((start + bytes - 1) / PAGE_BYTES));
    }
    expect([parts.slabs.pageCount(CLASS), parts.slabs.freeChunkCount(CLASS)]).toEqual([PAGES, 0]);
  });
  test('freed chunks come back, the last one first', () => {
    const chunks = allocAll();
    for (const chunk of chunks.slice(0, 3)) parts.slabs.free(CLASS, chunk);
    expect(parts.slabs.freeChunkCount(CLASS)).toBe(3);
    expect([alloc(), alloc(), alloc(), alloc()]).toEqual([
      chunks[2],
      chunks[1],
      chunks[0],
      NO_ITEM,
    ]);
  });
  test('the chunks are only those that the class has, if no page may be added', () => {
    expect(parts.slabs.allocWithoutNewPage(CLASS)).toBe(NO_ITEM);
    const first = alloc();
    const others = Array.from({ length: perPage }, () => parts.slabs.allocWithoutNewPage(CLASS));
    expect(others.indexOf(NO_ITEM)).toBe(perPage - 1);
    expect(new Set([first, ...others]).size).toBe(perPage + 1);
    expect(parts.slabs.pageCount(CLASS)).toBe(1);
  });
  test('chunks that were not carved yet stay allocatable when a page is added', () => {
    alloc();
    parts.slabs.addPage(CLASS, parts.pagePool.take(false));
    expect(parts.slabs.freeChunkCount(CLASS)).toBe(2 * perPage - 1);
    expect(allocAll()).toHaveLength(PAGES * perPage - 1);
  });

  describe('of a leaving page', () => {
    test('the chunks of a leaving page are never allocated: used, free or never carved', () => {
      const used = [alloc(), alloc(), alloc()];
      parts.slabs.free(CLASS, used[1]!);
      expect(parts.slabs.carvedChunks(CLASS, 0)).toBe(3);
      parts.slabs.beginLeaving(CLASS, 0);
      expect(parts.slabs.leavingPage(CLASS)).toBe(0);
      expect(parts.slabs.freeChunkCount(CLASS)).toBe(perPage - 2);
      expect(parts.slabs.allocWithoutNewPage(CLASS)).toBe(NO_ITEM);
      expect(pageOf(alloc())).toBe(1);
    });
    test('the chunks of a leaving page give the page away once all are free', () => {
      const used = [alloc(), alloc()];
      parts.slabs.beginLeaving(CLASS, 0);
      for (const chunk of used) {
        expect(parts.slabs.isLeavingPageEmpty(CLASS)).toBe(false);
        parts.slabs.free(CLASS, chunk);
      }
      expect(parts.slabs.isLeavingPageEmpty(CLASS)).toBe(true);
      expect(parts.slabs.endLeaving(CLASS)).toBe(0);
      expect([parts.pagePool.classOf(0), parts.slabs.leavingPage(CLASS)]).toEqual([
        NO_CLASS,
        NO_PAGE,
      ]);
      expect([parts.slabs.pageCount(CLASS), parts.slabs.freeChunkCount(CLASS)]).toEqual([0, 0]);
    });
    test('the chunks of a page stay in the class if the page does not leave after all', () => {
      const used = [alloc(), alloc(), alloc()];
      parts.slabs.beginLeaving(CLASS, 0);
      parts.slabs.free(CLASS, used[0]!);
      parts.slabs.cancelLeaving(CLASS);
      expect(parts.slabs.leavingPage(CLASS)).toBe(NO_PAGE);
      expect(parts.slabs.freeChunkCount(CLASS)).toBe(perPage - 2);
      const others = allocAll();
      expect(others).toHaveLength(PAGES * perPage - 2);
      expect(others).not.toContain(used[1]);
    });
    test('free chunks of a leaving page leave the others on the free list', () => {
      const all = allocAll();
      const [first, second] = [all[0]!, all[perPage]!];
      for (const chunk of [second, first, all[perPage + 1]!]) parts.slabs.free(CLASS, chunk);
      parts.slabs.beginLeaving(CLASS, 0);
      expect([alloc(), alloc(), alloc()]).toEqual([all[perPage + 1], second, NO_ITEM]);
    });
  });
});
