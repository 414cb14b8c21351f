import type { Items } from '../items/items.ts';
import type { StoreClock } from '../items/store-clock.ts';
import type { Arena } from '../memory/arena.ts';
import { type ItemId, KEY_BYTES_MAX } from '../memory/item-layout.ts';

/** More evictions than one request can cause. */
const EVENTS_MAX = 4;

/** What watchers learn about an evicted item. */
export interface EvictionEvent {
  readonly key: Buffer;
  readonly keyBytes: number;
  readonly fetched: boolean;
  /** Seconds until its expiry; -1 if it had none. */
  readonly ttl: number;
  readonly idleSeconds: number;
  readonly sizeClass: number;
  readonly valueBytes: number;
}

/** Receives the evictions of a thread; the thread then holds no lock. */
export interface EvictionListener {
  /** Whether any watcher receives evictions. */
  readonly areEvictionsWatched: boolean;
  evicted(event: EvictionEvent): void;
}

const NO_LISTENER: EvictionListener = { areEvictionsWatched: false, evicted: () => {} };

class RecordedEvent implements EvictionEvent {
  readonly key = Buffer.alloc(KEY_BYTES_MAX);
  keyBytes = 0;
  fetched = false;
  ttl = 0;
  idleSeconds = 0;
  sizeClass = 0;
  valueBytes = 0;
}

interface EvictionEventsParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly clock: StoreClock;
}

/**
 * The evictions that watchers have not received yet. Evictions happen under locks, where a thread
 * may not allocate: it records them here in place, and publishes them after it released its locks.
 */
export class EvictionEvents {
  listener = NO_LISTENER;
  readonly #parts: EvictionEventsParts;
  readonly #events = Array.from({ length: EVENTS_MAX }, () => new RecordedEvent());
  #count = 0;

  constructor(parts: EvictionEventsParts) {
    this.#parts = parts;
  }

  /** Records the eviction of an item, if any watcher receives evictions. */
  record(id: ItemId, sizeClass: number): void {
    if (!this.listener.areEvictionsWatched) return;
    const event = this.#events[this.#count];
    if (event === undefined) return;
    this.#count++;
    const { arena, items, clock } = this.#parts;
    const keyAt = items.keyAt(id);
    const now = clock.now();
    const expiry = items.expiry(id);
    event.keyBytes = items.keyBytes(id);
    arena.bytes.copy(event.key, 0, keyAt, keyAt + event.keyBytes);
    event.fetched = items.isFetched(id);
    event.ttl = expiry === 0 ? -1 : expiry - now;
    event.idleSeconds = Math.max(0, now - items.access(id));
    event.sizeClass = sizeClass;
    event.valueBytes = items.valueBytes(id);
  }

  /** Sends the recorded evictions to the listener. The caller holds no lock. */
  publish(): void {
    if (this.#count === 0) return;
    for (let nth = 0; nth < this.#count; nth++) this.listener.evicted(this.#events[nth]!);
    this.#count = 0;
  }
}
