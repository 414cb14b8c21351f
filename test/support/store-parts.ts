import { type StoreParts as AllParts, assemble } from '../../src/store/assemble.ts';
import type { ItemId } from '../../src/store/memory/item-layout.ts';
import { type StoreOptions, testShare } from './session-harness.ts';

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
  readonly all: AllParts;
  readonly arena: AllParts['arena'];
  readonly items: AllParts['items'];
  readonly index: AllParts['index'];
  readonly clock: AllParts['clock'];
  readonly tunables: AllParts['tunables'];
  readonly lru: AllParts['lru'];
  readonly pagePool: AllParts['pagePool'];
  readonly slabs: AllParts['slabs'];
  readonly chunkBytes: readonly number[];
  readonly largestClass: number;

  constructor(options: Partial<StoreOptions> = {}) {
    this.all = assemble(testShare(options), 0);
    this.arena = this.all.arena;
    this.items = this.all.items;
    this.index = this.all.index;
    this.clock = this.all.clock;
    this.tunables = this.all.tunables;
    this.lru = this.all.lru;
    this.pagePool = this.all.pagePool;
    this.slabs = this.all.slabs;
    this.chunkBytes = this.arena.sizeClasses.chunkBytes;
    this.largestClass = this.arena.sizeClasses.largest;
  }

  /** Allocates a chunk and writes an item into it; it is in no list. */
  newItem(item: TestItem = {}): ItemId {
    const { key = 'key', value = 'value', sizeClass = 5 } = item;
    const { clientFlags = 0, expiry = 0, ownCas = false } = item;
    const id = this.slabs.alloc(sizeClass);
    const [keyBytes, valueBytes] = [key.length, value.length];
    const placement = sizeClass;
    this.items.format(id, { placement, keyBytes, clientFlags, expiry, valueBytes, ownCas });
    this.arena.bytes.write(key, this.items.keyAt(id), 'latin1');
    this.arena.bytes.write(value, this.items.valueAt(id), 'latin1');
    return id;
  }

  keyOf(id: ItemId): string {
    const at = this.items.keyAt(id);
    return this.arena.bytes.toString('latin1', at, at + this.items.keyBytes(id));
  }
}
