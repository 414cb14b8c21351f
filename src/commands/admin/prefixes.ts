import type { ByteSink } from '../../base/index.ts';

/** The counters of each key prefix, in the order of memcached's dump. */
export const PREFIX_COUNT = { get: 0, hit: 1, set: 2, delete: 3 } as const;

/** Counts requests by key prefix, up to the delimiter (`-D`), for `stats detail`. */
export interface PrefixStats {
  enabled: boolean;
  /** Adds 1 to a counter of PREFIX_COUNT for the key `bytes[start, end)`, if it has a prefix. */
  count(what: number, bytes: Buffer, start: number, end: number): void;
  clear(): void;
  /**
   * Writes `PREFIX <prefix> get <n> hit <n> set <n> del <n>` for the next prefixes, from `position`
   * on; 0 is the begin. Returns the position of the next piece, or DUMP_END after the last one.
   */
  dump(sink: ByteSink, position: number): number;
}
export const DUMP_END = -1;
