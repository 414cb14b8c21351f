import { EvictionEvents } from './eviction/eviction-events.ts';
import { Evictor } from './eviction/evictor.ts';
import { Ghosts } from './eviction/ghosts.ts';
import { LruLists } from './eviction/lru.ts';
import { Allocator } from './items/allocator.ts';
import { CaslessItems } from './items/casless-items.ts';
import { Chains } from './items/chains.ts';
import { IndexTable } from './items/index-table.ts';
import { ItemCopier } from './items/item-copier.ts';
import { Items } from './items/items.ts';
import { Linker } from './items/linker.ts';
import { LookAhead } from './items/look-ahead.ts';
import { Lookup } from './items/lookup.ts';
import { Overwriter } from './items/overwriter.ts';
import { Pins } from './items/pins.ts';
import { Placer } from './items/placer.ts';
import { Putter } from './items/putter.ts';
import { Releaser } from './items/releaser.ts';
import { SizeHistogram } from './items/size-histogram.ts';
import { StoreClock } from './items/store-clock.ts';
import { StoreCondition } from './items/store-condition.ts';
import { Arena, type StoreShare } from './memory/arena.ts';
import { ClassLocks } from './memory/class-locks.ts';
import { ClassTotals } from './memory/class-totals.ts';
import { CounterSums, ThreadCounters } from './memory/counters.ts';
import { PagePool } from './memory/page-pool.ts';
import { Slabs } from './memory/slabs.ts';
import { StripeLocks } from './memory/stripe-locks.ts';
import { Tunables } from './memory/tunables.ts';
import { ChainMover } from './upkeep/chain-mover.ts';
import { ExpiryHints } from './upkeep/expiry-hints.ts';
import { PageMover } from './upkeep/page-mover.ts';

/** The parts of a store as one thread has them. */
export type StoreParts = ReturnType<typeof assemble>;

/**
 * Assembles the parts of a store for thread number `thread`, from 0. Each part takes one object
 * with the parts that it uses, all of which exist before it; the order below is the only order of
 * construction. The parts of all threads work directly on the same memory.
 */
export function assemble(share: StoreShare, thread: number) {
  const arena = new Arena(share);
  const memory = {
    arena,
    stripes: new StripeLocks(arena),
    classLocks: new ClassLocks(arena),
    totals: new ClassTotals(arena),
    counters: new ThreadCounters(arena, thread),
    sums: new CounterSums(arena),
    tunables: new Tunables(arena),
    pagePool: new PagePool(arena),
    expiryHints: new ExpiryHints(arena),
    ghosts: new Ghosts(arena, share.chunkBytes),
    items: share.hidesCas ? new CaslessItems(arena) : new Items(arena),
  };
  const slabs = new Slabs(memory);
  const chains = new Chains(memory);
  const clock = new StoreClock(memory);
  const index = new IndexTable(memory);
  const sizeHistogram = new SizeHistogram({ ...memory, clock });
  const lru = new LruLists({ ...memory, sizeHistogram });
  const releaser = new Releaser({ ...memory, chains, slabs });
  const pins = new Pins({ ...memory, chains, releaser });
  const lists = { ...memory, slabs, chains, clock, index, sizeHistogram, lru, releaser, pins };
  const evictionEvents = new EvictionEvents(lists);
  const evictor = new Evictor(lists);
  const chainMover = new ChainMover({ ...lists, evictor });
  const pageMover = new PageMover({ ...lists, evictor, chainMover });
  const linker = new Linker({ ...lists, evictor, evictionEvents });
  const upkeep = { ...lists, evictionEvents, evictor, chainMover, pageMover, linker };
  const lookup = new Lookup(upkeep);
  const lookAhead = new LookAhead(lists);
  const condition = new StoreCondition(upkeep);
  const overwriter = new Overwriter(upkeep);
  const placer = new Placer(upkeep);
  const allocator = new Allocator(upkeep);
  const changes = { ...upkeep, lookup, lookAhead, condition, overwriter, placer, allocator };
  const copier = new ItemCopier(changes);
  const putter = new Putter({ ...changes, copier });
  return { ...changes, copier, putter };
}
