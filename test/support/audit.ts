import type { StoreParts } from '../../src/store/assemble.ts';
import {
  FLAG,
  ITEM,
  ITEM_HEADER_BYTES,
  type ItemId,
  NO_ITEM,
  wordOf,
} from '../../src/store/memory/item-layout.ts';
import { CLASS, CONTROL, TOTAL } from '../../src/store/memory/layout.ts';
import { auditPages } from './audit-pages.ts';

/**
 * Checks a store that no thread is changing: every chain, list, chunk, page, lock and sum. Returns
 * one sentence for each problem, and an empty list for a sound store. `unlinked` is how many chunks
 * belong to items that are not linked: values in receipt, and unlinked items that are still pinned.
 */
export function audit(parts: StoreParts, unlinked = 0): readonly string[] {
  const problems: string[] = [];
  const check = (condition: boolean, problem: string): void => {
    if (!condition && problems.length < 50) problems.push(problem);
  };
  auditLocks(parts, check);
  const linked = auditIndex(parts, check);
  const inClasses = auditClasses(parts, linked, check);
  const chained = auditChains(parts, linked, check);
  auditPages(parts, linked, check);
  check(
    inClasses.used - inClasses.listed - chained === unlinked,
    `${inClasses.used} chunks are in use, ${inClasses.listed} listed, ${chained} in chains, ` +
      `${unlinked} unlinked`,
  );
  return problems;
}

type Check = (condition: boolean, problem: string) => void;

function auditLocks(parts: StoreParts, check: Check): void {
  const { stripes, classes, control } = parts.arena;
  check(
    stripes.every((word) => word === 0),
    'a stripe is locked',
  );
  for (let id = 0; id < parts.arena.sizeClasses.chunkBytes.length; id++) {
    check(classes[id * CLASS.words + CLASS.lock] === 0, `class ${id} is locked`);
  }
  check(control[CONTROL.growLock] === 0, 'the index is locked for growth');
  check(control[CONTROL.pageLock] === 0, 'the page pool is locked');
  check(control[CONTROL.moverLock] === 0, 'the page mover is locked');
}

/** Walks the index; returns every linked item. */
function auditIndex(parts: StoreParts, check: Check): Set<ItemId> {
  const seen = new Set<ItemId>();
  const { items, index, arena } = parts;
  const buckets = index.bucketCount();
  for (let bucket = 0; bucket < buckets; bucket++) {
    for (let id = arena.buckets[bucket]!; id !== NO_ITEM; id = items.bucketNext(id)) {
      check(!seen.has(id), `item ${id} is twice in the index`);
      if (seen.has(id)) break;
      seen.add(id);
      check(items.hasFlag(id, FLAG.linked), `item ${id} is in the index but not marked linked`);
      const at = items.keyAt(id);
      const hash = index.hashOfItem(id);
      const found = index.find(hash, arena.bytes, at, items.keyBytes(id));
      check(found === id, `item ${id} is not found under its own key`);
    }
  }
  check(
    index.count() === seen.size,
    `the index counts ${index.count()} items but holds ${seen.size}`,
  );
  return seen;
}

/** Walks the chained items; returns how many value chunks they have together. */
function auditChains(parts: StoreParts, linked: ReadonlySet<ItemId>, check: Check): number {
  const { items, chains } = parts;
  const seen = new Set<ItemId>();
  for (const head of linked) {
    if (!items.isChained(head)) continue;
    check(chains.pins(head) === 0, `item ${head} is pinned ${chains.pins(head)} times`);
    const chunks = chains.chunkCount(head);
    for (let ordinal = 0; ordinal < chunks; ordinal++) {
      const chunk = chains.chunk(head, ordinal);
      check(!seen.has(chunk) && !linked.has(chunk), `chunk ${chunk} is used twice`);
      seen.add(chunk);
      check(chunk !== NO_ITEM, `chunk ${ordinal} of item ${head} is missing`);
      if (chunk === NO_ITEM) continue;
      auditValueChunk(parts, head, ordinal, check);
    }
  }
  return seen.size;
}

function auditValueChunk(parts: StoreParts, head: ItemId, ordinal: number, check: Check): void {
  const { items, chains, arena } = parts;
  const { chunkBytes } = arena.sizeClasses;
  const chunk = chains.chunk(head, ordinal);
  check(chains.isValueChunk(chunk), `chunk ${chunk} of item ${head} is no value chunk`);
  check(chains.headOf(chunk) === head, `chunk ${chunk} of item ${head} names another head`);
  check(
    chains.ordinalOf(chunk) === ordinal,
    `chunk ${chunk} of item ${head} does not carry ordinal ${ordinal}`,
  );
  const bytes = ITEM_HEADER_BYTES + chains.contiguousBytes(head, ordinal * chains.payloadBytes);
  check(chunkBytes[items.classOf(chunk)]! >= bytes, `chunk ${chunk} is too small for its bytes`);
}

function auditClasses(
  parts: StoreParts,
  linked: ReadonlySet<ItemId>,
  check: Check,
): { used: number; listed: number } {
  let used = 0;
  let listed = 0;
  for (let id = 1; id < parts.arena.sizeClasses.chunkBytes.length; id++) {
    const inClass = auditLists(parts, id, linked, check);
    const free = auditFreeList(parts, id, linked, check);
    listed += inClass;
    used += parts.slabs.pageCount(id) * parts.slabs.chunksPerPage(id) - free;
  }
  check(listed === linked.size, `${listed} items are on LRU lists, ${linked.size} in the index`);
  return { used, listed };
}

/** Walks the LRU lists of a class in both directions; returns how many items are on them. */
function auditLists(
  parts: StoreParts,
  sizeClass: number,
  linked: ReadonlySet<ItemId>,
  check: Check,
): number {
  const { lru, items } = parts;
  let total = 0;
  let bytes = 0;
  for (let segment = 0; segment < 4; segment++) {
    let count = 0;
    let previous: ItemId = NO_ITEM;
    for (let id = lru.head(sizeClass, segment); id !== NO_ITEM; id = items.lruNext(id)) {
      check(linked.has(id), `item ${id} is on an LRU list but not in the index`);
      check(items.lruClassOf(id) === sizeClass, `item ${id} is on the list of another class`);
      check(items.segment(id) === segment, `item ${id} is on the list of another segment`);
      check(items.lruPrev(id) === previous, `item ${id} does not point back`);
      bytes += items.bytes(id);
      previous = id;
      if (++count > linked.size) break;
    }
    check(lru.tail(sizeClass, segment) === previous, `class ${sizeClass} has a wrong tail`);
    check(lru.count(sizeClass, segment) === count, `class ${sizeClass} has a wrong count`);
    total += count;
  }
  const sum = parts.totals.get(sizeClass, TOTAL.memRequested);
  check(sum === bytes, `class ${sizeClass} counts ${sum} bytes but its items take ${bytes}`);
  return total;
}

/** Walks the free list of a class; returns its free chunks, including those never allocated. */
function auditFreeList(
  parts: StoreParts,
  sizeClass: number,
  linked: ReadonlySet<ItemId>,
  check: Check,
): number {
  const { arena, items, slabs } = parts;
  const free = slabs.freeChunkCount(sizeClass);
  const block = sizeClass * CLASS.words;
  let count = 0;
  let previous: ItemId = NO_ITEM;
  let chunk = arena.classes[block + CLASS.freeHead]! >>> 0;
  while (chunk !== NO_ITEM && count <= free) {
    check(!linked.has(chunk), `chunk ${chunk} is free and linked`);
    check(items.classOf(chunk) === sizeClass, `chunk ${chunk} is free in another class`);
    check(
      arena.words[wordOf(chunk) + ITEM.meta] === 0,
      `chunk ${chunk} is free but its META is not 0`,
    );
    check(
      arena.words[wordOf(chunk) + ITEM.lruPrev] === previous,
      `chunk ${chunk} does not point back`,
    );
    previous = chunk;
    chunk = arena.words[wordOf(chunk) + ITEM.lruNext]!;
    count++;
  }
  const counted = arena.classes[block + CLASS.freeCount];
  check(counted === count, `class ${sizeClass} counts ${counted} free chunks but lists ${count}`);
  return free;
}
