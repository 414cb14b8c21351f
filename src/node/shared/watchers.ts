import type { EventFeed, Watcher } from '../../server/index.ts';
import type { EventRings } from './event-rings.ts';
import { RingReader } from './ring-reader.ts';

const SEND_INTERVAL_MS = 50;

/** The watchers among the connections of one thread. */
export class Watchers implements EventFeed {
  readonly #rings: EventRings;
  readonly #readers = new Map<Watcher, RingReader>();
  #timer: NodeJS.Timeout | undefined;

  constructor(rings: EventRings) {
    this.#rings = rings;
  }

  add(watcher: Watcher, streams: number): boolean {
    if (!this.#rings.addWatcher(streams)) return false;
    this.#readers.set(watcher, new RingReader(this.#rings, streams));
    this.#timer ??= setInterval(() => this.#sendEvents(), SEND_INTERVAL_MS);
    return true;
  }

  remove(watcher: Watcher): void {
    const reader = this.#readers.get(watcher);
    if (reader === undefined) return;
    this.#readers.delete(watcher);
    this.#rings.removeWatcher(reader.streams);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sendEvents(): void {
    for (const [watcher, reader] of this.#readers) {
      if (!watcher.isReady()) continue;
      const lines = reader.read();
      if (lines !== '') watcher.sendEvents(lines);
    }
  }
}
