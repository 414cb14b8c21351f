import { pageOf, wordOf } from './items.ts';
import { CONTROL, ID_UNIT_BYTES, ITEM, type ItemId } from './layout.ts';
import { NO_PAGE } from './pages.ts';
import type { Store } from './store.ts';

type Say = (condition: boolean, problem: string) => void;

/** Every page is in one class or in the pool, the counts agree, none is on its way, and items lie on chunks. */
export function auditPages(store: Store, linked: ReadonlySet<ItemId>, say: Say): void {
  const free = auditPool(store, say);
  const byClass = auditOwners(store, free, say);
  const { pages, slabs, chunkBytes } = store;
  let used = 0;
  for (let id = 1; id < chunkBytes.length; id++) {
    const owned = byClass[id]!;
    used += owned.length;
    say(
      slabs.pages(id) === owned.length,
      `class ${id} counts ${slabs.pages(id)} pages of ${owned.length}`,
    );
    say(slabs.leaving(id) === NO_PAGE, `page ${slabs.leaving(id)} is leaving class ${id}`);
    auditBlanks(store, id, owned, say);
  }
  say(pages.used() === used, `${pages.used()} pages are counted as used, ${used} are`);
  for (const id of linked) auditPlace(store, id, say);
}

/** Walks the list of free pages. */
function auditPool(store: Store, say: Say): ReadonlySet<number> {
  const { control, pageNext } = store.arena;
  const { pages } = store;
  const free = new Set<number>();
  let page = control[CONTROL.freePage]! - 1;
  while (page !== NO_PAGE && !free.has(page)) {
    say(page < pages.end(), `page ${page} was given back but never taken`);
    say(pages.classOf(page) === 0, `page ${page} is free and in class ${pages.classOf(page)}`);
    free.add(page);
    page = pageNext[page]! - 1;
  }
  say(page === NO_PAGE, `page ${page} is free twice`);
  say(pages.free() === free.size, `${pages.free()} free pages are counted, ${free.size} listed`);
  return free;
}

/** The pages of each class. */
function auditOwners(
  store: Store,
  free: ReadonlySet<number>,
  say: Say,
): readonly (readonly number[])[] {
  const { pages, arena, chunkBytes } = store;
  const byClass = chunkBytes.map((): number[] => []);
  for (let page = 0; page < arena.layout.pagesReserved; page++) {
    const sizeClass = pages.classOf(page);
    const owned = byClass[sizeClass];
    say(owned !== undefined, `page ${page} is in class ${sizeClass}, which there is not`);
    owned?.push(page);
    const touched = page < pages.end();
    say(touched || sizeClass === 0, `page ${page} was never taken but is in class ${sizeClass}`);
    say(!touched || sizeClass !== 0 || free.has(page), `page ${page} is lost`);
  }
  return byClass;
}

/** What is blank in a class's pages is what the class counts as free. */
function auditBlanks(store: Store, sizeClass: number, owned: readonly number[], say: Say): void {
  const { slabs, arena } = store;
  const perPage = slabs.chunksPerPage(sizeClass);
  let blank = 0;
  for (const page of owned) {
    const carved = slabs.carvedChunks(sizeClass, page);
    blank += perPage - carved;
    for (let nth = 0; nth < carved; nth++) {
      const chunk = slabs.chunkOf(sizeClass, page, nth);
      if (arena.words[wordOf(chunk) + ITEM.meta] === 0) blank++;
    }
  }
  const free = slabs.freeChunks(sizeClass);
  say(blank === free, `class ${sizeClass} counts ${free} free chunks, ${blank} are blank`);
}

/** An item begins where a chunk of its class does. */
function auditPlace(store: Store, id: ItemId, say: Say): void {
  const { items, slabs, chunkBytes } = store;
  const sizeClass = items.classOf(id);
  const bytesIn = (id - slabs.chunkOf(sizeClass, pageOf(id), 0)) * ID_UNIT_BYTES;
  say(bytesIn % chunkBytes[sizeClass]! === 0, `item ${id} does not begin where a chunk does`);
}
