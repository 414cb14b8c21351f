import type { Items } from './items.ts';
import type { ItemId } from './layout.ts';
import { FLAG } from './layout.ts';
import type { Lifetimes } from './lifetimes.ts';

const KEY_BYTES_MAX = 250;
/** Evictions that one request can cause, and then some. */
const NOTES_MAX = 4;

/** What is told of an item that was evicted. */
export interface EvictionNote {
  readonly key: Buffer;
  keyBytes: number;
  fetched: boolean;
  /** Seconds it would have lived; -1 is for ever. */
  ttl: number;
  idleSeconds: number;
  sizeClass: number;
  bytes: number;
}

/**
 * Evictions since they were last told, for who watches them. They happen under locks, where nothing
 * may be allocated: so they are noted in place, and told by whoever comes out of the locks.
 */
export class EvictionNotes {
  /** Whether anybody wants to know. */
  isWanted: () => boolean = () => false;
  count = 0;
  readonly notes: readonly EvictionNote[] = Array.from({ length: NOTES_MAX }, () => ({
    key: Buffer.alloc(KEY_BYTES_MAX),
    keyBytes: 0,
    fetched: false,
    ttl: 0,
    idleSeconds: 0,
    sizeClass: 0,
    bytes: 0,
  }));

  take(items: Items, lifetimes: Lifetimes, arena: Buffer, id: ItemId, sizeClass: number): void {
    const note = this.notes[this.count];
    if (note === undefined) return;
    this.count++;
    const keyAt = items.keyAt(id);
    const now = lifetimes.now();
    const expiry = items.expiry(id);
    note.keyBytes = items.keyBytes(id);
    arena.copy(note.key, 0, keyAt, keyAt + note.keyBytes);
    note.fetched = items.has(id, FLAG.fetched);
    note.ttl = expiry === 0 ? -1 : expiry - now;
    note.idleSeconds = Math.max(0, now - items.access(id));
    note.sizeClass = sizeClass;
    note.bytes = items.bytes(id);
  }
}
