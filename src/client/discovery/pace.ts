import { badOption } from '../options.ts';

/** How often a discovery looks for nodes, and how long a look may take. */
export interface PaceOptions {
  /**
   * Milliseconds from one look to the next, give or take a fifth, so that clients that start together do
   * not ask together. After a failed look it is tried sooner. 100 … 86,400,000.
   * @default 60000 for ElastiCache (as AWS's clients), 30000 for DNS
   */
  readonly intervalMs?: number;
  /**
   * The least milliseconds between two looks, however often `refresh` is called. 0 … 86,400,000.
   * @default 5000
   */
  readonly refreshGapMs?: number;
  /**
   * Milliseconds that a look may take, all endpoints together. 1 … 60,000.
   * @default 3000
   */
  readonly deadlineMs?: number;
  /**
   * Whether waiting for the next look keeps the process alive. A look under way does, for `deadlineMs`
   * at the most.
   * @default false
   */
  readonly keepsProcessAlive?: boolean;
}

export type Pace = Required<PaceOptions>;

const RANGES = {
  intervalMs: [100, 86_400_000],
  refreshGapMs: [0, 86_400_000],
  deadlineMs: [1, 60_000],
} as const satisfies Readonly<Record<string, readonly [least: number, most: number]>>;

/** @throws {CacheError} ERR_ARGUMENT for a number out of its range. */
export function resolvePace(options: PaceOptions, intervalMs: number): Pace {
  const pace = {
    intervalMs: options.intervalMs ?? intervalMs,
    refreshGapMs: options.refreshGapMs ?? 5000,
    deadlineMs: options.deadlineMs ?? 3000,
    keepsProcessAlive: options.keepsProcessAlive ?? false,
  };
  for (const name of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const [least, most] = RANGES[name];
    if (!(Number.isInteger(pace[name]) && pace[name] >= least && pace[name] <= most)) {
      throw badOption(`${name} is ${pace[name]}, not a whole number from ${least} to ${most}.`);
    }
  }
  return pace;
}

/** An option that does not exist is an error, not silence. `own` are those beside the pace's. */
export function refuseUnknown(options: object, own: readonly string[]): void {
  const known = new Set([...own, ...Object.keys(RANGES), 'keepsProcessAlive']);
  const unknown = Object.keys(options).find((name) => !known.has(name));
  if (unknown !== undefined) throw badOption(`There is no option "${unknown}".`);
}

const FIRST_RETRY_MS = 1000;
const JITTER = 0.2;
/** Connections of many clients break in the same moment; they do not all ask in the next one. */
const REFRESH_SPREAD_MS = 100;

/** A source of numbers in [0, 1). */
export type Chance = () => number;

/** The wait before the next look, milliseconds; failures (in a row) double it, up to the interval. */
export function lookDelayMs(failures: number, intervalMs: number, chance: Chance): number {
  const retryMs = FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20);
  const delayMs = failures === 0 ? intervalMs : Math.min(intervalMs, retryMs);
  return delayMs * (1 - JITTER + 2 * JITTER * chance());
}

/** The wait before a look that was asked for, when the last one began so long ago. */
export function refreshDelayMs(sinceLookMs: number, gapMs: number, chance: Chance): number {
  return Math.max(0, gapMs - sinceLookMs) + chance() * REFRESH_SPREAD_MS;
}
