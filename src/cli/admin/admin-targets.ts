/** Which admin ports a verb uses: those of `--admin`, else those of the user's own nodes. */
import { CodedError, isLoopback, type ValuesOf } from '../../base/index.ts';
import { type AdminRecord, readRecords } from '../../ops/index.ts';
import { PORT_DEFAULT, readNodes } from '../../topology/index.ts';
import type { Host } from '../process/host.ts';
import { AdminClient, readAccess } from './admin-client.ts';
import type { adminClientFlags } from './admin-client-flags.ts';

type Options = ValuesOf<typeof adminClientFlags>;

/** A node that a verb uses. */
interface AdminTarget {
  /** As clients call it; empty if nothing says it. */
  readonly node: string;
  /** Its admin port; undefined for a node whose admin port this user does not run. */
  readonly client: AdminClient | undefined;
}

/**
 * The nodes of the admin ports that the options name; without `--admin`, the nodes of these names,
 * or else those that this user runs on this machine: of the cluster of the default port, or of the
 * only one.
 * @throws {CodedError} `ERR_USAGE` if the options name none, and if it finds not all of them.
 */
export async function adminTargets(
  options: Options,
  names: readonly string[],
  { env }: Pick<Host, 'env'>,
): Promise<readonly AdminTarget[]> {
  const access = await readAccess(options, readRecords(env));
  const { admin } = options;
  const found =
    admin.length > 0
      ? admin.map((url, at) => ({ node: names[at] ?? '', url }))
      : ownNodes(access.records, names);
  return found.map(({ node, url }) => {
    return { node, client: url === undefined ? undefined : new AdminClient(url, access) };
  });
}

interface OwnNode {
  readonly node: string;
  readonly url: string | undefined;
}

/** The nodes of these names, or of the user's one cluster, with the URLs of their admin ports. */
export function ownNodes(
  records: readonly AdminRecord[],
  names: readonly string[],
): readonly OwnNode[] {
  if (names.length > 0) return withUrls(records, names);
  const group = ownCluster(records);
  const [first] = group;
  if (first!.cluster.length === 0) return [{ node: first!.nodes[0]!, url: first!.url }];
  const found = withUrls(group, first!.cluster);
  const lost = found.find(({ url }) => url === undefined);
  if (lost !== undefined) throw notFound(lost.node);
  return found;
}

function withUrls(records: readonly AdminRecord[], names: readonly string[]): OwnNode[] {
  const left = new Set(records);
  return readNodes(names).map(({ name }) => {
    const record = records.find((each) => left.has(each) && listensAs(each, name));
    if (record !== undefined) left.delete(record);
    return { node: name, url: record?.url };
  });
}

/** The records of one cluster; the record of one node without a cluster. */
function ownCluster(records: readonly AdminRecord[]): readonly AdminRecord[] {
  const groups = Map.groupBy(records, ({ cluster, url }) => String(cluster) || url);
  const all = [...groups.values()];
  const ofDefaultPort = all.find((group) =>
    group.some(({ nodes }) => nodes.some((node) => portOf(node) === PORT_DEFAULT)),
  );
  const chosen = ofDefaultPort ?? (all.length === 1 ? all[0] : undefined);
  if (chosen !== undefined) return chosen;
  const running = all.map((group) => group.flatMap(({ nodes }) => nodes).join(','));
  const what =
    running.length === 0
      ? 'This user runs no node with an admin port on this machine.'
      : `Several nodes or clusters of this user run on this machine: ${running.join('; ')}. ` +
        'Choose one with --nodes.';
  throw new CodedError('ERR_USAGE', `${what} ${NAME_THEM}`);
}

const NAME_THEM =
  'Name the admin ports with --admin, such as --admin http://127.0.0.1:11212; a node has one if ' +
  'it runs with --admin-port.';

const notFound = (node: string): CodedError =>
  new CodedError(
    'ERR_USAGE',
    `This user runs no node ${node} with an admin port on this machine. ${NAME_THEM}`,
  );

/** Whether a node of this machine is the one that clients call by this name. */
function listensAs({ nodes, cluster }: AdminRecord, name: string): boolean {
  if (nodes.includes(name)) return true;
  const isNamed = cluster.includes(name) || isLoopback(name.replace(/:\d+$/, ''));
  return isNamed && nodes.some((node) => portOf(node) === portOf(name));
}

const portOf = (node: string): number => Number(/:(\d+)$/.exec(node)?.[1] ?? PORT_DEFAULT);
