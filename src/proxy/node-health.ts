import type { NodeAddress } from '../topology/index.ts';

/** How often a node that is down is asked. */
const PROBE_MS = 1000;

interface HealthParts {
  readonly nodes: readonly NodeAddress[];
  /** Resolves if the node replies in time; rejects with the reason. */
  readonly probe: (node: NodeAddress) => Promise<unknown>;
  /** The nodes that are down, with the reasons. */
  readonly changed: (down: ReadonlyMap<number, string>) => void;
}

/**
 * Decides which nodes are down. A node is asked when a connection to it has failed: it is down if
 * it does not reply, and up again when it replies.
 */
export class NodeHealth {
  readonly #parts: HealthParts;
  readonly #down = new Map<number, string>();
  readonly #probing = new Set<number>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  #isClosed = false;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /** A connection to this node has failed. */
  suspect(index: number): void {
    if (this.#isClosed || this.#down.has(index) || this.#probing.has(index)) return;
    void this.#probe(index);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  async #probe(index: number): Promise<void> {
    const { nodes, probe } = this.#parts;
    this.#probing.add(index);
    const reason = await probe(nodes[index]!).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    this.#probing.delete(index);
    if (!this.#isClosed) this.#judge(index, reason);
  }

  #judge(index: number, reason: string | undefined): void {
    const wasDown = this.#down.has(index);
    if (reason === undefined) this.#down.delete(index);
    else {
      this.#down.set(index, reason);
      this.#timers.set(
        index,
        setTimeout(() => void this.#probe(index), PROBE_MS),
      );
    }
    if (wasDown !== this.#down.has(index)) this.#parts.changed(this.#down);
  }
}
