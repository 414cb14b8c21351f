/** The levels of a log, from the most to the least important. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Logs events, each with facts that a program can filter by. The data path does not log. */
export interface Logger {
  error(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  info(facts: object, text: string): void;
  debug(facts: object, text: string): void;
  trace(facts: object, text: string): void;
  /**
   * Calls `count` with the number of lines that the log has dropped, and later with each number
   * more. Absent if the log never drops a line.
   */
  readonly countDropped?: (count: (lines: number) => void) => void;
  /** Shows the lines of this level and of more important ones. Absent if the log shows nothing. */
  readonly setLevel?: (level: LogLevel) => void;
}

/** The methods of a logger, one for each level, on top of one that takes the level. */
export abstract class LevelLogger implements Logger {
  error(facts: object, text: string): void {
    this.log('error', facts, text);
  }

  warn(facts: object, text: string): void {
    this.log('warn', facts, text);
  }

  info(facts: object, text: string): void {
    this.log('info', facts, text);
  }

  debug(facts: object, text: string): void {
    this.log('debug', facts, text);
  }

  trace(facts: object, text: string): void {
    this.log('trace', facts, text);
  }

  protected abstract log(level: LogLevel, facts: object, text: string): void;
}

const discard = (): void => {};

/** Logs nothing: for tests, and for callers without a log. */
export const silentLogger: Logger = {
  error: discard,
  warn: discard,
  info: discard,
  debug: discard,
  trace: discard,
};
