import { lookup, resolveSrv } from 'node:dns/promises';
import { CacheError } from '../errors.ts';
import { badOption } from '../options.ts';
import { readNodes } from '../topology.ts';
import { type Discovery, type KnownNode, NODES_MAX } from './discovery.ts';
import { DnsServers } from './dns-servers.ts';
import { type PaceOptions, refuseUnknown, resolvePace } from './pace.ts';
import { type Found, PollingDiscovery } from './polling.ts';
import type { Resolver, ServiceRecord } from './resolver.ts';

const INTERVAL_MS = 30_000;
const PORT_DEFAULT = 11_211;

export interface DnsOptions extends PaceOptions {
  /**
   * The name: of a service in docker-compose, a headless service in Kubernetes, or of SRV records.
   */
  readonly name: string;
  /**
   * `address`: each address (A, AAAA) is a node, at `port`; a node that comes back under another address
   * is another node, and takes other keys. `srv`: each target is a node, at its port, by its name; keys
   * stay when addresses change. Of SRV records only those of the lowest priority count.
   * @default 'address'
   */
  readonly record?: 'address' | 'srv';
  /**
   * Port of the nodes, when they are addresses. 1 … 65535.
   * @default 11211
   */
  readonly port?: number;
  /**
   * 4 or 6 for addresses of that kind alone.
   * @default 0, both
   */
  readonly family?: 0 | 4 | 6;
  /**
   * Whether the weights of SRV records are the nodes' weights (0 counts as 1).
   * @default false
   */
  readonly weights?: boolean;
  /**
   * DNS servers to ask for the name, such as Consul's: 1 … 8 of `ip`, `ip:port` or `[ip]:port`. The hosts
   * file and search domains are left out. The targets of SRV records are looked up at each connect, by the
   * client's own `lookup`.
   * @default the machine's resolver for addresses (its hosts file and search domains included), and
   * its DNS servers for SRV
   */
  readonly servers?: readonly string[];
  /** What names are looked up with instead of `servers`. */
  readonly resolver?: Resolver;
}

const machineResolver: Resolver = { lookup, resolveSrv };

/**
 * The nodes that a name stands for, looked up at intervals. An empty answer is no answer: a fleet that is
 * gone from the name service for a moment is not a fleet without nodes.
 * @throws {CacheError} ERR_ARGUMENT when an option is out of its range.
 */
export function dnsNames(options: DnsOptions): Discovery {
  const { name, record = 'address', port = PORT_DEFAULT, family = 0 } = options;
  const { weights = false } = options;
  checkOptions(options);
  const pace = resolvePace(options, INTERVAL_MS);
  const resolver = resolverOf(options, pace.deadlineMs);
  const look = async (signal: AbortSignal): Promise<Found> => {
    signal.addEventListener('abort', () => resolver.cancel?.(), { once: true });
    const found =
      record === 'srv'
        ? nodesOfRecords(await resolver.resolveSrv(name), weights)
        : await lookUp(resolver, name, port, family);
    return { nodes: checked(found, name) };
  };
  return new PollingDiscovery(look, pace);
}

function resolverOf({ servers, resolver }: DnsOptions, deadlineMs: number): Resolver {
  if (servers === undefined) return resolver ?? machineResolver;
  if (resolver === undefined) return new DnsServers(servers, deadlineMs);
  throw badOption('There are servers or a resolver, not both.');
}

function checkOptions(options: DnsOptions): void {
  refuseUnknown(options, ['name', 'record', 'port', 'family', 'weights', 'servers', 'resolver']);
  const { name, record = 'address', port, family = 0 } = options;
  if (record !== 'address' && record !== 'srv') throw badOption('record is "address" or "srv".');
  if (![0, 4, 6].includes(family)) throw badOption('family is 4, 6 or 0 for both.');
  readNodes([{ host: name, port: port ?? PORT_DEFAULT }]);
}

async function lookUp(
  resolver: Resolver,
  name: string,
  port: number,
  family: 0 | 4 | 6,
): Promise<readonly KnownNode[]> {
  const found = await resolver.lookup(name, { all: true, family, order: 'verbatim' });
  const addresses = new Set(found.map(({ address }) => address));
  return [...addresses].sort().flatMap((host) => readNodes([{ host, port }]));
}

/**
 * RFC 2782: the lowest priority is the one to use, and a target of "." means that there is none.
 */
export function nodesOfRecords(
  records: readonly ServiceRecord[],
  weights: boolean,
): readonly KnownNode[] {
  const first = Math.min(...records.map(({ priority }) => priority));
  const nodes = records
    .filter(({ priority, name }) => priority === first && name !== '' && name !== '.')
    .map(({ name, port, weight }) => {
      const host = name.replace(/\.$/, '').toLowerCase();
      return readNodes([{ host, port, weight: weights ? Math.max(1, weight) : 1 }])[0]!;
    });
  const distinct = new Map(nodes.map((node) => [node.name, node]));
  return [...distinct.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function checked(nodes: readonly KnownNode[], name: string): readonly KnownNode[] {
  if (nodes.length > 0 && nodes.length <= NODES_MAX) return nodes;
  const detail = `${name} stands for ${nodes.length} nodes, not 1 to ${NODES_MAX}.`;
  throw new CacheError('ERR_DISCOVERY', { detail });
}
