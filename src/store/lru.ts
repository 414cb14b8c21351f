import type { Arena } from './arena.ts';
import type { Items } from './items.ts';
import { CLASS, type ItemId, NO_ITEM, SEGMENT_WORDS, TOTAL } from './layout.ts';
import type { SizeHistogram } from './size-histogram.ts';

const HEAD = 0;
const TAIL = 1;
const COUNT = 2;

/**
 * The LRU lists, one for each segment of each size class, and the sums over what is on them. The
 * caller holds the class lock.
 */
export class LruLists {
  readonly #classes: Int32Array;
  readonly #totals: Float64Array;
  readonly #items: Items;
  readonly #sizes: SizeHistogram;

  constructor(arena: Arena, items: Items, sizes: SizeHistogram) {
    this.#classes = arena.classes;
    this.#totals = arena.totals;
    this.#items = items;
    this.#sizes = sizes;
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

  /** Enters a new item at the head of the list that its segment bits name. */
  enter(sizeClass: number, id: ItemId): void {
    this.#pushHead(sizeClass, id);
    this.#totals[sizeClass * TOTAL.slots + TOTAL.memRequested]! += this.#items.bytes(id);
    this.#totals[sizeClass * TOTAL.slots + TOTAL.totalItems]! += 1;
    this.#sizes.enter(id);
  }

  /** Takes an item off its list for good. */
  leave(sizeClass: number, id: ItemId): void {
    this.#remove(sizeClass, id);
    this.#totals[sizeClass * TOTAL.slots + TOTAL.memRequested]! -= this.#items.bytes(id);
    this.#sizes.leave(id);
  }

  /** Moves an item to the head of a list of its class. */
  toHead(sizeClass: number, id: ItemId, segment: number): void {
    this.#remove(sizeClass, id);
    this.#items.setSegment(id, segment);
    this.#pushHead(sizeClass, id);
  }

  /** Puts `fresh`, of the same class, segment and bytes, where `old` is. */
  replace(sizeClass: number, old: ItemId, fresh: ItemId): void {
    const list = listAt(sizeClass, this.#items.segment(old));
    const prev = this.#items.lruPrev(old);
    const next = this.#items.lruNext(old);
    this.#items.setLruPrev(fresh, prev);
    this.#items.setLruNext(fresh, next);
    if (prev === NO_ITEM) this.#classes[list + HEAD] = fresh;
    else this.#items.setLruNext(prev, fresh);
    if (next === NO_ITEM) this.#classes[list + TAIL] = fresh;
    else this.#items.setLruPrev(next, fresh);
  }

  /** How many items the class has in all. */
  size(sizeClass: number): number {
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
    const list = listAt(sizeClass, this.#items.segment(id));
    const head = this.#classes[list + HEAD]! >>> 0;
    this.#items.setLruPrev(id, NO_ITEM);
    this.#items.setLruNext(id, head);
    if (head === NO_ITEM) this.#classes[list + TAIL] = id;
    else this.#items.setLruPrev(head, id);
    this.#classes[list + HEAD] = id;
    this.#classes[list + COUNT]!++;
  }

  #remove(sizeClass: number, id: ItemId): void {
    const list = listAt(sizeClass, this.#items.segment(id));
    const prev = this.#items.lruPrev(id);
    const next = this.#items.lruNext(id);
    if (prev === NO_ITEM) this.#classes[list + HEAD] = next;
    else this.#items.setLruNext(prev, next);
    if (next === NO_ITEM) this.#classes[list + TAIL] = prev;
    else this.#items.setLruPrev(next, prev);
    this.#classes[list + COUNT]!--;
  }
}

function listAt(sizeClass: number, segment: number): number {
  return sizeClass * CLASS.words + CLASS.lru + segment * SEGMENT_WORDS;
}
