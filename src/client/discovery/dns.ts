import { lookup, resolveSrv } from 'node:dns/promises';
import { type KnownNode, NODES_MAX } from '../../topology/index.ts';
import type { Discovery } from '../base/discovery.ts';
import { argumentError, CacheError } from '../base/errors.ts';
import { nodesOf } from '../base/nodes.ts';
import type { Resolver, ServiceRecord } from '../base/resolver.ts';
import { machineRuntime, type Timing } from '../connection/runtime.ts';
import { dnsOptions } from '../option-tables/discovery-options.ts';
import { valuesOf } from '../option-tables/resolve.ts';
import type { DnsOptions } from '../option-types/discovery.ts';
import { DnsServers } from './dns-servers.ts';
import { PollingDiscovery, type PollResult } from './polling.ts';

const systemResolver: Resolver = { lookup, resolveSrv };

/**
 * Discovers nodes by DNS: it resolves the name at intervals. An empty result counts as an error,
 * because a name may be missing for a moment while its nodes run.
 * @param timing internal: what a test simulates.
 * @throws {CacheError} ERR_ARGUMENT for an invalid option.
 */
export function dnsNames(options: DnsOptions, timing: Timing = machineRuntime): Discovery {
  const values = valuesOf(dnsOptions, options);
  const { name, record, port, family, weights } = values;
  nodesOf([{ host: name, port }]);
  const resolver = resolverOf(options, values.deadlineMs);
  const poll = async (signal: AbortSignal): Promise<PollResult> => {
    signal.addEventListener('abort', () => resolver.cancel?.(), { once: true });
    const nodes =
      record === 'srv'
        ? nodesOfSrvRecords(await resolver.resolveSrv(name), weights)
        : await lookUpAddresses(resolver, name, port, family);
    return { nodes: requireNodeCount(nodes, name) };
  };
  return new PollingDiscovery(poll, values, timing);
}

function resolverOf({ servers, resolver }: DnsOptions, deadlineMs: number): Resolver {
  if (servers === undefined) return resolver ?? systemResolver;
  if (resolver === undefined) return new DnsServers(servers, deadlineMs);
  throw argumentError('Set servers or resolver, not both.');
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
