import { pino } from 'pino';
import { type BoundedOutput, type Logger, type LogLevel, stderrOutput } from '../base/index.ts';

/** The level for each number of `-v`: none, `-v`, `-vv`, `-vvv` and more. */
const LEVELS = ['warn', 'info', 'debug', 'trace'] as const;

interface LogOptions {
  /** 0 logs warnings and errors only; 1 adds `info`, 2 `debug`, and 3 `trace`. */
  readonly verbosity: number;
  /** The receiver of lines. Default: standard error. */
  readonly output?: BoundedOutput;
  /** Whether to write sentences, and not one JSON object a line. Default: on a terminal. */
  readonly asSentences?: boolean;
}

/**
 * Creates a logger that never blocks its thread: it drops lines, and counts them, while the output
 * does not take them.
 */
export function createLogger({
  verbosity,
  output = stderrOutput(),
  asSentences = process.stderr.isTTY,
}: LogOptions): Logger {
  const level = LEVELS[Math.min(verbosity, LEVELS.length - 1)] ?? 'warn';
  const write = (line: string): void =>
    output.writeLine(asSentences ? asSentence(line) : line.trimEnd());
  const formatters = { level: (label: string) => ({ level: label }) };
  const log = pino({ level, base: { pid: process.pid }, timestamp, formatters }, { write });
  output.reportDropped = (lines) =>
    log.warn({ lines }, 'the log was full or blocked: lines are missing before this one');
  return Object.assign(log, {
    countDropped: (count: (lines: number) => void) => output.countDropped(count),
    setLevel: (level: LogLevel) => {
      log.level = level;
    },
  });
}

/** Formats one JSON line of the log for a terminal: `12:30:59 warn  the text  port=11211`. */
export function asSentence(line: string): string {
  const { time, level, msg, pid: _, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice('2026-01-01T'.length, '2026-01-01T00:00:00'.length);
  const pairs = Object.entries(facts)
    .map(([name, value]) => ` ${name}=${asText(value)}`)
    .join('');
  return `${clock} ${String(level).padEnd(5)} ${msg}${pairs === '' ? '' : ' '}${pairs}`;
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const timestamp = () => `,"time":"${new Date().toISOString()}"`;
