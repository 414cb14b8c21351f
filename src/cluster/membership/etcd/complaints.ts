import type { RegisteredNode } from './cluster-keys.ts';

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
