import { auditPages } from './audit-pages.ts';
import { wordOf } from './items.ts';
import {
  CLASS,
  CONTROL,
  FLAG,
  ITEM,
  ITEM_HEADER_BYTES,
  type ItemId,
  NO_ITEM,
  TOTAL,
} from './layout.ts';
import type { Store } from './store.ts';

/**
 * Checks a store that nobody is changing: every chain, list, chunk, page, lock and sum. Returns what is
 * wrong, one sentence each; nothing when all is sound. `unlinked` is how many chunks are in use by
 * items that are not linked: values being received, and what was unlinked while it is being sent out.
 */
export function audit(store: Store, unlinked = 0): readonly string[] {
  const problems: string[] = [];
  const say = (condition: boolean, problem: string): void => {
    if (!condition && problems.length < 50) problems.push(problem);
  };
  auditLocks(store, say);
  const linked = auditIndex(store, say);
  const inClasses = auditClasses(store, linked, say);
  const chained = auditChains(store, linked, say);
  auditPages(store, linked, say);
  say(
    inClasses.used - inClasses.listed - chained === unlinked,
    `${inClasses.used} chunks are in use, ${inClasses.listed} listed, ${chained} in chains, ` +
      `${unlinked} unlinked`,
  );
  return problems;
}

type Say = (condition: boolean, problem: string) => void;

function auditLocks(store: Store, say: Say): void {
  const { stripes, classes, control } = store.arena;
  say(
    stripes.every((word) => word === 0),
    'a stripe is locked',
  );
  for (let id = 0; id < store.chunkBytes.length; id++) {
    say(classes[id * CLASS.words + CLASS.lock] === 0, `class ${id} is locked`);
  }
  say(control[CONTROL.growLock] === 0, 'the index is locked for growing');
  say(control[CONTROL.pageLock] === 0, 'the pool of pages is locked');
  say(control[CONTROL.moverLock] === 0, 'a page is on its way');
}

/** Every linked item, found through the index. */
function auditIndex(store: Store, say: Say): Set<ItemId> {
  const seen = new Set<ItemId>();
  const { items, index, arena } = store;
  const buckets = index.bucketCount();
  for (let bucket = 0; bucket < buckets; bucket++) {
    for (let id = arena.buckets[bucket]!; id !== NO_ITEM; id = items.chainNext(id)) {
      say(!seen.has(id), `item ${id} hangs twice in the index`);
      if (seen.has(id)) break;
      seen.add(id);
      say(items.has(id, FLAG.linked), `item ${id} is in the index but not marked linked`);
      const at = items.keyAt(id);
      const hash = index.hashOfItem(id);
      const found = index.find(hash, arena.bytes, at, items.keyBytes(id));
      say(found === id, `item ${id} is not found under its own key`);
    }
  }
  say(index.count() === seen.size, `the index counts ${index.count()} of ${seen.size} items`);
  return seen;
}

/** Walks the chains of linked items; returns how many value chunks they have together. */
function auditChains(store: Store, linked: ReadonlySet<ItemId>, say: Say): number {
  const { items, chains } = store;
  const seen = new Set<ItemId>();
  for (const head of linked) {
    if (!items.isChained(head)) continue;
    say(chains.pins(head) === 0, `item ${head} is pinned ${chains.pins(head)} times`);
    const chunks = chains.chunksOf(head);
    for (let ordinal = 0; ordinal < chunks; ordinal++) {
      const chunk = chains.chunk(head, ordinal);
      say(!seen.has(chunk) && !linked.has(chunk), `chunk ${chunk} is used twice`);
      seen.add(chunk);
      say(chunk !== NO_ITEM, `chunk ${ordinal} of item ${head} is missing`);
      if (chunk === NO_ITEM) continue;
      auditValueChunk(store, head, ordinal, say);
    }
  }
  return seen.size;
}

function auditValueChunk(store: Store, head: ItemId, ordinal: number, say: Say): void {
  const { items, chains, chunkBytes } = store;
  const chunk = chains.chunk(head, ordinal);
  say(chains.isValueChunk(chunk), `chunk ${chunk} of item ${head} is something else`);
  say(chains.headOf(chunk) === head, `chunk ${chunk} belongs to another item than ${head}`);
  say(chains.ordinalOf(chunk) === ordinal, `chunk ${chunk} is not number ${ordinal}`);
  const bytes = ITEM_HEADER_BYTES + chains.run(head, ordinal * chains.payloadBytes);
  say(chunkBytes[items.classOf(chunk)]! >= bytes, `chunk ${chunk} is too small for its bytes`);
}

function auditClasses(
  store: Store,
  linked: ReadonlySet<ItemId>,
  say: Say,
): { used: number; listed: number } {
  let used = 0;
  let listed = 0;
  for (let id = 1; id < store.chunkBytes.length; id++) {
    const inClass = auditLists(store, id, linked, say);
    const free = auditFree(store, id, linked, say);
    listed += inClass;
    used += store.slabs.pages(id) * store.slabs.chunksPerPage(id) - free;
  }
  say(listed === linked.size, `${listed} items are on LRU lists, ${linked.size} in the index`);
  return { used, listed };
}

/** Walks a class's lists both ways; returns how many items are on them. */
function auditLists(
  store: Store,
  sizeClass: number,
  linked: ReadonlySet<ItemId>,
  say: Say,
): number {
  const { lru, items } = store;
  let total = 0;
  let bytes = 0;
  for (let segment = 0; segment < 4; segment++) {
    let count = 0;
    let before: ItemId = NO_ITEM;
    for (let id = lru.head(sizeClass, segment); id !== NO_ITEM; id = items.lruNext(id)) {
      say(linked.has(id), `item ${id} is on an LRU list but not in the index`);
      say(items.lruClassOf(id) === sizeClass, `item ${id} is on the list of another class`);
      say(items.segment(id) === segment, `item ${id} is on the list of another segment`);
      say(items.lruPrev(id) === before, `item ${id} does not point back`);
      bytes += items.bytes(id);
      before = id;
      if (++count > linked.size) break;
    }
    say(lru.tail(sizeClass, segment) === before, `class ${sizeClass} has a wrong tail`);
    say(lru.count(sizeClass, segment) === count, `class ${sizeClass} has a wrong count`);
    total += count;
  }
  const sum = store.arena.totals[sizeClass * TOTAL.slots + TOTAL.memRequested]!;
  say(sum === bytes, `class ${sizeClass} sums up ${sum} of ${bytes} bytes`);
  return total;
}

/** Walks a class's free list; returns its free chunks, those never handed out included. */
function auditFree(store: Store, sizeClass: number, linked: ReadonlySet<ItemId>, say: Say): number {
  const { arena, items, slabs } = store;
  const free = slabs.freeChunks(sizeClass);
  const block = sizeClass * CLASS.words;
  let count = 0;
  let before: ItemId = NO_ITEM;
  let chunk = arena.classes[block + CLASS.freeHead]! >>> 0;
  while (chunk !== NO_ITEM && count <= free) {
    say(!linked.has(chunk), `chunk ${chunk} is free and linked`);
    say(items.classOf(chunk) === sizeClass, `chunk ${chunk} is free in another class`);
    say(arena.words[wordOf(chunk) + ITEM.meta] === 0, `chunk ${chunk} is free but not blank`);
    say(arena.words[wordOf(chunk) + ITEM.lruPrev] === before, `chunk ${chunk} does not point back`);
    before = chunk;
    chunk = arena.words[wordOf(chunk) + ITEM.lruNext]!;
    count++;
  }
  const counted = arena.classes[block + CLASS.freeCount];
  say(counted === count, `class ${sizeClass} counts ${counted} free chunks of ${count}`);
  return free;
}
