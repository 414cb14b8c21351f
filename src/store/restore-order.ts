import type { StoreParts } from './assemble.ts';
import { FLAG, type ItemId, NO_ITEM, SEGMENT } from './memory/item-layout.ts';

/** The most anchors of a list: the order of restored items is kept to about this many parts. */
const ANCHORS_MAX = 1024;
const ANCHORS_AT_START = 16;
/** The most items of the largest class that are compared, under one hold of its lock. */
const SCAN_MAX = 256;
const SEGMENTS = Object.keys(SEGMENT).length;
/** Below 1, so that the last write of a second comes before the next second. */
const FRACTION_MAX = 1 - 2 ** -24;
const WORD = 2 ** 32;

/**
 * Places in one LRU list. An anchor stands for the items that were restored with a moment from its
 * own up to that of the next anchor. It names the one that came last, the nearest to the head.
 *
 *   tail ─ … ─ anchor 0 ─ … ─ … ─ anchor 1 ─ … ─ anchor 2 ─ head
 *
 * Other threads evict and move items, so an anchor counts only if its item is still on the list.
 */
class Anchors {
  count = 0;
  moments = new Float64Array(ANCHORS_AT_START);
  ids = new Uint32Array(ANCHORS_AT_START);
  /** The sequence numbers, which tell whether it is still the same item. */
  seqs = new Uint32Array(ANCHORS_AT_START);

  get isFull(): boolean {
    return this.count === this.ids.length;
  }

  /** The last anchor with this moment or an earlier one, or -1. */
  find(moment: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.moments[middle]! <= moment) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  set(nth: number, id: ItemId, seq: number): void {
    this.ids[nth] = id;
    this.seqs[nth] = seq;
  }

  insert(nth: number, moment: number): void {
    this.#copy(nth, nth + 1);
    this.moments[nth] = moment;
    this.count++;
  }

  remove(nth: number): void {
    this.#copy(nth + 1, nth);
    this.count--;
  }

  /** Makes room for one more, up to ANCHORS_MAX. */
  grow(): void {
    const length = this.ids.length;
    if (!this.isFull || length === ANCHORS_MAX) return;
    const { moments, ids, seqs } = this;
    this.moments = new Float64Array(2 * length);
    this.ids = new Uint32Array(2 * length);
    this.seqs = new Uint32Array(2 * length);
    this.moments.set(moments);
    this.ids.set(ids);
    this.seqs.set(seqs);
  }

  #copy(from: number, to: number): void {
    this.moments.copyWithin(to, from, this.count);
    this.ids.copyWithin(to, from, this.count);
    this.seqs.copyWithin(to, from, this.count);
  }
}

/**
 * Puts restored items, which come in any order, into their LRU lists in the order of their last
 * access; within a second, in the order of their writes. So a store that is too small evicts those
 * that were used the longest time ago, whichever came first.
 */
export class RestoreOrder {
  readonly #parts: StoreParts;
  /** By class and segment; most of them stay undefined. */
  readonly #lists: (Anchors | undefined)[] = [];
  /** For the next list: `place` allocates nothing while it holds a lock. */
  #spare: Anchors | undefined = new Anchors();
  /** Sequence numbers of the snapshot are below. */
  #seqEnd = 1;
  /** The item that is being placed, and its list. */
  #id = NO_ITEM;
  #sizeClass = 0;
  #segment: number = SEGMENT.hot;
  #anchors = new Anchors();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Begins a snapshot whose last sequence number is this one. */
  begin(high: number, low: number): void {
    this.#seqEnd = high * WORD + low + 1;
  }

  /** Prepares the next `place`; the caller holds no lock. */
  makeRoom(): void {
    this.#anchors.grow();
    this.#spare ??= new Anchors();
  }

  /**
   * Moves an item to its place in the list of `segment`. The caller holds the class lock and has
   * set the past of the item.
   */
  place(sizeClass: number, id: ItemId, segment: number): void {
    const { arena, lru } = this.#parts;
    lru.moveToHead(sizeClass, id, segment);
    this.#id = id;
    this.#sizeClass = sizeClass;
    this.#segment = segment;
    if (sizeClass === arena.sizeClasses.largest) this.#placeByScan();
    else this.#placeByAnchor();
  }

  #placeByAnchor(): void {
    const { lru, items } = this.#parts;
    const list = this.#sizeClass * SEGMENTS + this.#segment;
    const anchors = this.#lists[list] ?? this.#takeSpare();
    this.#lists[list] = anchors;
    this.#anchors = anchors;
    const moment = this.#momentOf(this.#id);
    let nth = anchors.find(moment);
    while (nth >= 0 && !this.#isAlive(nth)) anchors.remove(nth--);
    if (nth >= 0) lru.moveBefore(this.#sizeClass, this.#id, anchors.ids[nth]!);
    else this.#placeFirst();
    const isNew = nth < 0 || anchors.moments[nth] !== moment;
    if (isNew && !anchors.isFull) anchors.insert(++nth, moment);
    if (nth >= 0) anchors.set(nth, this.#id, items.seqLow(this.#id));
  }

  #takeSpare(): Anchors {
    const spare = this.#spare ?? new Anchors();
    this.#spare = undefined;
    return spare;
  }

  /**
   * Places an item that is older than all anchors: at the tail, unless the tail is even older. Then
   * the list has items that were not restored, and the item goes below the first anchor.
   */
  #placeFirst(): void {
    const { lru, items } = this.#parts;
    const anchors = this.#anchors;
    const tail = lru.tail(this.#sizeClass, this.#segment);
    if (items.access(tail) >= items.access(this.#id)) {
      lru.moveBefore(this.#sizeClass, this.#id, NO_ITEM);
      return;
    }
    while (anchors.count > 0 && !this.#isAlive(0)) anchors.remove(0);
    if (anchors.count === 0) return;
    lru.moveBefore(this.#sizeClass, this.#id, items.lruNext(anchors.ids[0]!));
  }

  /**
   * The head of a chained item may be in a page of another class, whose lock the caller does not
   * hold, so it is no anchor. The list is short: its items are large.
   */
  #placeByScan(): void {
    const { lru, items } = this.#parts;
    const moment = this.#momentOf(this.#id);
    let older: ItemId = NO_ITEM;
    let newer = lru.tail(this.#sizeClass, this.#segment);
    for (let scanned = 0; scanned < SCAN_MAX && newer !== this.#id; scanned++) {
      if (this.#momentOf(newer) > moment) {
        lru.moveBefore(this.#sizeClass, this.#id, older);
        return;
      }
      older = newer;
      newer = items.lruPrev(newer);
    }
  }

  /** Whether the item of an anchor is still on the list. */
  #isAlive(nth: number): boolean {
    const { items } = this.#parts;
    const { ids, seqs } = this.#anchors;
    const id = ids[nth]!;
    return (
      id !== this.#id &&
      items.classOf(id) === this.#sizeClass &&
      (items.flags(id) & (FLAG.linked | FLAG.chunked)) === FLAG.linked &&
      items.seqLow(id) === seqs[nth] &&
      items.segment(id) === this.#segment
    );
  }

  /** The second of the last access; its fraction has the order of the writes. */
  #momentOf(id: ItemId): number {
    const { items } = this.#parts;
    const seq = items.seqHigh(id) * WORD + items.seqLow(id);
    return items.access(id) + Math.min(seq / this.#seqEnd, FRACTION_MAX);
  }
}
