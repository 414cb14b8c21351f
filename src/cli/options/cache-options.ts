import {
  CodedError,
  choice,
  type Flag,
  flag,
  list,
  type Sources,
  text,
  type ValuesOf,
} from '../../base/index.ts';
import {
  type ClientOptions,
  clientOptions,
  type Discovery,
  dnsNames,
  elastiCache,
  type Failover,
  gutterFailover,
  type Login,
  type NodeSpec,
  POLL_DEADLINE_MS_MAX,
} from '../../client/index.ts';
import { parseAddress, TopologyError } from '../../topology/index.ts';
import { LOCAL_NODE, localCluster } from '../cache/local-cluster.ts';
import type { Host } from '../process/host.ts';
import { type ClientTls, clientTlsOf, tlsFlags } from './tls-options.ts';

/** The forms of `--discovery`: its kind, then the endpoints or the DNS name. */
const DISCOVERY_PATTERN = /^(elasticache|dns):(\S+)$|^(srv):([^\s:,]+)$/;

const discoveryFlag: Flag<string> = {
  ...text({
    placeholder: '<kind:name>',
    doc:
      'Discover the nodes: elasticache:host:port requests the topology from a node,' +
      ' dns:name:port uses the addresses of a DNS name, srv:name uses its SRV records.',
  }),
  constraint: 'elasticache:host:port, dns:name, dns:name:port or srv:name',
  parse: (typed) => (DISCOVERY_PATTERN.test(typed) ? typed : undefined),
};

/** The options of every verb that uses a client: which nodes, and how to connect to them. */
export const cacheFlags = {
  nodes: list({
    placeholder: '<host:port,…>',
    alsoEnv: ['SLABRING_SERVERS', 'MEMCACHED_SERVERS'],
    doc:
      'The nodes, each host, host:port, [v6]:port or the path of a Unix socket; the suffix @2' +
      ` doubles the share of keys of a node. Default: all nodes of the cluster of ${LOCAL_NODE}.`,
  }),
  discovery: discoveryFlag,
  distribution: clientOptions.table.distribution,
  replicas: clientOptions.table.replicas,
  failover: choice({
    words: ['fail', 'next', 'gutter'],
    default: 'fail',
    doc:
      'What happens to the keys of a node that is down: fail rejects their operations, next uses' +
      ' the nodes after it, gutter uses the nodes of --gutter.',
  }),
  gutter: list({
    placeholder: '<host:port,…>',
    doc: 'With --failover=gutter: the gutter nodes, in the form of --nodes.',
  }),
  gutterTtl: {
    ...gutterFailover.table.ttl,
    doc: 'With --failover=gutter: the longest ttl of an item on a gutter node.',
  },
  user: text({
    placeholder: '<name>',
    doc: 'User name of the login; the password comes from SLABRING_PASSWORD or from a prompt.',
  }),
  ...tlsFlags,
  deadlineMs: {
    ...clientOptions.table.deadlineMs,
    long: 'deadline',
    doc: 'Time by which an operation settles.',
  },
  json: flag({ doc: 'Print the result as JSON.' }),
};
export type CacheOptions = ValuesOf<typeof cacheFlags>;

/** How to connect to a node. */
export interface ConnectOptions {
  readonly tls?: ClientTls;
  readonly login?: Login;
  readonly deadlineMs: number;
}

/** `--gutter` and `--failover=gutter` need each other. */
export function failoverRule({ failover, gutter }: CacheOptions): string | undefined {
  if (failover === 'gutter' && gutter.length === 0) {
    return '--failover=gutter needs gutter nodes: name them with --gutter.';
  }
  if (failover !== 'gutter' && gutter.length > 0) {
    return `--gutter needs --failover=gutter, but --failover is ${failover}.`;
  }
  return undefined;
}

/**
 * Leaves at most one of `nodes` and `discovery` in force. An option of the command line overrides
 * both environment variables, and SLABRING_DISCOVERY overrides SLABRING_NODES.
 * @throws {CodedError} `ERR_USAGE` when the command line has both options.
 */
export function withOneNodeSource(sources: Sources): Sources {
  const { given = {}, env = {} } = sources;
  if (given['nodes'] === undefined) return sources;
  if (given['discovery'] === undefined) {
    return { ...sources, env: { ...env, SLABRING_DISCOVERY: undefined } };
  }
  const message = '--nodes and --discovery both name the nodes of the cache: remove one of them.';
  throw new CodedError('ERR_USAGE', message);
}

/**
 * Returns a factory of client options: each client needs its own discovery object. It asks the
 * local node for its cluster when no option names the nodes.
 * @throws {CacheError} ERR_NODE_DOWN if there is no connection to the local node then.
 */
export async function clientOptionsFactory(
  options: CacheOptions,
  host: Host,
): Promise<() => ClientOptions & ConnectOptions> {
  const { deadlineMs, distribution, replicas } = options;
  const login = await loginOf(options, host);
  const tls = clientTlsOf(options);
  const isLocal = options.nodes.length === 0 && options.discovery === '';
  const listed = isLocal ? await localCluster({ login, tls, deadlineMs }) : options.nodes;
  return () => ({
    nodes: options.discovery === '' ? nodeSpecsOf(listed) : discoveryOf(options, login, tls),
    deadlineMs,
    distribution,
    replicas,
    failover: failoverOf(options),
    ...(login === undefined ? {} : { login }),
    ...(tls === undefined ? {} : { tls }),
  });
}

function failoverOf({ failover, gutter, gutterTtl }: CacheOptions): Failover {
  return failover === 'gutter' ? { gutter: nodeSpecsOf(gutter), ttl: gutterTtl } : failover;
}

function discoveryOf(
  { discovery, deadlineMs: operationDeadlineMs }: CacheOptions,
  login: Login | undefined,
  tls: ClientTls | undefined,
): Discovery {
  const [, kind, addresses = '', , service] = DISCOVERY_PATTERN.exec(discovery)!;
  const deadlineMs = Math.min(operationDeadlineMs, POLL_DEADLINE_MS_MAX);
  if (service !== undefined) return dnsNames({ name: service, record: 'srv', deadlineMs });
  if (kind === 'dns') return dnsNames({ ...dnsNameOf(addresses), deadlineMs });
  return elastiCache({
    endpoints: nodeSpecsOf(addresses.split(',')),
    deadlineMs,
    ...(login && { login: { username: login.username, password: login.password } }),
    ...(tls && { tls }),
  });
}

function dnsNameOf(text: string): { readonly name: string; readonly port?: number } {
  const address = parseAddress(text);
  if ('path' in address) throw new TopologyError(`${text} is a Unix socket, not a DNS name.`);
  const { host: name, ...port } = address;
  return { name, ...port };
}

/** The login of `--user`; undefined without it. */
export async function loginOf(
  { user }: Pick<CacheOptions, 'user'>,
  host: Host,
): Promise<Login | undefined> {
  return user === '' ? undefined : { username: user, password: await readPassword(host) };
}

async function readPassword(host: Host): Promise<string> {
  const given = host.env['SLABRING_PASSWORD'] ?? (await host.promptSecret('Password: '));
  if (given !== undefined) return given;
  const message = '--user needs a password, and there is no terminal to prompt for it';
  throw new CodedError('ERR_USAGE', `${message}: set SLABRING_PASSWORD.`);
}

/** Parses the nodes of the command line; a suffix is the weight of a node: `10.0.0.1:11211@2`. */
function nodeSpecsOf(texts: readonly string[]): readonly NodeSpec[] {
  return texts.map((spec) => {
    const [, address, weight] = /^(.+)@(\d+(?:\.\d+)?)$/.exec(spec) ?? [];
    if (address === undefined) return spec;
    return { ...parseAddress(address), weight: Number(weight) };
  });
}
