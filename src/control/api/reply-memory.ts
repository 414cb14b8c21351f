/** A reply that is kept for the same request. */
interface KeptReply {
  readonly status: number;
  readonly body: string;
}

interface Entry extends KeptReply {
  readonly untilMs: number;
}

/** A client tries for so long; a signature counts no longer. */
const LIFE_MS = 15 * 60_000;
const ENTRIES_MAX = 2000;

/**
 * The replies to the last requests that may have changed something. A client that has lost a reply
 * sends its request again, and then gets the first reply: a create does not find its own cluster.
 */
export class ReplyMemory {
  readonly #entries = new Map<string, Entry>();

  get(key: string, nowMs: number): KeptReply | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.untilMs > nowMs ? entry : undefined;
  }

  keep(key: string, reply: KeptReply, nowMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { ...reply, untilMs: nowMs + LIFE_MS });
    for (const [oldest, { untilMs }] of this.#entries) {
      if (untilMs > nowMs && this.#entries.size <= ENTRIES_MAX) return;
      this.#entries.delete(oldest);
    }
  }
}
