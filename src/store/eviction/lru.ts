import type { Items } from '../items/items.ts';
import type { SizeHistogram } from '../items/size-histogram.ts';
import type { Arena } from '../memory/arena.ts';
import type { ClassTotals } from '../memory/class-totals.ts';
import { CLASS_COUNT, type ThreadCounters } from '../memory/counters.ts';
import { type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import { CLASS, SEGMENT_WORDS, TOTAL } from '../memory/layout.ts';

/** Word offsets in the head of a list. */
export const LIST = { head: 0, tail: 1, count: 2 } as const;
const { head: HEAD, tail: TAIL, count: COUNT } = LIST;

interface LruParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly totals: ClassTotals;
  readonly counters: ThreadCounters;
  readonly sizeHistogram: SizeHistogram;
}

/**
 * The LRU lists, one for each segment of each size class, and the totals over their items. The
 * caller holds the class lock.
 */
export class LruLists {
  readonly #classes: Int32Array;
  readonly #parts: LruParts;

  constructor(parts: LruParts) {
    this.#classes = parts.arena.classes;
    this.#parts = parts;
  }

  head(sizeClass: number, segment: number): ItemId {
    return this.#classes[listAt(sizeClass, segment) + HEAD]! >>> 0;
  }

  tail(sizeClass: number, segment: number): ItemId {
    return this.#classes[listAt(sizeClass, segment) + TAIL]! >>> 0;
  }

  count(sizeClass: number, segment: number): number {
    return this.#classes[listAt(sizeClass, segment) + COUNT]!;
  }

  /** Adds a new item at the head of the list that its segment bits name. */
  add(sizeClass: number, id: ItemId): void {
    this.#pushHead(sizeClass, id);
    this.#parts.totals.add(sizeClass, TOTAL.memRequested, this.#parts.items.bytes(id));
    this.#parts.counters.addToClass(sizeClass, CLASS_COUNT.total_items);
    this.#parts.sizeHistogram.add(id);
  }

  /** Removes an item from its list and from the totals. */
  remove(sizeClass: number, id: ItemId): void {
    this.#detach(sizeClass, id);
    this.#parts.totals.add(sizeClass, TOTAL.memRequested, -this.#parts.items.bytes(id));
    this.#parts.sizeHistogram.remove(id);
  }

  /** Moves an item to the head of a list of its class. */
  moveToHead(sizeClass: number, id: ItemId, segment: number): void {
    this.#detach(sizeClass, id);
    this.#parts.items.setSegment(id, segment);
    this.#pushHead(sizeClass, id);
  }

  /** Moves an item next to `older`, on the side of the head; to the tail if that is NO_ITEM. */
  moveBefore(sizeClass: number, id: ItemId, older: ItemId): void {
    const { items } = this.#parts;
    this.#detach(sizeClass, id);
    const list = listAt(sizeClass, items.segment(id));
    const newer = older === NO_ITEM ? this.#classes[list + TAIL]! >>> 0 : items.lruPrev(older);
    items.setLruPrev(id, newer);
    items.setLruNext(id, older);
    if (newer === NO_ITEM) this.#classes[list + HEAD] = id;
    else items.setLruNext(newer, id);
    if (older === NO_ITEM) this.#classes[list + TAIL] = id;
    else items.setLruPrev(older, id);
    this.#classes[list + COUNT]!++;
  }

  /**
   * Replaces `old` by `fresh`, an item of the same class, segment and size, at the same position.
   */
  replace(sizeClass: number, old: ItemId, fresh: ItemId): void {
    const list = listAt(sizeClass, this.#parts.items.segment(old));
    const prev = this.#parts.items.lruPrev(old);
    const next = this.#parts.items.lruNext(old);
    this.#parts.items.setLruPrev(fresh, prev);
    this.#parts.items.setLruNext(fresh, next);
    if (prev === NO_ITEM) this.#classes[list + HEAD] = fresh;
    else this.#parts.items.setLruNext(prev, fresh);
    if (next === NO_ITEM) this.#classes[list + TAIL] = fresh;
    else this.#parts.items.setLruPrev(next, fresh);
  }

  /** How many items the class has in all segments together. */
  classCount(sizeClass: number): number {
    const classes = this.#classes;
    const at = sizeClass * CLASS.words + CLASS.lru + COUNT;
    return (
      classes[at]! +
      classes[at + SEGMENT_WORDS]! +
      classes[at + 2 * SEGMENT_WORDS]! +
      classes[at + 3 * SEGMENT_WORDS]!
    );
  }

  #pushHead(sizeClass: number, id: ItemId): void {
    const list = listAt(sizeClass, this.#parts.items.segment(id));
    const head = this.#classes[list + HEAD]! >>> 0;
    this.#parts.items.setLruPrev(id, NO_ITEM);
    this.#parts.items.setLruNext(id, head);
    if (head === NO_ITEM) this.#classes[list + TAIL] = id;
    else this.#parts.items.setLruPrev(head, id);
    this.#classes[list + HEAD] = id;
    this.#classes[list + COUNT]!++;
  }

  #detach(sizeClass: number, id: ItemId): void {
    const list = listAt(sizeClass, this.#parts.items.segment(id));
    const prev = this.#parts.items.lruPrev(id);
    const next = this.#parts.items.lruNext(id);
    if (prev === NO_ITEM) this.#classes[list + HEAD] = next;
    else this.#parts.items.setLruNext(prev, next);
    if (next === NO_ITEM) this.#classes[list + TAIL] = prev;
    else this.#parts.items.setLruPrev(next, prev);
    this.#classes[list + COUNT]!--;
  }
}

function listAt(sizeClass: number, segment: number): number {
  return sizeClass * CLASS.words + CLASS.lru + segment * SEGMENT_WORDS;
}
