import type { Target } from './route.ts';

/** What somebody who copies a key has to know: what was done to it meanwhile. */
export interface Watch {
  readonly key: string;
  /** It was changed in whatever way. */
  isChanged: boolean;
  /** It was set or deleted whatever it was, forgotten somewhere, or decided by another node. */
  isOvertaken: boolean;
  /** The node that decides what is copied, if one does. */
  decider: Target | undefined;
}

/**
 * Keys that are being copied from node to node. What a copy has read may be old once the key is
 * changed, and would be stored over what is newer. Changes that the same node decides do not
 * overtake one another: it is asked for them and for what they came to in one order.
 */
export class Overtaking {
  readonly #watches = new Map<string, Set<Watch>>();

  /** From now on; until `end`, which has to come. */
  watch(key: string): Watch {
    const watch: Watch = { key, isChanged: false, isOvertaken: false, decider: undefined };
    const others = this.#watches.get(key);
    if (others === undefined) this.#watches.set(key, new Set([watch]));
    else others.add(watch);
    return watch;
  }

  /** From now on, and no longer from when it began: this node is asked to decide. */
  decide(watch: Watch, decider: Target): void {
    watch.isChanged = false;
    watch.isOvertaken = false;
    watch.decider = decider;
    for (const other of this.#watches.get(watch.key) ?? []) {
      if (other.decider !== undefined && other.decider !== decider) other.isOvertaken = true;
    }
  }

  end(watch: Watch): void {
    const all = this.#watches.get(watch.key);
    if (all?.delete(watch) && all.size === 0) this.#watches.delete(watch.key);
  }

  /** A change of the key begins. */
  changed(key: string): void {
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches.get(key) ?? []) watch.isChanged = true;
  }

  /** It is where it is to be changed: who is still bringing it there has something older. */
  brought(key: string): void {
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches.get(key) ?? []) {
      watch.isOvertaken ||= watch.decider === undefined;
    }
  }

  /** Keys may have other places from now on, where others change them. */
  writtenAll(): void {
    for (const key of this.#watches.keys()) this.written(key);
  }

  /** The key is being set or deleted whatever it is, or forgotten somewhere. */
  written(key: string): void {
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches.get(key) ?? []) {
      watch.isChanged = true;
      watch.isOvertaken = true;
    }
  }
}
