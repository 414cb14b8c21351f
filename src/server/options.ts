import { isIPv4 } from 'node:net';
import {
  bytes,
  choice,
  count,
  defaultsOf,
  flag,
  integer,
  list,
  number,
  octal,
  type Rule,
  suboptions,
  text,
  type ValuesOf,
} from '../base/index.ts';
import type { ClusterMember } from '../commands/index.ts';
import { chainedItemBytesMax, EVICTION, PAGE_BYTES, type TunableName } from '../store/index.ts';

/**
 * memcached's `-o` names that a command line may keep: what they tune is not here, or needs no
 * tuning.
 */
const IGNORED_SUBOPTIONS: Readonly<Record<string, string>> = {
  maxconns_fast: 'one connection too many is always refused at once',
  no_maxconns_fast: 'one connection too many is always refused at once',
  hashpower: 'the index grows by itself, one bucket at a time',
  no_hashexpand: 'the index grows by itself, one bucket at a time',
  hash_algorithm: 'keys are hashed by murmur3',
  tail_repair_time: 'no item can be held for ever',
  no_inline_ascii_resp: 'numbers are always written out when they are sent',
  inline_ascii_resp: 'numbers are always written out when they are sent',
  lru_maintainer: 'it is always there',
  lru_crawler: 'it is there unless no_lru_crawler says otherwise',
  slab_reassign: 'it is there unless no_slab_reassign says otherwise',
  slab_automove_ratio: 'pages go by what was missed soon after it was evicted',
  slab_automove_window: 'pages go by what was missed soon after it was evicted',
  modern: 'it is the only way there is',
  no_modern: 'the older ways of memcached are not there',
  drop_privileges: 'a node does not change what it may do',
  no_drop_privileges: 'a node does not change what it may do',
  relaxed_privileges: 'a node does not change what it may do',
  resp_obj_mem_limit: 'replies are written into one buffer a thread',
  read_buf_mem_limit: 'requests are read into one buffer a thread',
  ssl_wbuf_size: 'what is written at once is sealed at once',
  ssl_keyformat: 'keys are PEM',
  ssl_session_cache: 'sessions are always resumed, by tickets',
  ssl_kernel_tls: 'the kernel is not asked to seal',
};

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
  slabChunkMaxBytes: bytes({
    suboption: 'slab_chunk_max',
    long: 'slab-chunk-max',
    default: '512k',
    min: '1k',
    max: '1m',
    bare: 'kilobytes',
    doc: 'Largest chunk, in kilobytes: an item that needs more is a chain of chunks. It divides 1m evenly.',
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
  disableEvictions: flag({
    short: 'M',
    doc: 'When memory is full, refuse to store (SERVER_ERROR) rather than evict.',
  }),
  eviction: choice({
    words: ['s3fifo', 'segmented'],
    default: 's3fifo',
    doc: "Which items give way: those that S3-FIFO, or those that memcached's segmented LRU gives up.",
  }),
  disableFlushAll: flag({ short: 'F', doc: 'Refuse the flush_all command.' }),
  disableDumping: flag({
    short: 'X',
    doc: 'Refuse stats cachedump and lru_crawler metadump.',
  }),
  prefixDelimiter: text({
    short: 'D',
    placeholder: '<char>',
    doc: 'Count requests by the prefix of their keys, up to this character (stats detail); : unless given.',
  }),
  disableWatch: flag({
    short: 'W',
    long: 'disable-watch',
    doc: 'Refuse the watch command.',
  }),
  enableShutdown: flag({
    short: 'A',
    long: 'enable-shutdown',
    doc: 'Let clients stop the node (shutdown).',
  }),
  enableSasl: flag({
    short: 'S',
    long: 'enable-sasl',
    doc: "Clients must log in: by SASL in the binary protocol, by memcached's ASCII login in text.",
  }),
  authFile: text({
    short: 'Y',
    placeholder: '<file>',
    doc: 'Users who may log in, one user:password a line (slabring user makes hashed ones); clients must.',
  }),
  saslPwdb: text({
    long: 'sasl-pwdb',
    placeholder: '<file>',
    alsoEnv: 'MEMCACHED_SASL_PWDB',
    doc: 'With -S: users who may log in, one user:password or user@host:password a line.',
  }),
  saslOnly: flag({
    doc: 'Where clients must log in, refuse the text protocol, as memcached -S does.',
  }),
  extended: suboptions({
    short: 'o',
    doc: 'Suboptions, as memcached spells them: those named below, and those that change nothing here (listed at the end of this page).',
    ignored: IGNORED_SUBOPTIONS,
  }),
  hotLruPct: integer({
    suboption: 'hot_lru_pct',
    default: 20,
    min: 0,
    max: 80,
    doc: 'With --eviction segmented: percent of a class that HOT may have.',
  }),
  warmLruPct: integer({
    suboption: 'warm_lru_pct',
    default: 40,
    min: 0,
    max: 80,
    doc: 'With --eviction segmented: percent of a class that WARM may have.',
  }),
  hotMaxFactor: number({
    suboption: 'hot_max_factor',
    default: 0.2,
    min: 0.001,
    max: 1000,
    doc: "With --eviction segmented: HOT's tail goes when idle for longer than this times COLD's.",
  }),
  warmMaxFactor: number({
    suboption: 'warm_max_factor',
    default: 2,
    min: 0.001,
    max: 1000,
    doc: "With --eviction segmented: WARM's tail goes when idle for longer than this times COLD's.",
  }),
  temporaryTtl: integer({
    suboption: 'temporary_ttl',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    doc: 'Items with a TTL of at most so many seconds have a list of their own, and give way last; 0 is none.',
  }),
  noLruCrawler: flag({
    suboption: 'no_lru_crawler',
    doc: 'Do not look for expired items: they are freed when they are met.',
  }),
  lruCrawlerSleep: integer({
    suboption: 'lru_crawler_sleep',
    default: 100,
    min: 0,
    max: 1_000_000,
    doc: 'Shown by stats settings; the crawler takes its share of a core whatever it says (microseconds).',
  }),
  lruCrawlerTocrawl: integer({
    suboption: 'lru_crawler_tocrawl',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    doc: 'Shown by stats settings; a pass of the crawler sees all items whatever it says.',
  }),
  noLruMaintainer: flag({
    suboption: 'no_lru_maintainer',
    doc: 'Do not move items between the lists of --eviction segmented aside, and refuse lru mode and temp_ttl.',
  }),
  noSlabReassign: flag({
    suboption: 'no_slab_reassign',
    doc: 'Leave each page with its class, whatever becomes of the sizes.',
  }),
  slabAutomove: integer({
    suboption: 'slab_automove',
    default: 1,
    min: 0,
    max: 2,
    doc: 'Whether pages go where they save most misses: 0 is no, 1 and 2 are yes.',
  }),
  noSlabAutomove: flag({
    suboption: 'no_slab_automove',
    doc: 'Leave pages where they are, until slabs reassign moves them.',
  }),
  trackSizes: flag({
    suboption: 'track_sizes',
    doc: 'Count items by size, for stats sizes.',
  }),
  enableSsl: flag({
    short: 'Z',
    long: 'enable-ssl',
    doc: 'TLS on every TCP listener, but those of -l notls:<addr>.',
  }),
  sslChainCert: text({
    suboption: 'ssl_chain_cert',
    placeholder: '<file>',
    doc: "The node's certificate and those up to its CA, PEM. Read again by refresh_certs and SIGHUP.",
  }),
  sslKey: text({
    suboption: 'ssl_key',
    placeholder: '<file>',
    doc: 'The key of the certificate, PEM; looked for in its file unless given.',
  }),
  sslCaCert: text({
    suboption: 'ssl_ca_cert',
    placeholder: '<file>',
    doc: 'The CAs whose clients are known, PEM.',
  }),
  sslVerifyMode: integer({
    suboption: 'ssl_verify_mode',
    default: 0,
    min: 0,
    max: 3,
    doc: 'Certificates of clients: 0 none is asked for, 1 is asked for, 2 or 3 is required.',
  }),
  sslMinVersion: integer({
    suboption: 'ssl_min_version',
    default: 2,
    min: 0,
    max: 3,
    doc: 'Least TLS version: 3 is 1.3; 2, and what memcached means by 0 and 1, is 1.2.',
  }),
  sslCiphers: text({
    suboption: 'ssl_ciphers',
    placeholder: '<list>',
    doc: 'Cipher suites, as OpenSSL lists them.',
  }),
  clusterNodes: list({
    long: 'cluster-nodes',
    placeholder: '<node>',
    doc: 'The nodes of this cluster, each host:port or host|ip|port, for clients that ask any of them (config get cluster).',
  }),
  clusterVersion: integer({
    long: 'cluster-version',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    doc: 'Version of --cluster-nodes, the same on all nodes; raise it with every change. 0 is the second of the start.',
  }),
  loginAttempts: integer({
    default: 10,
    min: 1,
    max: 1000,
    doc: 'Failed logins after which a connection is closed.',
  }),
};

/** Resolved once at the edge: every field has a value in its range. */
export type ServerOptions = ValuesOf<typeof serverFlags>;

/** What the options owe each other. */
export const serverRules: readonly Rule<typeof serverFlags>[] = [
  ({ hotLruPct, warmLruPct }) =>
    hotLruPct + warmLruPct > 80
      ? `hot_lru_pct and warm_lru_pct are ${hotLruPct + warmLruPct} together, more than 80: COLD would be left with too little.`
      : undefined,
  ({ maxItemSizeBytes, memoryLimitBytes }) =>
    maxItemSizeBytes * 2 > memoryLimitBytes
      ? `-I (--max-item-size) is ${maxItemSizeBytes} bytes, more than half of -m (--memory-limit),` +
        ` ${memoryLimitBytes} bytes; lower -I or raise -m.`
      : undefined,
  ({ slabChunkMaxBytes }) =>
    PAGE_BYTES % slabChunkMaxBytes === 0
      ? undefined
      : `-o slab_chunk_max is ${slabChunkMaxBytes} bytes, which do not divide a page of 1m evenly;` +
        ' take 1, 2, 4 … 1024 (kilobytes).',
  ({ maxItemSizeBytes, slabChunkMaxBytes }) =>
    maxItemSizeBytes > chainedItemBytesMax(slabChunkMaxBytes)
      ? `-I (--max-item-size) is ${maxItemSizeBytes} bytes, more than a chain of chunks of` +
        ` ${slabChunkMaxBytes} bytes can hold; raise -o slab_chunk_max.`
      : undefined,
  (options) =>
    options.enableSasl && !namesUsers(options)
      ? '-S (--enable-sasl) wants clients to log in, but there are no users. Name a file of them' +
        ' with -Y (make one: slabring user add <name> -Y <file>) or in MEMCACHED_SASL_PWDB.'
      : undefined,
  (options) =>
    options.saslOnly && !asksForLogin(options)
      ? '--sasl-only closes the text protocol where clients must log in: that wants -S or -Y.'
      : undefined,
  ({ clusterNodes }) => {
    const wrong = clusterNodes.find((node) => !MEMBER.test(node) || memberOf(node).port > 65_535);
    return wrong === undefined
      ? undefined
      : `--cluster-nodes names "${wrong}"; a node is host:port or host|ip|port.`;
  },
  ({ enableSsl, sslChainCert }) =>
    enableSsl && sslChainCert === ''
      ? '-Z (--enable-ssl) needs a certificate: -o ssl_chain_cert=<file>,ssl_key=<file>.'
      : undefined,
  ({ enableSsl, sslVerifyMode, sslCaCert }) =>
    enableSsl && sslVerifyMode > 1 && sslCaCert === ''
      ? `ssl_verify_mode ${sslVerifyMode} requires certificates of clients, but names no CA to know them by: -o ssl_ca_cert=<file>.`
      : undefined,
];

/** `host:port`, `host`, or ElastiCache's own `host|ip|port`. */
export function memberOf(text: string): ClusterMember {
  const [host = '', ip = '', port = ''] = text.includes('|')
    ? text.split('|')
    : [text.replace(/:\d+$/, ''), '', /:(\d+)$/.exec(text)?.[1] ?? ''];
  const known = ip === '' && isIPv4(host) ? host : ip;
  return { host, ip: known, port: port === '' ? serverFlags.port.default : Number(port) };
}

const MEMBER = /^[^|:\s]+(:\d{1,5}|\|[0-9a-fA-F.:]*\|\d{1,5})?$/;

/** Whether clients must log in before anything else. */
export function asksForLogin(options: Pick<ServerOptions, 'enableSasl' | 'authFile'>): boolean {
  return options.enableSasl || options.authFile !== '';
}

/** What the options say to the store's policies. */
export function tunablesOf(options: ServerOptions): Partial<Record<TunableName, number>> {
  const moves = options.noSlabReassign || options.noSlabAutomove ? 0 : options.slabAutomove;
  return {
    eviction: EVICTION[options.eviction],
    hotPercent: options.hotLruPct,
    warmPercent: options.warmLruPct,
    hotMaxFactor: options.hotMaxFactor,
    warmMaxFactor: options.warmMaxFactor,
    ...(options.temporaryTtl > 0 ? { tempLru: 1, tempTtlSeconds: options.temporaryTtl } : {}),
    evictsToFree: options.disableEvictions ? 0 : 1,
    automove: moves,
    reassign: options.noSlabReassign ? 0 : 1,
    crawlerEnabled: options.noLruCrawler ? 0 : 1,
    crawlerSleepUs: options.lruCrawlerSleep,
    crawlerToCrawl: options.lruCrawlerTocrawl,
    maintainer: options.noLruMaintainer ? 0 : 1,
    trackSizes: options.trackSizes ? 1 : 0,
    // Nobody would keep the segments in order: as in memcached, there is one list then.
    segmented: options.noLruMaintainer && options.eviction === 'segmented' ? 0 : 1,
  };
}

function namesUsers({ authFile, saslPwdb }: ServerOptions): boolean {
  return authFile !== '' || saslPwdb !== '';
}

export function defaultServerOptions(): ServerOptions {
  return defaultsOf(serverFlags);
}
