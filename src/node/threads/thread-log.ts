import { LevelLogger, LOG_LEVELS, type LogLevel } from '../../base/index.ts';

/** The level that the log shows without `-v`; each `-v` shows one more. */
const QUIET_LEVEL = LOG_LEVELS.indexOf('warn');

/** The lines that wait for the main thread; the log drops, and counts, more. */
const LINES_MAX = 1000;

export interface LogLine {
  readonly level: LogLevel;
  readonly facts: object;
  readonly text: string;
}

/**
 * The log of a worker thread: it sends lines to the main thread in batches, and the next batch only
 * once the main thread has taken the one before, so that it needs a bounded amount of memory.
 */
export class ThreadLog extends LevelLogger {
  readonly #send: (lines: readonly LogLine[]) => Promise<void>;
  #level: number;
  readonly #countDropped: (lines: number) => void;
  #lines: LogLine[] = [];
  #droppedCount = 0;
  #sending: Promise<void> | undefined;

  constructor(
    verbosity: number,
    send: (lines: readonly LogLine[]) => Promise<void>,
    countDropped: (lines: number) => void = () => {},
  ) {
    super();
    this.#level = QUIET_LEVEL + verbosity;
    this.#send = send;
    this.#countDropped = countDropped;
  }

  /** Whether the log shows lines of this level. Check this before you compute a line's facts. */
  shows(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= this.#level;
  }

  /** Shows the lines of this level and of more important ones. */
  setLevel(level: LogLevel): void {
    this.#level = LOG_LEVELS.indexOf(level);
  }

  /** Resolves once the main thread has all lines, or has ended. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  protected override log(level: LogLevel, facts: object, text: string): void {
    if (!this.shows(level)) return;
    if (this.#lines.length === LINES_MAX) this.#drop();
    else this.#lines.push({ level, facts, text });
    this.#sending ??= this.#sendAll();
  }

  #drop(): void {
    this.#droppedCount++;
    this.#countDropped(1);
  }

  async #sendAll(): Promise<void> {
    // The lines of one turn leave together.
    await null;
    while (this.#lines.length > 0) {
      const batch = this.#takeLines();
      // The channel closes only when the node ends, and then nothing can log the lines any more.
      await this.#send(batch).catch(() => {});
    }
    this.#sending = undefined;
  }

  #takeLines(): readonly LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    if (this.#droppedCount > 0) {
      const facts = { lines: this.#droppedCount };
      lines.push({ level: 'warn', facts, text: 'a thread logged too fast: dropped lines' });
      this.#droppedCount = 0;
    }
    return lines;
  }
}
