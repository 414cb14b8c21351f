import {
  answers,
  type ClusterTopology,
  formatAddress,
  MEMBERS_MAX,
  type NodeAddress,
  readNodes,
} from '../../topology/index.ts';
import type { ClientRuntime } from '../connection/runtime.ts';
import type { EndpointAccess } from './config-endpoint.ts';
import { ConfigQueries } from './config-queries.ts';
import { TimeLimitError, withTimeLimit } from './time-limit.ts';

/** What one node says when it is asked for the topology of its cluster. */
export type MemberAnswer =
  /** `addresses`: how the client knows the node, and where it is. */
  | { readonly topology: ClusterTopology; readonly addresses: readonly string[] }
  /** It is in no cluster of slabring. */
  | 'none'
  /** It does not answer. */
  | 'silent';

interface SearchOptions extends EndpointAccess {
  readonly deadlineMs: number;
  readonly runtime: ClientRuntime;
  readonly signal: AbortSignal;
}

/**
 * Whether the nodes of a list are members of one cluster of slabring, so that a client of the list
 * may follow the cluster. It asks each of them, and each member that they name, once.
 */
export async function areMembers(
  listed: readonly NodeAddress[],
  options: SearchOptions,
): Promise<boolean> {
  if (listed.length > MEMBERS_MAX) return false;
  const ask = (node: NodeAddress) => askMember(node, options);
  const own = await Promise.all(listed.map(ask));
  if (!mayFollow(own, [])) return false;
  const names = new Set(listed.map(({ name }) => name));
  const others = newestOf(own)!.members.filter((one) => answers(one) && !names.has(one.address));
  const addresses = others.map(({ address }) => readNodes([address])[0]!);
  return mayFollow(own, await Promise.all(addresses.map(ask)));
}

/**
 * A client follows a cluster if that is safe: each node of its list that answers is a member of the
 * same cluster, at an address by which the cluster knows it (so it is behind no proxy and no
 * translation of addresses), and each other member answers the client at its address.
 * @param others the members that serve and are not in the list by the names of the cluster
 */
export function mayFollow(
  listed: readonly MemberAnswer[],
  others: readonly MemberAnswer[],
): boolean {
  const newest = newestOf(listed);
  if (newest === undefined) return false;
  // A proxy was chosen as the one endpoint: its clients stay there.
  const holders = newest.members.filter(({ weight }) => weight > 0);
  const known = new Set(holders.map(({ address }) => address));
  const isMember = (answer: MemberAnswer): boolean =>
    typeof answer !== 'string' && answer.topology.cluster === newest.cluster;
  const isKnown = (answer: MemberAnswer): boolean =>
    typeof answer !== 'string' && answer.addresses.some((address) => known.has(address));
  const answered = listed.filter((answer) => answer !== 'silent');
  return answered.every(isMember) && answered.every(isKnown) && others.every(isMember);
}

function newestOf(answers: readonly MemberAnswer[]): ClusterTopology | undefined {
  const topologies = answers.flatMap((answer) =>
    typeof answer === 'string' ? [] : [answer.topology],
  );
  return topologies.sort((a, b) => b.version - a.version)[0];
}

/** An error of the network, or the time limit; what a node replies is no such error. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TimeLimitError || (error instanceof Error && 'syscall' in error);
}

async function askMember(
  node: NodeAddress,
  { deadlineMs, runtime, signal, ...access }: SearchOptions,
): Promise<MemberAnswer> {
  const queries = new ConfigQueries(node, access, runtime);
  try {
    const topology = await withTimeLimit(runtime, deadlineMs, signal, (limited) =>
      queries.clusterTopology(limited),
    );
    if (topology === undefined) return 'none';
    const { remote } = queries;
    const { host, port } = remote ?? {};
    const place = host === undefined || port === undefined ? [] : [formatAddress({ host, port })];
    return { topology, addresses: [node.name, ...place] };
  } catch (error) {
    return isUnreachable(error) ? 'silent' : 'none';
  } finally {
    queries.close();
  }
}
