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
  suboptions,
  text,
  type ValuesOf,
} from '../../base/index.ts';
import { ADDRESS_FORMS } from '../../topology/index.ts';
import { backgroundFlags } from './background-flags.ts';
import { guardFlags } from './guard-flags.ts';
import { lruFlags } from './lru-flags.ts';
import { FULFILLED_SUBOPTIONS, INEFFECTIVE_SUBOPTIONS } from './other-suboptions.ts';
import { slowFlags } from './slow-flags.ts';

/** The options of one node, with memcached's letters, spellings, meanings and defaults. */
export const serverFlags = {
  port: integer({
    short: 'p',
    default: 11_211,
    min: 0,
    max: 65_535,
    doc: 'TCP port to listen on; with 0 the kernel chooses a free port.',
  }),
  unixSocket: text({
    short: 's',
    placeholder: '<file>',
    doc: 'Unix socket to listen on, instead of TCP.',
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
    separator: /[,;]/,
    skipsEmpty: true,
    doc:
      `Addresses to listen on, each ${ADDRESS_FORMS}; default: all interfaces. A prefix sets ` +
      'what differs there: notls:, btls: or mtls:, then proto[ascii]: or proto[binary]:.',
  }),
  protocol: choice({
    short: 'B',
    words: ['auto', 'ascii', 'binary'],
    default: 'auto',
    doc: 'What clients may send; with auto, their first byte decides.',
  }),
  memoryLimitBytes: bytes({
    short: 'm',
    long: 'memory-limit',
    default: '64m',
    min: '1m',
    max: '31g',
    bareUnit: 'megabytes',
    doc: 'Memory for items, in megabytes; the index needs additional memory.',
  }),
  connLimit: integer({
    short: 'c',
    default: 1024,
    min: 1,
    max: 1_000_000,
    doc: 'Connections that the node serves at the same time.',
  }),
  threads: integer({
    short: 't',
    default: 4,
    min: 1,
    max: 64,
    doc: 'Worker threads; all threads share one store.',
  }),
  maxItemSizeBytes: bytes({
    short: 'I',
    long: 'max-item-size',
    default: '1m',
    min: '1k',
    max: '1024m',
    doc: 'Size of the largest item, key and header included; at most half of --memory-limit.',
  }),
  slabChunkMaxBytes: bytes({
    suboption: 'slab_chunk_max',
    long: 'slab-chunk-max',
    default: '512k',
    min: '1k',
    max: '1m',
    bareUnit: 'kilobytes up to 1024, bytes above',
    doc: 'Size of the largest chunk; a larger item is a chain of chunks. Must divide 1m evenly.',
  }),
  slabGrowthFactor: number({
    short: 'f',
    default: 1.25,
    min: 1.01,
    max: 16,
    doc: 'Ratio of the chunk sizes of neighbouring size classes.',
  }),
  slabMinSizeBytes: integer({
    short: 'n',
    long: 'slab-min-size',
    default: 48,
    min: 1,
    max: 65_536,
    doc: 'Minimum space for key, value and flags in the smallest size class, in bytes.',
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
    doc:
      'Requests that a thread serves for one connection before it serves other connections.' +
      ' A get counts as many as it has keys.',
  }),
  verbosity: count({
    short: 'v',
    long: 'verbose',
    max: 3,
    doc:
      'Log info messages too; with -vv also connections and logins; with -vvv also each request: ' +
      'its verb, the hash of its key, and the status of its reply.',
  }),
  disableEvictions: flag({
    short: 'M',
    doc: 'When memory is full, refuse to store (SERVER_ERROR) instead of evicting items.',
  }),
  eviction: choice({
    words: ['s3fifo', 'segmented'],
    default: 's3fifo',
    doc: "Eviction policy: S3-FIFO, or memcached's segmented LRU.",
  }),
  disableCas: flag({
    short: 'C',
    doc: 'Show every CAS id as 0; no cas command succeeds then.',
  }),
  disableFlushAll: flag({ short: 'F', doc: 'Refuse the flush_all command.' }),
  disableDumping: flag({
    short: 'X',
    doc: 'Refuse stats cachedump, stats detail, and lru_crawler metadump and mgdump.',
  }),
  prefixDelimiter: text({
    short: 'D',
    placeholder: '<char>',
    doc:
      'Count requests by key prefix, which ends at this character (stats detail). Without -D, ' +
      'the count begins at stats detail on, and the prefix ends at a colon.',
  }),
  disableWatch: flag({
    short: 'W',
    long: 'disable-watch',
    doc: 'Refuse the watch command.',
  }),
  enableShutdown: flag({
    short: 'A',
    long: 'enable-shutdown',
    doc: 'Allow clients to stop the node (shutdown).',
  }),
  enableSasl: flag({
    short: 'S',
    long: 'enable-sasl',
    doc: "Require a login: SASL in the binary protocol, memcached's ASCII login in text.",
  }),
  authFile: text({
    short: 'Y',
    placeholder: '<file>',
    doc:
      'Require a login; the file contains the users, user:password on each line (slabring user ' +
      'writes hashes).',
  }),
  saslPwdb: text({
    long: 'sasl-pwdb',
    placeholder: '<file>',
    alsoEnv: ['MEMCACHED_SASL_PWDB'],
    doc: 'With -S: file of the users, user:password or user@host:password on each line.',
  }),
  saslOnly: flag({
    doc: 'With -S or -Y: refuse the text protocol, as memcached -S does.',
  }),
  extended: suboptions({
    short: 'o',
    doc:
      'Suboptions, as memcached spells them: those named below with _ for -, and those that ' +
      'set nothing (listed at the end of docs/options.md).',
    fulfilled: FULFILLED_SUBOPTIONS,
    ineffective: INEFFECTIVE_SUBOPTIONS,
  }),
  ...lruFlags,
  ...backgroundFlags,
  trackSizes: flag({
    suboption: 'track_sizes',
    doc: 'Count items by size, for stats sizes.',
  }),
  noFastPath: flag({
    suboption: 'no_fast_path',
    doc: 'Answer every request in JavaScript, without WebAssembly; the replies are the same.',
  }),
  noHotKeys: flag({
    suboption: 'no_hot_keys',
    doc: 'Do not sample the keys of requests for `slabring hot` (stats hot_keys).',
  }),
  enableSsl: flag({
    short: 'Z',
    long: 'enable-ssl',
    doc: 'Use TLS on every TCP listener except those of -l notls:<addr>.',
  }),
  sslChainCert: text({
    suboption: 'ssl_chain_cert',
    placeholder: '<file>',
    doc:
      "The node's certificate and its chain up to the CA, PEM. refresh_certs and SIGHUP reload " +
      'it.',
  }),
  sslKey: text({
    suboption: 'ssl_key',
    placeholder: '<file>',
    doc: 'The key of the certificate, PEM; default: the file of the certificate.',
  }),
  sslCaCert: text({
    suboption: 'ssl_ca_cert',
    placeholder: '<file>',
    doc: 'The CAs that sign client certificates, PEM.',
  }),
  sslVerifyMode: integer({
    suboption: 'ssl_verify_mode',
    default: 0,
    min: 0,
    max: 3,
    doc: 'Client certificates: 0 does not request one, 1 requests one, 2 and 3 require one.',
  }),
  sslMinVersion: integer({
    suboption: 'ssl_min_version',
    default: 2,
    min: 0,
    max: 3,
    doc: 'Minimum TLS version: 3 means 1.3; 0, 1 and 2 mean 1.2.',
  }),
  sslCiphers: text({
    suboption: 'ssl_ciphers',
    placeholder: '<list>',
    doc: 'Cipher suites, in the format of OpenSSL.',
  }),
  clusterNodes: list({
    long: 'cluster-nodes',
    placeholder: '<node>',
    doc:
      'Nodes of the cluster, each host:port, [IPv6]:port or host|ip|port; the reply to config ' +
      'get cluster.',
  }),
  clusterVersion: integer({
    long: 'cluster-version',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    doc:
      'Version of --cluster-nodes, equal on all nodes; increase it with every change. 0 means ' +
      'the Unix time of the start.',
  }),
  allowConfigSet: flag({
    doc:
      'Let clients replace --cluster-nodes (config set cluster); with a login only ' +
      'administrators.',
  }),
  ...guardFlags,
  ...slowFlags,
};

/** Resolved options: every field has a value within its range. */
export type ServerOptions = ValuesOf<typeof serverFlags>;

export function defaultServerOptions(): ServerOptions {
  return defaultsOf(serverFlags);
}
