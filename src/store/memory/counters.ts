import { assert } from '../../base/index.ts';
import type { Arena } from './arena.ts';
import { CLASS_COUNTER_SLOTS, COUNTER_SLOTS, THREAD_COUNTER_SLOTS } from './layout.ts';
import { CLASSES_MAX } from './size-classes.ts';

/**
 * The counters of each thread, by slot: `stats` shows the sum over all threads
 * (commands/admin/general-stats.ts). memcached's counters keep their names.
 */
const THREAD_COUNTER_NAMES = [
  'get_cmds',
  'get_misses',
  'get_expired',
  'get_flushed',
  'touch_cmds',
  'touch_misses',
  'delete_misses',
  'incr_misses',
  'decr_misses',
  'cas_misses',
  'flush_cmds',
  'meta_cmds',
  'config_get_cmds',
  'config_set_cmds',
  'store_too_large',
  'store_no_memory',
  'auth_cmds',
  'auth_errors',
  'bytes_read',
  'bytes_written',
  'conn_yields',
  'total_connections',
  'rejected_connections',
  'idle_kicks',
  'login_timeouts',
  'conn_memory_pauses',
  'conn_memory_kicks',
  'ssl_new_sessions',
  'ssl_handshake_errors',
  'ssl_proto_errors',
  'ssl_handshakes_refused',
  'log_lines_dropped',
  'slow_requests',
  'lru_crawler_starts',
  'lru_maintainer_juggles',
  'slabs_moved',
  'slab_reassign_rescues',
  'slab_reassign_evictions_nomem',
  'slab_reassign_busy_items',
  'slab_reassign_chunk_rescues',
  'lock_waits',
  'lock_sleeps',
] as const;
/** The counters of each thread for each size class, by slot. */
const CLASS_COUNTER_NAMES = [
  // In the order of the segments.
  'hits_to_hot',
  'hits_to_warm',
  'hits_to_cold',
  'hits_to_temp',
  'cmd_set',
  'delete_hits',
  'incr_hits',
  'decr_hits',
  'cas_hits',
  'cas_badval',
  'touch_hits',
  // Items linked, and values overwritten in place.
  'total_items',
] as const;
assert(
  CLASS_COUNTER_NAMES.length <= CLASS_COUNTER_SLOTS,
  'no slot is left: raise CLASS_COUNTER_SLOTS',
);
assert(
  THREAD_COUNTER_NAMES.length <= THREAD_COUNTER_SLOTS,
  'no slot is left: raise THREAD_COUNTER_SLOTS',
);

const HIT_COUNTER_NAMES = ['hits_to_hot', 'hits_to_warm', 'hits_to_cold', 'hits_to_temp'] as const;

export type ThreadCounterName = (typeof THREAD_COUNTER_NAMES)[number];
export type ClassCounterName = (typeof CLASS_COUNTER_NAMES)[number];

const slots = <Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> =>
  Object.fromEntries(names.map((name, slot) => [name, slot])) as Record<Name, number>;

/** The slot of each counter of a thread. */
export const COUNT = slots(THREAD_COUNTER_NAMES);
/** The slot of each counter of a size class. */
export const CLASS_COUNT = slots(CLASS_COUNTER_NAMES);

/**
 * The counters of one thread: 64-bit floats, exact to 2^53. Only that thread writes them and every
 * thread reads them, so counting needs no atomic instruction.
 */
export class ThreadCounters {
  readonly #slots: Float64Array;
  readonly #base: number;

  constructor(arena: Arena, thread: number) {
    this.#slots = arena.counters;
    this.#base = thread * COUNTER_SLOTS;
  }

  add(slot: number, by = 1): void {
    this.#slots[this.#base + slot]! += by;
  }

  /** Counts a get that hit an item of a class in a segment. */
  addHit(sizeClass: number, segment: number): void {
    this.addToClass(sizeClass, CLASS_COUNT.hits_to_hot + segment);
  }

  addToClass(sizeClass: number, slot: number, by = 1): void {
    this.#slots[this.#base + THREAD_COUNTER_SLOTS + sizeClass * CLASS_COUNTER_SLOTS + slot]! += by;
  }
}

/**
 * The sums over all threads since the last reset. A reset may not write the counters of other
 * threads: it copies the sums into one more block, the baseline, and later sums subtract it.
 */
export class CounterSums {
  readonly #slots: Float64Array;
  readonly #threads: number;

  constructor(arena: Arena) {
    this.#slots = arena.counters;
    this.#threads = arena.layout.threads;
  }

  thread(name: ThreadCounterName): number {
    return this.#sum(COUNT[name]);
  }

  /** The counter of one thread since the start of the node: a reset does not change it. */
  ofThread(name: ThreadCounterName, thread: number): number {
    return this.#slots[thread * COUNTER_SLOTS + COUNT[name]]!;
  }

  /** Hits in all segments, of one class or of all classes together. */
  hits(sizeClass?: number): number {
    let hits = 0;
    for (const name of HIT_COUNTER_NAMES) hits += this.class(name, sizeClass);
    return hits;
  }

  /** The sum of one class, or of all classes together. */
  class(name: ClassCounterName, sizeClass?: number): number {
    if (sizeClass !== undefined) return this.#sum(classSlot(sizeClass, name));
    let sum = 0;
    for (let id = 1; id < CLASSES_MAX; id++) sum += this.#sum(classSlot(id, name));
    return sum;
  }

  /** The sum of all classes since the start of the node: a reset does not change it. */
  lifetime(name: ClassCounterName): number {
    let sum = 0;
    for (let id = 1; id < CLASSES_MAX; id++) sum += this.#lifetimeSum(classSlot(id, name));
    return sum;
  }

  reset(): void {
    const baseline = this.#threads * COUNTER_SLOTS;
    for (let slot = 0; slot < COUNTER_SLOTS; slot++) {
      this.#slots[baseline + slot]! += this.#sum(slot);
    }
  }

  #sum(slot: number): number {
    return this.#lifetimeSum(slot) - this.#slots[this.#threads * COUNTER_SLOTS + slot]!;
  }

  #lifetimeSum(slot: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      sum += this.#slots[thread * COUNTER_SLOTS + slot]!;
    }
    return sum;
  }
}

function classSlot(sizeClass: number, name: ClassCounterName): number {
  return THREAD_COUNTER_SLOTS + sizeClass * CLASS_COUNTER_SLOTS + CLASS_COUNT[name];
}
