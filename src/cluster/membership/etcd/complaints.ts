import type { RegisteredNode } from './cluster-keys.ts';

/**
 * A member that may be the only one with some keys is given so long before complaints count: after
 * an outage or a pause they are old, and a member that is late comes back with its items. Or else
 * the network comes back, which shows the driver whose process lives.
 */
export const LATE_MS_MAX = 15_000;

/** Since when registered nodes have said, without a break, that they cannot reach a member. */
export class Complaints {
  readonly #sinceMs = new Map<string, number>();

  /** Takes over what the nodes say now. */
  note(nodes: readonly Pick<RegisteredNode, 'report'>[], nowMs: number): void {
    const names = new Set(nodes.flatMap(({ report }) => report.unreachable));
    for (const name of this.#sinceMs.keys()) if (!names.has(name)) this.#sinceMs.delete(name);
    for (const name of names) if (!this.#sinceMs.has(name)) this.#sinceMs.set(name, nowMs);
  }

  get areAny(): boolean {
    return this.#sinceMs.size > 0;
  }

  /** How long the member has been complained of; 0 if nobody does. */
  ageMs(name: string, nowMs: number): number {
    return nowMs - (this.#sinceMs.get(name) ?? nowMs);
  }
}
