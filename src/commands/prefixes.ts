import type { ByteSink } from '../base/index.ts';

/** What is counted by prefix, in the order of memcached's dump. */
export const PREFIX_COUNT = { get: 0, hit: 1, set: 2, delete: 3 } as const;

/** `stats detail`: requests by the prefixes of their keys, up to the delimiter (`-D`). */
export interface PrefixStats {
  enabled: boolean;
  /** Counts one of PREFIX_COUNT for the key `bytes[start, end)`; keys without a prefix are left out. */
  count(what: number, bytes: Buffer, start: number, end: number): void;
  clear(): void;
  /** Writes `PREFIX <prefix> get <n> hit <n> set <n> del <n>` for each, then END. */
  dump(sink: ByteSink): void;
}
