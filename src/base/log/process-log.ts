import type { BoundedOutput } from '../output/bounded-output.ts';
import { decodeLine, encodeLine, logLine, textLines } from './log-record.ts';
import { LogRing } from './log-ring.ts';
import { LevelLogger, LOG_LEVELS, type LogLevel } from './logger.ts';

/** How the lines of a log look. */
type LogFormat = 'text' | 'json';

interface ProcessLogOptions {
  /** The receiver of lines. */
  readonly output: BoundedOutput;
  readonly format: LogFormat;
  /** 0 shows warnings and errors only; 1 adds `info`, 2 `debug`, and 3 `trace`. */
  readonly verbosity: number;
  /** Whether each line begins with its priority, as the journal of systemd reads it: `<4>`. */
  readonly hasPriorities?: boolean;
}

const LEVEL_QUIET = LOG_LEVELS.indexOf('warn');
/** The ring has these lines whatever the log shows: what an operator did, and what came of it. */
const LEVEL_KEPT = LOG_LEVELS.indexOf('info');

/** The priorities of syslog. */
const PRIORITIES: Readonly<Record<LogLevel, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

/**
 * The log of a process. It never blocks its thread: it drops lines, and counts them, while the
 * output does not take them.
 */
export class ProcessLog extends LevelLogger {
  /** The last lines, for readers. */
  readonly ring = new LogRing();
  readonly #output: BoundedOutput;
  readonly #format: LogFormat;
  readonly #hasPriorities: boolean;
  #shown: number;

  constructor({ output, format, verbosity, hasPriorities = false }: ProcessLogOptions) {
    super();
    this.#output = output;
    this.#format = format;
    this.#hasPriorities = hasPriorities;
    this.#shown = Math.min(LEVEL_QUIET + verbosity, LOG_LEVELS.length - 1);
    output.reportDropped = (lines) =>
      this.warn({ lines }, 'the log was full or blocked: lines are missing before this one');
  }

  /**
   * Logs an event of the level `info` that everybody shall see, whatever the log shows: a start.
   * `write` gets the line in place of the output of the log. The text says what the facts say, so
   * that people read it alone.
   */
  announce(
    facts: Readonly<Record<string, unknown>>,
    text: string,
    write?: (line: string) => void,
  ): void {
    const line = logLine('info', facts, text);
    this.ring.push('info', line);
    const { node, nodePort } = facts;
    const shown = this.#format === 'json' ? line : logLine('info', { node, nodePort }, text);
    this.#write('info', shown, write);
  }

  /** Shows a line that a node of the cluster wrote, and names the node in it. */
  pass(line: string, node: { readonly name: string; readonly port: number }): void {
    const origin = { node: node.name, nodePort: node.port };
    const own = decodeLine(line);
    // What is no line of a log: a crash of Node.js itself.
    const time = new Date().toISOString();
    const other = { head: { time, level: 'error' } as const, facts: {}, msg: line };
    const { head, facts, msg } = own ?? other;
    this.#write(head.level, encodeLine({ ...head, ...origin }, facts, msg));
  }

  countDropped(count: (lines: number) => void): void {
    this.#output.countDropped(count);
  }

  /** Shows the lines of this level and of more important ones. */
  setLevel(level: LogLevel): void {
    this.#shown = LOG_LEVELS.indexOf(level);
  }

  protected override log(level: LogLevel, facts: object, text: string): void {
    const rank = LOG_LEVELS.indexOf(level);
    if (rank > Math.max(this.#shown, LEVEL_KEPT)) return;
    const line = logLine(level, facts, text);
    this.ring.push(level, line);
    if (rank <= this.#shown) this.#write(level, line);
  }

  #write(
    level: LogLevel,
    line: string,
    write = (shown: string): void => this.#output.writeLine(shown),
  ): void {
    const lines = this.#format === 'json' ? [line] : textLines(line);
    const prefix = this.#hasPriorities ? `<${PRIORITIES[level]}>` : '';
    write(lines.map((each) => prefix + each).join('\n'));
  }
}
