import { readFileSync } from 'node:fs';
import {
  CodedError,
  choice,
  type Flag,
  flag,
  integer,
  list,
  type Sources,
  text,
  type ValuesOf,
} from '../base/index.ts';
import {
  type ClientOptions,
  type Discovery,
  type DistributionName,
  dnsNames,
  elastiCache,
  type Failover,
  type Login,
  type NodeSpec,
} from '../client/index.ts';
import type { Host } from './host.ts';

const DISCOVERY_DEADLINE_MS_MAX = 60_000;

/** How a discovery is typed: its kind, and where or what it asks. */
const DISCOVERY = /^(elasticache):(\S+)$|^(dns):([^\s:,]+)(?::(\d+))?$|^(srv):([^\s:,]+)$/;

const discoveryFlag: Flag<string> = {
  ...text({
    placeholder: '<kind:where>',
    doc: 'Find the nodes out instead: elasticache:host:port asks a node for its cluster, dns:name:port takes the addresses of a name, srv:name its SRV records.',
  }),
  must: 'elasticache:host:port, dns:name, dns:name:port or srv:name',
  parse: (typed) => (DISCOVERY.test(typed) ? typed : undefined),
};

/** How the cache is found and spoken to: options of every verb that is a client. */
export const cacheFlags = {
  nodes: {
    ...list({
      placeholder: '<host:port,…>',
      env: 'SLABRING_SERVERS',
      alsoEnv: 'MEMCACHED_SERVERS',
      doc: 'The nodes: host, host:port, [v6]:port or a path; @2 behind one gives it twice the keys.',
    }),
    default: ['127.0.0.1:11211'] as readonly string[],
  },
  discovery: discoveryFlag,
  distribution: choice({
    words: ['ketama', 'modulo', 'jump', 'rendezvous'] satisfies DistributionName[],
    default: 'ketama',
    doc: 'How keys are placed on nodes; all clients of a cache must agree.',
  }),
  replicas: integer({
    default: 1,
    min: 1,
    max: 8,
    doc: 'Nodes that hold each key: its owner and those that follow; all clients of a cache must agree.',
  }),
  failover: choice({
    words: ['fail', 'next', 'gutter'],
    default: 'fail',
    doc: 'Who serves the keys of a node that is down: nobody, the nodes that follow, or those of --gutter.',
  }),
  gutter: list({
    placeholder: '<host:port,…>',
    doc: 'With --failover=gutter: the nodes that stand in, written as for --nodes.',
  }),
  gutterTtl: integer({
    default: 60,
    min: 1,
    max: 86_400,
    doc: 'With --failover=gutter: seconds that entries live there at the most.',
  }),
  user: text({
    placeholder: '<name>',
    doc: 'Log in under this name; the password is SLABRING_PASSWORD, or is asked for.',
  }),
  tls: flag({ doc: 'Speak TLS.' }),
  tlsCa: text({
    placeholder: '<file>',
    doc: 'Certificates to trust, in place of those that Node.js trusts.',
  }),
  deadlineMs: integer({
    long: 'deadline',
    default: 1000,
    min: 1,
    max: 3_600_000,
    doc: 'How long an operation may take, in milliseconds.',
  }),
  json: flag({ doc: 'Print the answer as JSON.' }),
};
export type CacheOptions = ValuesOf<typeof cacheFlags>;

/** What options owe each other. */
export function gutterRule({ failover, gutter }: CacheOptions): string | undefined {
  if (failover === 'gutter' && gutter.length === 0) {
    return '--failover=gutter needs nodes that stand in: name them with --gutter.';
  }
  if (failover !== 'gutter' && gutter.length > 0) {
    return `--gutter is used with --failover=gutter alone, and --failover is ${failover}.`;
  }
  return undefined;
}

/**
 * The sources without those that lose: what the command line says of the nodes, by a list or by a discovery,
 * wins over both variables. Of the variables SLABRING_DISCOVERY wins.
 * @throws {CodedError} `ERR_USAGE` when the command line says both.
 */
export function withOneList(sources: Sources): Sources {
  const { given = {}, env = {} } = sources;
  if (given['nodes'] === undefined) return sources;
  if (given['discovery'] === undefined) {
    return { ...sources, env: { ...env, SLABRING_DISCOVERY: undefined } };
  }
  const wrong = '--nodes and --discovery both say where the cache is: leave one of them out.';
  throw new CodedError('ERR_USAGE', wrong);
}

/** The options of a client; what makes them gives each client a discovery of its own. */
export async function clientOptionsOf(
  options: CacheOptions,
  host: Host,
): Promise<() => ClientOptions> {
  const { deadlineMs, distribution, replicas, user } = options;
  const login = user === '' ? undefined : { username: user, password: await password(host) };
  const tls = tlsOf(options);
  return () => ({
    nodes: options.discovery === '' ? nodeSpecsOf(options.nodes) : discoveryOf(options, login, tls),
    deadlineMs,
    distribution,
    replicas,
    failover: failoverOf(options),
    ...(login === undefined ? {} : { login }),
    ...(tls === undefined ? {} : { tls }),
  });
}

function failoverOf({ failover, gutter, gutterTtl }: CacheOptions): Failover {
  return failover === 'gutter' ? { gutter: nodeSpecsOf(gutter), ttlSeconds: gutterTtl } : failover;
}

function discoveryOf(
  { discovery, deadlineMs: asked }: CacheOptions,
  login: Login | undefined,
  tls: Tls | undefined,
): Discovery {
  const [, , endpoints, , address, port, , service] = DISCOVERY.exec(discovery)!;
  const deadlineMs = Math.min(asked, DISCOVERY_DEADLINE_MS_MAX);
  if (service !== undefined) return dnsNames({ name: service, record: 'srv', deadlineMs });
  if (address !== undefined) {
    const at = port === undefined ? {} : { port: Number(port) };
    return dnsNames({ name: address, ...at, deadlineMs });
  }
  return elastiCache({
    endpoints: nodeSpecsOf(endpoints!.split(',')),
    deadlineMs,
    ...(login && { login: { user: login.username, password: login.password } }),
    ...(tls && { tls }),
  });
}

async function password(host: Host): Promise<string> {
  const given = host.env['SLABRING_PASSWORD'] ?? (await host.askSecret('Password: '));
  if (given !== undefined) return given;
  throw new CodedError('ERR_USAGE', '--user needs a password: set SLABRING_PASSWORD.');
}

interface Tls {
  readonly ca?: Buffer;
}

function tlsOf({ tls, tlsCa }: CacheOptions): Tls | undefined {
  if (tlsCa === '') return tls ? {} : undefined;
  try {
    return { ca: readFileSync(tlsCa) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError('ERR_USAGE', `--tls-ca cannot be read: ${why}.`, { cause });
  }
}

/** A node's weight stands behind it: `10.0.0.1:11211@2`. */
function nodeSpecsOf(texts: readonly string[]): readonly NodeSpec[] {
  return texts.map((spec) => {
    const [, place = spec, weight] = /^(.+)@(\d+(?:\.\d+)?)$/.exec(spec) ?? [];
    if (weight === undefined) return spec;
    if (place.startsWith('/')) return { path: place, weight: Number(weight) };
    const [, v6, host, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(place) ?? [];
    const at = port === undefined ? {} : { port: Number(port) };
    return { host: v6 ?? host ?? place, ...at, weight: Number(weight) };
  });
}
