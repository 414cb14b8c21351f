import type { StaleKeys, Target } from './target.ts';

/** What has happened to a key since a copy of its item began. */
export interface CopyGuard {
  readonly key: string;
  /** An update of the key has been sent, of any kind. */
  isChanged: boolean;
  /** An unconditional set or delete, an invalidation, or an update at another primary has begun. */
  isInvalidated: boolean;
  /** The primary of the update whose result is copied, if there is one. */
  primary: Target | undefined;
}

/**
 * The keys whose items are being copied from node to node. Once an update of the key begins, the
 * value that a copy has read may be stale, and storing it could overwrite a newer value. Updates at
 * the same primary do not invalidate one another: the primary receives the updates and the reads of
 * their results in one order.
 */
export class InFlightCopies implements StaleKeys {
  readonly #guards = new Map<string, Set<CopyGuard>>();

  /** Begins a guard of the key. The caller must release it. */
  guard(key: string): CopyGuard {
    const guard: CopyGuard = { key, isChanged: false, isInvalidated: false, primary: undefined };
    const others = this.#guards.get(key);
    if (others === undefined) this.#guards.set(key, new Set([guard]));
    else others.add(guard);
    return guard;
  }

  /** Starts the guard again, because its update is about to be sent to this primary. */
  resetFor(guard: CopyGuard, primary: Target): void {
    guard.isChanged = false;
    guard.isInvalidated = false;
    guard.primary = primary;
    for (const other of this.#guardsOf(guard.key)) {
      if (other === guard) continue;
      other.isChanged = true;
      if (other.primary === undefined || other.primary === primary) continue;
      // Each of the two may overwrite the result of the other at its primary.
      other.isInvalidated = true;
      guard.isInvalidated = true;
    }
  }

  release(guard: CopyGuard): void {
    const all = this.#guards.get(guard.key);
    if (all?.delete(guard) && all.size === 0) this.#guards.delete(guard.key);
  }

  /**
   * The item has arrived at its owner, and an update of it begins there: copies that are still in
   * flight to the owner are older.
   */
  arrived(key: string): void {
    for (const guard of this.#guardsOf(key)) {
      guard.isChanged = true;
      guard.isInvalidated ||= guard.primary === undefined;
    }
  }

  /** An unconditional set or delete of the key begins, or a node invalidates it. */
  invalidate(key: string): void {
    for (const guard of this.#guardsOf(key)) {
      guard.isChanged = true;
      guard.isInvalidated = true;
    }
  }

  /** The topology changes: from now on updates of a key may go to other nodes. */
  invalidateAll(): void {
    for (const key of this.#guards.keys()) this.invalidate(key);
  }

  #guardsOf(key: string): Iterable<CopyGuard> {
    return this.#guards.size === 0 ? NONE : (this.#guards.get(key) ?? NONE);
  }
}

const NONE: readonly CopyGuard[] = [];
