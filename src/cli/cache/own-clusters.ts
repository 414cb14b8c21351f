/** What the user of a command line runs on this machine, when the default port has no node. */
import { findSupervisors } from '../../cluster/index.ts';
import { readRecords } from '../../ops/index.ts';
import type { Host } from '../process/host.ts';
import { nodesOption } from '../terminal/next-steps.ts';
import { LOCAL_NODE } from './local-cluster.ts';

/** A longer list would hide the error before it. */
const NAMED_MAX = 4;

/**
 * A sentence that names the clusters and nodes of this user, with the option that selects each;
 * undefined if there is none. No verb uses them without that option: it may write or send a login.
 */
export async function ownClustersText({ env }: Pick<Host, 'env'>): Promise<string | undefined> {
  const supervised = (await findSupervisors()).map(({ nodes }) =>
    nodes.map(({ address }) => address),
  );
  const recorded = readRecords(env).map(({ cluster, nodes }) =>
    cluster.length > 0 ? cluster : nodes.slice(0, 1),
  );
  return clustersText([...supervised, ...recorded]);
}

/** The nodes of each cluster; clusters may be there twice. */
export function clustersText(clusters: readonly (readonly string[])[]): string | undefined {
  const others = clusters.filter((nodes) => nodes.length > 0 && !nodes.includes(LOCAL_NODE));
  const options = [...new Set(others.map(nodesOption))];
  const [first, ...more] = options;
  if (first === undefined) return undefined;
  if (more.length === 0) {
    const nodes = others[0]!;
    const what = nodes.length === 1 ? 'A node' : 'A cluster';
    return `${what} of yours listens on ${nodes[0]}: ${first}.`;
  }
  const named = options.slice(0, NAMED_MAX);
  const rest = options.length > NAMED_MAX ? `; and ${options.length - NAMED_MAX} more` : '';
  return `You run several clusters or nodes here; choose one: ${named.join('; ')}${rest}.`;
}
