import {
  choice,
  defaultsOf,
  type FlagTable,
  integer,
  list,
  text,
  type ValuesOf,
} from '../../base/index.ts';
import { DISTRIBUTION_NAMES, KEY_HASH_NAMES } from '../../topology/index.ts';
import { serveFlags } from './serve-flags.ts';

/** The smallest store. */
const MEMORY_BYTES_MIN = 2 ** 20;
/** What ElastiCache allows at most. */
const ECPU_MAX = 15_000_000;
/** The options of a node about its items, and about its part in a cluster. */
const NOT_OF_A_PROXY = [
  'memoryLimitBytes',
  'slabChunkMaxBytes',
  'slabGrowthFactor',
  'slabMinSizeBytes',
  'disableEvictions',
  'eviction',
  'disableCas',
  'trackSizes',
  'noFastPath',
  'hotLruPct',
  'warmLruPct',
  'hotMaxFactor',
  'warmMaxFactor',
  'temporaryTtl',
  'noModern',
  'noChunkedItems',
  'lruCrawler',
  'noLruCrawler',
  'lruCrawlerSleep',
  'lruCrawlerTocrawl',
  'lruMaintainer',
  'noLruMaintainer',
  'slabReassign',
  'noSlabReassign',
  'slabAutomove',
  'noSlabAutomove',
  'warmRestart',
  'memoryFile',
  'warmRestartOn',
  'snapshotEvery',
  'snapshotKeep',
  'snapshotTo',
  's3Encryption',
  'lockMemory',
  'udpPort',
  'napiIds',
  'license',
  'peerPort',
  'zone',
  'weight',
  'replicas',
  'replication',
  'replicaReads',
] as const satisfies readonly (keyof typeof serveFlags)[];

/** The options of a proxy before nodes that are no cluster. */
const plainFlags = {
  nodes: list({
    placeholder: '<node>',
    doc:
      'Nodes that are no cluster, such as memcached: the proxy is before them. Each host:port or ' +
      'host:port:weight, or a path of a Unix socket.',
  }),
  distribution: choice({
    words: DISTRIBUTION_NAMES,
    default: 'ketama',
    doc: 'With --nodes: how keys are placed on them, as their other clients do it.',
  }),
  hash: choice({
    words: ['default', ...KEY_HASH_NAMES],
    default: 'default',
    doc:
      'With --nodes and ketama or modulo: the hash of keys. default: md5 for ketama and ' +
      "one_at_a_time for modulo, as clients of libmemcached; fnv1a_64: twemproxy's default.",
  }),
  nodeTimeoutMs: integer({
    default: 1000,
    min: 10,
    max: 60_000,
    doc: 'With --nodes: a node has so many milliseconds to accept a connection, and to reply.',
  }),
  deadNode: choice({
    words: ['error', 'next'],
    default: 'error',
    doc:
      'With --nodes: the keys of a node that is down get an error, or are placed on the nodes ' +
      'that are left until it is back.',
  }),
};

/** The options of `slabring proxy`. */
export const proxyFlags = {
  ...without(serveFlags, NOT_OF_A_PROXY),
  ...plainFlags,
  cluster: text({
    env: 'SLABRING_CLUSTER_NAME',
    placeholder: '<name>',
    doc:
      'Name of the cluster. With --join: in etcd. Without: of a cluster of this machine and user ' +
      '(slabring cluster), or the host:port of one of its nodes; default: the only one, else the ' +
      'one of 127.0.0.1:11211.',
  }),
  state: text({
    placeholder: '<folder>',
    doc: 'The folder of the cluster (slabring cluster --state), in place of --cluster.',
  }),
  ecpuLimit: integer({
    default: 0,
    min: 0,
    max: ECPU_MAX,
    doc:
      'Count what clients use in ECPU of ElastiCache, 1 for each command of 1 KiB or less, and ' +
      'let them wait beyond so many in a second; 0: do not count. Not with --nodes or --join.',
  }),
  join: text({
    placeholder: '<etcd>',
    doc:
      'The etcd that keeps the cluster, as its nodes name it: etcd://host:port,host:port, or ' +
      'etcds:// with TLS.',
  }),
  nodeName: text({
    placeholder: '<name>',
    doc:
      'Name of this proxy in the cluster; default: proxy- and the name of the machine, with the ' +
      'port unless it is 11211. In a cluster of one machine: proxy- and the port, or the process ' +
      'id of a proxy on a Unix socket.',
  }),
  advertise: text({
    placeholder: '<host:port>',
    doc:
      'Address of this proxy in listings, which no other proxy or node has; default: the first ' +
      'address of -l (--listen) that other machines may reach, else of the machine, and the port.',
  }),
};

/** The options of the node that is the proxy. Nothing is ever in its store. */
export function asServeOptions(options: ValuesOf<typeof proxyFlags>): ValuesOf<typeof serveFlags> {
  const memoryLimitBytes = Math.max(MEMORY_BYTES_MIN, 2 * options.maxItemSizeBytes);
  // The fast path answers from the store only.
  const fixed = { memoryLimitBytes, weight: 0, noFastPath: true };
  return { ...defaultsOf(serveFlags), ...options, ...fixed };
}

function without<Table extends FlagTable, Name extends keyof Table & string>(
  table: Table,
  names: readonly Name[],
): Omit<Table, Name> {
  const omitted: ReadonlySet<string> = new Set(names);
  const kept = Object.entries(table).filter(([name]) => !omitted.has(name));
  return Object.fromEntries(kept) as unknown as Omit<Table, Name>;
}
