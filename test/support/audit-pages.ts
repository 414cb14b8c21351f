import type { StoreParts } from '../../src/store/assemble.ts';
import {
  ID_UNIT_BYTES,
  ITEM,
  type ItemId,
  pageOf,
  wordOf,
} from '../../src/store/memory/item-layout.ts';
import { CONTROL } from '../../src/store/memory/layout.ts';
import { NO_PAGE } from '../../src/store/memory/page-pool.ts';

type Check = (condition: boolean, problem: string) => void;

/**
 * Checks that every page belongs to one class or to the pool, that the counts agree, that no page
 * is leaving its class, and that every item starts at a chunk.
 */
export function auditPages(parts: StoreParts, linked: ReadonlySet<ItemId>, check: Check): void {
  const free = auditPool(parts, check);
  const byClass = auditPageOwners(parts, free, check);
  const { pagePool, slabs, arena } = parts;
  const { chunkBytes } = arena.sizeClasses;
  let used = 0;
  for (let id = 1; id < chunkBytes.length; id++) {
    const owned = byClass[id]!;
    used += owned.length;
    check(
      slabs.pageCount(id) === owned.length,
      `class ${id} counts ${slabs.pageCount(id)} pages but owns ${owned.length}`,
    );
    check(
      slabs.leavingPage(id) === NO_PAGE,
      `page ${slabs.leavingPage(id)} is leaving class ${id}`,
    );
    auditFreeChunks(parts, id, owned, check);
  }
  check(
    pagePool.usedCount() === used,
    `${pagePool.usedCount()} pages are counted as used, ${used} are`,
  );
  for (const id of linked) auditAlignment(parts, id, check);
}

/** Walks the list of free pages. */
function auditPool(parts: StoreParts, check: Check): ReadonlySet<number> {
  const { control, pageNext } = parts.arena;
  const { pagePool } = parts;
  const free = new Set<number>();
  let page = control[CONTROL.freePageHead]! - 1;
  while (page !== NO_PAGE && !free.has(page)) {
    check(
      page < pagePool.touchedCount(),
      `page ${page} is in the list of free pages but was never in use`,
    );
    check(
      pagePool.classOf(page) === 0,
      `page ${page} is free but belongs to class ${pagePool.classOf(page)}`,
    );
    free.add(page);
    page = pageNext[page]! - 1;
  }
  check(page === NO_PAGE, `page ${page} is twice in the list of free pages`);
  check(
    pagePool.freeCount() === free.size,
    `${pagePool.freeCount()} free pages are counted, ${free.size} listed`,
  );
  return free;
}

/** The pages of each class. */
function auditPageOwners(
  parts: StoreParts,
  free: ReadonlySet<number>,
  check: Check,
): readonly (readonly number[])[] {
  const { pagePool, arena } = parts;
  const { chunkBytes } = arena.sizeClasses;
  const byClass = chunkBytes.map((): number[] => []);
  for (let page = 0; page < arena.layout.pagesReserved; page++) {
    const sizeClass = pagePool.classOf(page);
    const owned = byClass[sizeClass];
    check(owned !== undefined, `page ${page} belongs to class ${sizeClass}, which does not exist`);
    owned?.push(page);
    const touched = page < pagePool.touchedCount();
    check(
      touched || sizeClass === 0,
      `page ${page} was never in use but belongs to class ${sizeClass}`,
    );
    check(
      !touched || sizeClass !== 0 || free.has(page),
      `page ${page} belongs neither to a class nor to the pool`,
    );
  }
  return byClass;
}

/** Compares the unused chunks in the pages of a class with its count of free chunks. */
function auditFreeChunks(
  parts: StoreParts,
  sizeClass: number,
  owned: readonly number[],
  check: Check,
): void {
  const { slabs, arena } = parts;
  const perPage = slabs.chunksPerPage(sizeClass);
  let unused = 0;
  for (const page of owned) {
    const carved = slabs.carvedChunks(sizeClass, page);
    unused += perPage - carved;
    for (let nth = 0; nth < carved; nth++) {
      const chunk = slabs.chunkOf(sizeClass, page, nth);
      if (arena.words[wordOf(chunk) + ITEM.meta] === 0) unused++;
    }
  }
  const free = slabs.freeChunkCount(sizeClass);
  check(unused === free, `class ${sizeClass} counts ${free} free chunks, ${unused} are unused`);
}

/** Checks that an item starts where a chunk of its class starts. */
function auditAlignment(parts: StoreParts, id: ItemId, check: Check): void {
  const { items, slabs, arena } = parts;
  const { chunkBytes } = arena.sizeClasses;
  const sizeClass = items.classOf(id);
  const bytesIn = (id - slabs.chunkOf(sizeClass, pageOf(id), 0)) * ID_UNIT_BYTES;
  check(bytesIn % chunkBytes[sizeClass]! === 0, `item ${id} does not start at a chunk`);
}
