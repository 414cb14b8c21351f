import type { Items } from '../items/items.ts';
import type { StoreClock } from '../items/store-clock.ts';
import type { ItemId } from '../memory/layout.ts';
import { FLAG } from '../memory/layout.ts';

const KEY_BYTES_MAX = 250;
/** More evictions than one request can cause. */
const EVENTS_MAX = 4;

/** What watchers learn about an evicted item. */
interface EvictionEvent {
  readonly key: Buffer;
  keyBytes: number;
  fetched: boolean;
  /** Seconds until its expiry; -1 if it had none. */
  ttl: number;
  idleSeconds: number;
  sizeClass: number;
  bytes: number;
}

/**
 * The evictions that watchers have not received yet. Evictions happen under locks, where a thread
 * may not allocate: it records them here in place, and publishes them after it released its locks.
 */
export class EvictionEvents {
  /** Whether any watcher receives evictions. */
  isWatched: () => boolean = () => false;
  count = 0;
  readonly events: readonly EvictionEvent[] = Array.from({ length: EVENTS_MAX }, () => ({
    key: Buffer.alloc(KEY_BYTES_MAX),
    keyBytes: 0,
    fetched: false,
    ttl: 0,
    idleSeconds: 0,
    sizeClass: 0,
    bytes: 0,
  }));

  record(items: Items, clock: StoreClock, arenaBytes: Buffer, id: ItemId, sizeClass: number): void {
    const event = this.events[this.count];
    if (event === undefined) return;
    this.count++;
    const keyAt = items.keyAt(id);
    const now = clock.now();
    const expiry = items.expiry(id);
    event.keyBytes = items.keyBytes(id);
    arenaBytes.copy(event.key, 0, keyAt, keyAt + event.keyBytes);
    event.fetched = items.hasFlag(id, FLAG.fetched);
    event.ttl = expiry === 0 ? -1 : expiry - now;
    event.idleSeconds = Math.max(0, now - items.access(id));
    event.sizeClass = sizeClass;
    event.bytes = items.bytes(id);
  }
}
