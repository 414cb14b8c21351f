import { CacheError } from './errors.ts';
import type { NodeSpec } from './topology.ts';

export interface ClientOptions {
  /** The nodes, in any order: `host`, `host:port`, `[v6]:port`, `/unix/path`, or objects. */
  readonly nodes: readonly NodeSpec[];
  /**
   * Milliseconds that any operation may take, from the call to its end: waiting in the queue,
   * connecting and waiting for the reply included. 1 … 3,600,000.
   * @default 1000
   */
  readonly deadlineMs?: number;
  /**
   * Operations that may be pending for one node; one more fails with ERR_QUEUE_FULL.
   * 1 … 10,000,000.
   * @default 65536
   */
  readonly maxPendingPerNode?: number;
  /**
   * Keys in one `get` on the wire; `getMany` sends as many gets as it takes. 1 … 1000.
   * @default 100
   */
  readonly keysPerGet?: number;
}

/** Options of one call. */
export interface CallOptions {
  /** In place of the client's `deadlineMs`; above 0 and up to 3,600,000. */
  readonly deadlineMs?: number;
}

/** Options of a call that stores. */
export interface StoreOptions extends CallOptions {
  /**
   * Seconds to live; 0 is until evicted. A fraction is rounded up. Up to 2^31 - 1.
   * @default 0
   */
  readonly ttl?: number;
}

export type ResolvedOptions = Required<Omit<ClientOptions, 'nodes'>>;

const RANGES: Readonly<Record<keyof ResolvedOptions, readonly [least: number, most: number]>> = {
  deadlineMs: [1, 3_600_000],
  maxPendingPerNode: [1, 10_000_000],
  keysPerGet: [1, 1000],
};
const DEFAULTS: ResolvedOptions = { deadlineMs: 1000, maxPendingPerNode: 65_536, keysPerGet: 100 };

/** Checks the options, so that none is silently unused; throws ERR_ARGUMENT. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  const { nodes: _, ...rest } = options;
  for (const name of Object.keys(rest)) {
    if (!Object.hasOwn(RANGES, name)) throw badOption(`There is no option "${name}".`);
  }
  const resolved = { ...DEFAULTS, ...rest };
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = resolved[name as keyof ResolvedOptions];
    if (!(Number.isInteger(value) && value >= least && value <= most)) {
      throw badOption(`${name} is ${value}, not a whole number from ${least} to ${most}.`);
    }
  }
  return resolved;
}

/** The deadline of one call, in milliseconds: the client's unless the call has its own. */
export function deadlineOf(call: CallOptions | undefined, options: ResolvedOptions): number {
  const deadlineMs = call?.deadlineMs ?? options.deadlineMs;
  const [, most] = RANGES.deadlineMs;
  if (deadlineMs > 0 && deadlineMs <= most) return deadlineMs;
  throw badOption(`deadlineMs is ${deadlineMs}, not above 0 and up to ${most}.`);
}

const THIRTY_DAYS = 60 * 60 * 24 * 30;
const TTL_MAX = 2 ** 31 - 1;

/** The exptime for a time to live: the protocol takes more than 30 days for a Unix time. */
export function exptimeOf(ttl: number, nowMs: number = Date.now()): number {
  if (!(ttl >= 0 && ttl <= TTL_MAX)) {
    throw badOption(`ttl is ${ttl}, not 0 to ${TTL_MAX} seconds.`);
  }
  const seconds = Math.ceil(ttl);
  if (seconds <= THIRTY_DAYS) return seconds;
  return Math.min(TTL_MAX, Math.floor(nowMs / 1000) + seconds);
}

export function badOption(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
