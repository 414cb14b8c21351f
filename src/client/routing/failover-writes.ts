import type { Target } from './target.ts';

/** Keys remembered, over all failover nodes. Any other item there expires soon by its short ttl. */
const KEYS_MAX = 65_536;

/**
 * Remembers, for each key that was last written to a failover node, which node that is. The memory
 * survives changes of the topology: a failover node that the next topology does not use may serve
 * the key again in a later one.
 */
export class FailoverWrites {
  readonly #targets = new Map<string, Target>();

  /**
   * Called before a write: invalidates the key at each other target that may hold an older value.
   * @param target the target that receives the write.
   * @param owner the key's own target.
   */
  record(key: string, target: Target, owner: Target): void {
    const previous = this.#targets.get(key);
    if (previous !== undefined) {
      if (previous !== target) previous.invalidate(key);
      this.#targets.delete(key);
    }
    if (target === owner) return;
    owner.invalidate(key);
    this.#targets.set(key, target);
    if (this.#targets.size > KEYS_MAX) this.#targets.delete(this.#targets.keys().next().value!);
  }
}
