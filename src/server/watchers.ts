import { type EventRings, RingReader } from './event-rings.ts';

/** How often watchers are told what happened, in milliseconds. */
const TELL_MS = 50;

/** Who watches: takes lines as fast as its client does. */
export interface Watcher {
  /** False when the client has not taken what it was told before. */
  readonly isReady: () => boolean;
  readonly tell: (lines: string) => void;
}

/** The watchers among one thread's connections. */
export class Watchers {
  readonly #rings: EventRings;
  readonly #readers = new Map<Watcher, RingReader>();
  #timer: NodeJS.Timeout | undefined;

  constructor(rings: EventRings) {
    this.#rings = rings;
  }

  /** False when the node has too many already. */
  add(watcher: Watcher, streams: number): boolean {
    if (!this.#rings.addWatcher(streams)) return false;
    this.#readers.set(watcher, new RingReader(this.#rings, streams));
    this.#timer ??= setInterval(() => this.#tell(), TELL_MS);
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

  #tell(): void {
    for (const [watcher, reader] of this.#readers) {
      if (!watcher.isReady()) continue;
      const lines = reader.read();
      if (lines !== '') watcher.tell(lines);
    }
  }
}
