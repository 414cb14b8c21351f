import type { EventRings } from './event-rings.ts';

/** Bounds one read of a ring, so that a flood of events does not delay the thread's clients. */
const EVENTS_PER_READ_MAX = 2000;

/** The cursors of one watcher in all rings. */
export class RingReader {
  readonly streams: number;
  readonly #rings: EventRings;
  readonly #cursors: number[];

  constructor(rings: EventRings, streams: number) {
    this.streams = streams;
    this.#rings = rings;
    this.#cursors = Array.from({ length: rings.threads }, (_, thread) => rings.head(thread));
  }

  /** Reads the lines since the last call, in the order of their event numbers. */
  read(): string {
    const lines: string[] = [];
    let skipped = false;
    for (let thread = 0; thread < this.#cursors.length; thread++) {
      if (!this.#readRing(thread, lines)) skipped = true;
    }
    this.#rings.countRead(lines.length, skipped);
    lines.sort((a, b) => gidOf(a) - gidOf(b));
    return `${skipped ? 'skipped=1\n' : ''}${lines.join('')}`;
  }

  /** Reads one ring; returns false if the watcher missed events. */
  #readRing(thread: number, lines: string[]): boolean {
    const head = this.#rings.head(thread);
    for (let reads = 0; reads < EVENTS_PER_READ_MAX && this.#cursors[thread] !== head; reads++) {
      const entry = this.#rings.read(thread, this.#cursors[thread]!);
      if (entry === undefined) {
        this.#cursors[thread] = head;
        return false;
      }
      this.#cursors[thread] = entry.next;
      if ((entry.stream & this.streams) !== 0) lines.push(entry.text);
    }
    return true;
  }
}

function gidOf(line: string): number {
  return Number(/ gid=(\d+)/.exec(line)?.[1] ?? 0);
}
