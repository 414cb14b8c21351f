/** What somebody who copies a key has to know: whether it was written meanwhile. */
export interface Watch {
  readonly key: string;
  /** What was read of the key before may be old: it must not be stored any more. */
  isOvertaken: boolean;
}

/**
 * Keys that are being copied from node to node. A write that sets or deletes a key everywhere overtakes the
 * copies of it that are under way: what they have read is older, and would be stored after it.
 */
export class Overtaking {
  readonly #watches = new Map<string, Set<Watch>>();

  /** From now on; until `end`, which has to come. */
  watch(key: string): Watch {
    const watch: Watch = { key, isOvertaken: false };
    const others = this.#watches.get(key);
    if (others === undefined) this.#watches.set(key, new Set([watch]));
    else others.add(watch);
    return watch;
  }

  end(watch: Watch): void {
    const all = this.#watches.get(watch.key);
    if (all?.delete(watch) && all.size === 0) this.#watches.delete(watch.key);
  }

  /** The key is being written, or forgotten somewhere. */
  written(key: string): void {
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches.get(key) ?? []) watch.isOvertaken = true;
  }
}
