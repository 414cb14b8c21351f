import { type DestinationStream, destination, pino } from 'pino';
import type { Logger } from '../base/index.ts';

/** The level for each number of `-v`: none, `-v`, `-vv`, `-vvv` and more. */
const LEVELS = ['warn', 'info', 'debug', 'trace'] as const;
const STDERR = 2;

interface LogOptions {
  /** 0 logs warnings and errors only; 1 adds `info`, 2 `debug`, and 3 `trace`. */
  readonly verbosity: number;
  /**
   * The receiver of lines. Default: stderr, as sentences on a terminal, else one JSON object a
   * line.
   */
  readonly destination?: DestinationStream;
}

/** Creates a logger that writes synchronously, so a dying process does not lose its last lines. */
export function createLogger({ verbosity, destination: given }: LogOptions): Logger {
  const level = LEVELS[Math.min(verbosity, LEVELS.length - 1)] ?? 'warn';
  const stream =
    given ?? (process.stderr.isTTY ? terminal : destination({ dest: STDERR, sync: true }));
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: { pid: process.pid }, timestamp, formatters }, stream);
}

const terminal: DestinationStream = {
  write: (line) => process.stderr.write(`${asSentence(line)}\n`),
};

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
