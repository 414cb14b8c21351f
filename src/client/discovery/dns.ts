import { lookup, resolveSrv } from 'node:dns/promises';
import { type KnownNode, NODES_MAX } from '../../topology/index.ts';
import { CacheError } from '../errors.ts';
import { nodesOf } from '../nodes.ts';
import { argumentError } from '../options.ts';
import type { Discovery } from './discovery.ts';
import { DnsServers } from './dns-servers.ts';
import { PollingDiscovery, type PollResult } from './polling.ts';
import {
  type PollingOptions,
  rejectUnknownOptions,
  resolvePollingOptions,
} from './polling-options.ts';
import type { Resolver, ServiceRecord } from './resolver.ts';

const INTERVAL_MS = 30_000;
const PORT_DEFAULT = 11_211;

export interface DnsOptions extends PollingOptions {
  /**
   * A name with SRV or address records, such as a docker-compose service or a headless service in
   * Kubernetes.
   */
  readonly name: string;
  /**
   * `address`: each address (A, AAAA) is a node at `port`. A node that returns at another address
   * is a different node and owns different keys. `srv`: each target of the SRV records with the
   * lowest priority is a node, identified by target name and port; it keeps its keys when its
   * address changes.
   * @default 'address'
   */
  readonly record?: 'address' | 'srv';
  /**
   * Port of the nodes for `record: 'address'`. 1 … 65535.
   * @default 11211
   */
  readonly port?: number;
  /**
   * Address family: 4, 6, or 0 for both.
   * @default 0
   */
  readonly family?: 0 | 4 | 6;
  /**
   * Whether to use the weights of the SRV records as node weights (0 counts as 1).
   * @default false
   */
  readonly weights?: boolean;
  /**
   * DNS servers to query for the name, such as Consul's: 1 … 8 of `ip`, `ip:port` or `[ip]:port`.
   * The discovery then ignores the hosts file and search domains. The client's `lookup` resolves
   * the targets of SRV records at each connect.
   * @default the system resolver for addresses (with hosts file and search domains), the system's
   *     DNS servers for SRV
   */
  readonly servers?: readonly string[];
  /** A resolver to use instead of `servers`. */
  readonly resolver?: Resolver;
}

const systemResolver: Resolver = { lookup, resolveSrv };

/**
 * Discovers nodes by DNS: it resolves the name at intervals. An empty result counts as an error,
 * because a name may be missing for a moment while its nodes run.
 * @throws {CacheError} ERR_ARGUMENT for an invalid option.
 */
export function dnsNames(options: DnsOptions): Discovery {
  const { name, record = 'address', port = PORT_DEFAULT, family = 0 } = options;
  const { weights = false } = options;
  checkOptions(options);
  const polling = resolvePollingOptions(options, INTERVAL_MS);
  const resolver = resolverOf(options, polling.deadlineMs);
  const poll = async (signal: AbortSignal): Promise<PollResult> => {
    signal.addEventListener('abort', () => resolver.cancel?.(), { once: true });
    const nodes =
      record === 'srv'
        ? nodesOfSrvRecords(await resolver.resolveSrv(name), weights)
        : await lookUpAddresses(resolver, name, port, family);
    return { nodes: requireNodeCount(nodes, name) };
  };
  return new PollingDiscovery(poll, polling);
}

function resolverOf({ servers, resolver }: DnsOptions, deadlineMs: number): Resolver {
  if (servers === undefined) return resolver ?? systemResolver;
  if (resolver === undefined) return new DnsServers(servers, deadlineMs);
  throw argumentError('Set servers or resolver, not both.');
}

function checkOptions(options: DnsOptions): void {
  rejectUnknownOptions(options, [
    'name',
    'record',
    'port',
    'family',
    'weights',
    'servers',
    'resolver',
  ]);
  const { name, record = 'address', port, family = 0 } = options;
  if (record !== 'address' && record !== 'srv')
    throw argumentError('record must be "address" or "srv".');
  if (![0, 4, 6].includes(family)) throw argumentError('family must be 4, 6 or 0 (both).');
  nodesOf([{ host: name, port: port ?? PORT_DEFAULT }]);
}

async function lookUpAddresses(
  resolver: Resolver,
  name: string,
  port: number,
  family: 0 | 4 | 6,
): Promise<readonly KnownNode[]> {
  const found = await resolver.lookup(name, { all: true, family, order: 'verbatim' });
  const addresses = new Set(found.map(({ address }) => address));
  return [...addresses].sort().flatMap((host) => nodesOf([{ host, port }]));
}

/** RFC 2782: clients use the lowest priority; the target "." means that there is no service. */
export function nodesOfSrvRecords(
  records: readonly ServiceRecord[],
  weights: boolean,
): readonly KnownNode[] {
  const lowest = Math.min(...records.map(({ priority }) => priority));
  const nodes = records
    .filter(({ priority, name }) => priority === lowest && name !== '' && name !== '.')
    .map(({ name, port, weight }) => {
      const host = name.replace(/\.$/, '').toLowerCase();
      return nodesOf([{ host, port, weight: weights ? Math.max(1, weight) : 1 }])[0]!;
    });
  const distinct = new Map(nodes.map((node) => [node.name, node]));
  return [...distinct.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function requireNodeCount(nodes: readonly KnownNode[], name: string): readonly KnownNode[] {
  if (nodes.length > 0 && nodes.length <= NODES_MAX) return nodes;
  const detail = `${name} resolves to ${nodes.length} nodes, not 1 to ${NODES_MAX}.`;
  throw new CacheError('ERR_DISCOVERY', { detail });
}
