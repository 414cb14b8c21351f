import { LruLists } from '../../src/store/eviction/lru.ts';
import type { StoreOptions } from '../../src/store/index.ts';
import { IndexTable } from '../../src/store/items/index-table.ts';
import { Items } from '../../src/store/items/items.ts';
import { SizeHistogram } from '../../src/store/items/size-histogram.ts';
import { StoreClock } from '../../src/store/items/store-clock.ts';
import { Arena } from '../../src/store/memory/arena.ts';
import type { ItemId } from '../../src/store/memory/layout.ts';
import { PagePool } from '../../src/store/memory/page-pool.ts';
import { Slabs } from '../../src/store/memory/slabs.ts';
import { Tunables } from '../../src/store/memory/tunables.ts';
import { testShare } from './session-harness.ts';

/** An item as a test describes it; the defaults are a small item without flags. */
export interface TestItem {
  readonly key?: string;
  readonly value?: string;
  readonly clientFlags?: number;
  readonly expiry?: number;
  readonly ownCas?: boolean;
  readonly sizeClass?: number;
}

/** The parts of a store that need no lock and no other thread, on their own shared memory. */
export class StoreParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly index: IndexTable;
  readonly clock: StoreClock;
  readonly tunables: Tunables;
  readonly sizeHistogram: SizeHistogram;
  readonly lru: LruLists;
  readonly pagePool: PagePool;
  readonly slabs: Slabs;
  readonly chunkBytes: readonly number[];
  readonly largestClass: number;

  constructor(options: Partial<StoreOptions> = {}) {
    const share = testShare(options);
    this.chunkBytes = share.chunkBytes;
    this.largestClass = share.chunkBytes.length - 1;
    this.arena = new Arena(share);
    this.items = new Items(this.arena, this.largestClass);
    this.index = new IndexTable(this.arena, this.items, share);
    this.clock = new StoreClock(this.arena, this.items);
    this.tunables = new Tunables(this.arena);
    this.sizeHistogram = new SizeHistogram(this.arena, this);
    this.lru = new LruLists(this.arena, this.items, this.sizeHistogram);
    this.pagePool = new PagePool(this.arena);
    this.slabs = new Slabs(this.arena, share, this.pagePool);
  }

  /** Allocates a chunk and writes an item into it; it is in no list. */
  newItem(item: TestItem = {}): ItemId {
    const { key = 'key', value = 'value', sizeClass = 5 } = item;
    const { clientFlags = 0, expiry = 0, ownCas = false } = item;
    const id = this.slabs.alloc(sizeClass);
    this.items.format(id, key.length, clientFlags, expiry, value.length, ownCas);
    this.arena.bytes.write(key, this.items.keyAt(id), 'latin1');
    this.arena.bytes.write(value, this.items.valueAt(id), 'latin1');
    return id;
  }

  keyOf(id: ItemId): string {
    const at = this.items.keyAt(id);
    return this.arena.bytes.toString('latin1', at, at + this.items.keyBytes(id));
  }
}
