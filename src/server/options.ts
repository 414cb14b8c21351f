import {
  bytes,
  count,
  defaultsOf,
  flag,
  integer,
  list,
  number,
  octal,
  type Rule,
  text,
  type ValuesOf,
} from '../base/index.ts';

/** The options of one node: memcached's own letters, spellings, meanings and defaults. */
export const serverFlags = {
  port: integer({
    short: 'p',
    default: 11_211,
    min: 0,
    max: 65_535,
    doc: 'TCP port to listen on; 0 picks a free one.',
  }),
  unixSocket: text({
    short: 's',
    placeholder: '<file>',
    doc: 'Unix socket to listen on, in place of TCP.',
  }),
  unixMask: octal({
    short: 'a',
    default: 0o700,
    min: 0,
    max: 0o777,
    doc: 'Permissions of the Unix socket, in octal.',
  }),
  listen: list({
    short: 'l',
    placeholder: '<addr>',
    doc: 'Addresses to listen on, each host or host:port; all interfaces unless given.',
  }),
  memoryLimitBytes: bytes({
    short: 'm',
    long: 'memory-limit',
    default: '64m',
    min: '1m',
    max: '31g',
    bare: 'megabytes',
    doc: 'Memory for items, in megabytes; the index comes on top.',
  }),
  connLimit: integer({
    short: 'c',
    default: 1024,
    min: 1,
    max: 1_000_000,
    doc: 'Connections served at the same time.',
  }),
  threads: integer({
    short: 't',
    default: 4,
    min: 1,
    max: 64,
    doc: 'Worker threads; all of them share one store.',
  }),
  maxItemSizeBytes: bytes({
    short: 'I',
    long: 'max-item-size',
    default: '1m',
    min: '1k',
    max: '1024m',
    doc: 'Largest item, key and header included; at most half of --memory-limit.',
  }),
  slabGrowthFactor: number({
    short: 'f',
    default: 1.25,
    min: 1.01,
    max: 16,
    doc: 'How much larger the chunks of each size class are than those of the class before.',
  }),
  slabMinSizeBytes: integer({
    short: 'n',
    long: 'slab-min-size',
    default: 48,
    min: 1,
    max: 65_536,
    doc: 'Least room for key, value and flags in the smallest size class, in bytes.',
  }),
  listenBacklog: integer({
    short: 'b',
    default: 1024,
    min: 1,
    max: 65_535,
    doc: 'Connections that may wait to be accepted.',
  }),
  maxReqsPerEvent: integer({
    short: 'R',
    default: 20,
    min: 1,
    max: 100_000,
    doc: 'Requests of one connection answered in a row before others get their turn.',
  }),
  verbosity: count({
    short: 'v',
    long: 'verbose',
    max: 3,
    doc: 'Log more: -v information, -vv debugging, -vvv everything.',
  }),
  disableFlushAll: flag({ short: 'F', doc: 'Refuse the flush_all command.' }),
  disableDumping: flag({
    short: 'X',
    doc: 'Refuse stats cachedump and lru_crawler metadump.',
  }),
};

/** Resolved once at the edge: every field has a value in its range. */
export type ServerOptions = ValuesOf<typeof serverFlags>;

/** What the options owe each other. */
export const serverRules: readonly Rule<typeof serverFlags>[] = [
  ({ maxItemSizeBytes, memoryLimitBytes }) =>
    maxItemSizeBytes * 2 > memoryLimitBytes
      ? `-I (--max-item-size) is ${maxItemSizeBytes} bytes, more than half of -m (--memory-limit),` +
        ` ${memoryLimitBytes} bytes; lower -I or raise -m.`
      : undefined,
];

export function defaultServerOptions(): ServerOptions {
  return defaultsOf(serverFlags);
}
