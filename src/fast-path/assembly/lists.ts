/** The LRU lists and the free chunks of a size class. The caller holds the class lock. */
import {
  CHUNK_BYTES_AT,
  CLASS_CARVE_LEFT,
  CLASS_CARVE_NEXT,
  CLASS_COUNT_TOTAL_ITEMS,
  CLASS_FREE_COUNT,
  CLASS_FREE_HEAD,
  CLASS_LEAVING_FREE_CHUNKS,
  CLASS_LEAVING_PAGE,
  CLASS_LRU,
  FLAG_CHUNKED,
  ITEM_LRU_NEXT,
  ITEM_LRU_PREV,
  ITEM_META,
  LIST_COUNT,
  LIST_TAIL,
  SEGMENT_BYTES,
  TOTAL_MEM_REQUESTED,
  VALUE_CHUNK_HEAD,
} from './constants';
import {
  addToTotal,
  bytesOf,
  classAt,
  countInClass,
  ID_SHIFT,
  itemAt,
  PAGE_ID_SHIFT,
  region,
  segmentOf,
  setSegment,
} from './store';

const TAIL: usize = LIST_TAIL;
const COUNT: usize = LIST_COUNT;

function listAt(sizeClass: u32, segment: u32): usize {
  return classAt(sizeClass) + CLASS_LRU + <usize>(segment * SEGMENT_BYTES);
}

export function tailOf(sizeClass: u32, segment: u32): u32 {
  return load<u32>(listAt(sizeClass, segment), TAIL);
}

export function countOf(sizeClass: u32, segment: u32): u32 {
  return load<u32>(listAt(sizeClass, segment), COUNT);
}

function add(at: usize, by: i32, offset: usize): void {
  store<i32>(at + offset, load<i32>(at + offset) + by);
}

function pushHead(sizeClass: u32, id: u32, item: usize): void {
  const list = listAt(sizeClass, segmentOf(item));
  const head = load<u32>(list);
  store<u32>(item, 0, ITEM_LRU_PREV);
  store<u32>(item, head, ITEM_LRU_NEXT);
  if (head === 0) store<u32>(list, id, TAIL);
  else store<u32>(itemAt(head), id, ITEM_LRU_PREV);
  store<u32>(list, id);
  add(list, 1, COUNT);
}

function detach(sizeClass: u32, item: usize): void {
  const list = listAt(sizeClass, segmentOf(item));
  const prev = load<u32>(item, ITEM_LRU_PREV);
  const next = load<u32>(item, ITEM_LRU_NEXT);
  if (prev === 0) store<u32>(list, next);
  else store<u32>(itemAt(prev), next, ITEM_LRU_NEXT);
  if (next === 0) store<u32>(list, prev, TAIL);
  else store<u32>(itemAt(next), prev, ITEM_LRU_PREV);
  add(list, -1, COUNT);
}

/** Adds a new item at the head of the list that its segment names. */
export function addItem(sizeClass: u32, id: u32, item: usize): void {
  pushHead(sizeClass, id, item);
  addToTotal(sizeClass, TOTAL_MEM_REQUESTED, bytesOf(item));
  countInClass(sizeClass, CLASS_COUNT_TOTAL_ITEMS);
}

/** Removes an item from its list and from the totals. */
export function removeItem(sizeClass: u32, item: usize): void {
  detach(sizeClass, item);
  addToTotal(sizeClass, TOTAL_MEM_REQUESTED, -(<f64>bytesOf(item)));
}

export function moveToHead(sizeClass: u32, id: u32, item: usize, segment: u32): void {
  detach(sizeClass, item);
  setSegment(item, segment);
  pushHead(sizeClass, id, item);
}

/** A free chunk of the pages that the class has, or 0. */
export function takeChunk(sizeClass: u32): u32 {
  const block = classAt(sizeClass);
  const free = load<u32>(block, CLASS_FREE_HEAD);
  if (free !== 0) {
    const next = load<u32>(itemAt(free), ITEM_LRU_NEXT);
    store<u32>(block, next, CLASS_FREE_HEAD);
    if (next !== 0) store<u32>(itemAt(next), 0, ITEM_LRU_PREV);
    add(block, -1, CLASS_FREE_COUNT);
    return claimed(free);
  }
  if (load<u32>(block, CLASS_CARVE_LEFT) === 0) return 0;
  const chunk = load<u32>(block, CLASS_CARVE_NEXT);
  const chunkBytes = load<u32>(region + CHUNK_BYTES_AT + ((<usize>sizeClass) << 2));
  store<u32>(block, chunk + (chunkBytes >> ID_SHIFT), CLASS_CARVE_NEXT);
  add(block, -1, CLASS_CARVE_LEFT);
  return claimed(chunk);
}

/** Marks a chunk as neither free nor an item. */
function claimed(chunk: u32): u32 {
  const at = itemAt(chunk);
  store<u32>(at, 0, VALUE_CHUNK_HEAD);
  store<u32>(at, FLAG_CHUNKED, ITEM_META);
  return chunk;
}

export function freeChunk(sizeClass: u32, chunk: u32): void {
  const block = classAt(sizeClass);
  const at = itemAt(chunk);
  store<u32>(at, 0, ITEM_META);
  if (load<u32>(block, CLASS_LEAVING_PAGE) === ((chunk - 1) >> PAGE_ID_SHIFT) + 1) {
    add(block, 1, CLASS_LEAVING_FREE_CHUNKS);
    return;
  }
  const head = load<u32>(block, CLASS_FREE_HEAD);
  store<u32>(at, 0, ITEM_LRU_PREV);
  store<u32>(at, head, ITEM_LRU_NEXT);
  if (head !== 0) store<u32>(itemAt(head), chunk, ITEM_LRU_PREV);
  store<u32>(block, chunk, CLASS_FREE_HEAD);
  add(block, 1, CLASS_FREE_COUNT);
}
