import { LOG_LEVELS, type LogLevel } from './logger.ts';

/** The lines that a log keeps for readers, and their characters in all. */
const RING_LINES_MAX = 2000;
const RING_CHARACTERS_MAX = 512 * 1024;

/** What a reader of the ring gets. */
interface RingRead {
  /** Encoded lines, the oldest first. */
  readonly lines: readonly string[];
  /** The lines that the ring lost before this read reached them. */
  readonly missing: number;
  /** Where the next read begins. */
  readonly next: number;
  /** Whether no later line is there yet. */
  readonly isLast: boolean;
}

/**
 * The last lines of a log. Writers never wait for readers: a reader that is too slow misses lines,
 * and is told how many.
 */
export class LogRing {
  readonly #entries: { readonly rank: number; readonly line: string }[] = [];
  readonly #wakes = new Set<() => void>();
  #characters = 0;
  /** The number of the next line, since the start of the log. */
  #end = 0;

  push(level: LogLevel, line: string): void {
    this.#entries.push({ rank: rankOf(level), line });
    this.#characters += line.length;
    this.#end++;
    while (this.#entries.length > RING_LINES_MAX || this.#characters > RING_CHARACTERS_MAX) {
      this.#characters -= this.#entries.shift()!.line.length;
    }
    for (const wake of this.#wakes) wake();
  }

  /** Where a reader begins that wants the last `lines` lines of this level or more important. */
  startOf(lines: number, level: LogLevel): number {
    let left = lines;
    let at = this.#entries.length;
    while (at > 0 && left > 0) if (this.#entries[--at]!.rank <= rankOf(level)) left--;
    return this.#end - this.#entries.length + at;
  }

  /** The lines from `from` on that are of this level or more important; at most `linesMax`. */
  read(from: number, level: LogLevel, linesMax: number): RingRead {
    const first = this.#end - this.#entries.length;
    const start = Math.max(from, first);
    const lines: string[] = [];
    let next = start;
    while (next < this.#end && lines.length < linesMax) {
      const entry = this.#entries[next - first]!;
      if (entry.rank <= rankOf(level)) lines.push(entry.line);
      next++;
    }
    return { lines, missing: start - from, next, isLast: next === this.#end };
  }

  /** Calls `wake` after each line, until the returned function is called. */
  onLine(wake: () => void): () => void {
    this.#wakes.add(wake);
    return () => void this.#wakes.delete(wake);
  }
}

const rankOf = (level: LogLevel): number => LOG_LEVELS.indexOf(level);
