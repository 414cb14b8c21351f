/** The nodes of `slabring cluster` and their membership, while they run. */
import { CodedError, machineClock, type ProcessLog } from '../../base/index.ts';
import {
  LocalCluster,
  LocalMembership,
  type NodeEvent,
  NodeStartError,
  type RunEntry,
} from '../../cluster/index.ts';
import { answers, type ClusterTopology } from '../../topology/index.ts';
import type { ClusterOptions } from '../options/cluster-options.ts';
import type { ClusterRow } from '../terminal/cluster-page.ts';
import { logEvent } from '../terminal/cluster-start.ts';
import { firstNames, freeName, NodePlans, type PlannedNode } from './cluster-plan.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Host } from './host.ts';

interface RunContext {
  readonly options: ClusterOptions;
  readonly state: ClusterState | undefined;
  readonly entry: RunEntry | undefined;
  readonly host: Host;
  readonly log: ProcessLog;
}

type AdminPorts = Readonly<Record<string, number>>;

/** A running cluster, with the plans of its nodes and of those that it may get. */
export class ClusterRun {
  readonly cluster: LocalCluster;
  readonly #options: ClusterOptions;
  readonly #plans: NodePlans;

  constructor(cluster: LocalCluster, options: ClusterOptions, plans: NodePlans) {
    this.cluster = cluster;
    this.#options = options;
    this.#plans = plans;
  }

  /**
   * Resolves once all nodes listen.
   * @throws {CodedError} if one does not; then none runs.
   */
  static async start(program: readonly string[], context: RunContext): Promise<ClusterRun> {
    const { options, state, log } = context;
    const kept = state?.adminPorts ?? {};
    try {
      return await startWith(program, context, kept);
    } catch (error) {
      const isKept = options.adminPort === 0 && Object.keys(kept).length > 0;
      const isTaken = error instanceof CodedError && error.code === 'ERR_ADMIN_PORT';
      if (!isKept || !isTaken) throw error;
      // Another program may have taken an admin port while the cluster was stopped.
      log.warn({}, `${error.message} The nodes take other admin ports.`);
      return await startWith(program, context, {});
    }
  }

  /** A node that the cluster does not have; the first such one is 0. */
  newPlan(nth: number): PlannedNode {
    const { nodes, membership } = this.cluster;
    const names = nodes.map(({ name }) => name);
    // A proxy may have the port of a node that does not exist yet.
    const members = membership.keeper?.topology.members ?? [];
    const addresses = new Set(members.map(({ address }) => address));
    let skipped = 0;
    for (let at = 0; ; at++) {
      const plan = this.#plans.plan(freeName(names, at));
      if (addresses.has(plan.address)) skipped++;
      else if (at - skipped === nth) return plan;
    }
  }

  rows(): readonly ClusterRow[] {
    const { memoryLimitBytes, threads } = this.#options;
    return this.cluster.running.map(({ name, pid, adminUrl }) => {
      const { host, port } = this.#plans.placeOf(name);
      return { name, host, port, pid, memoryLimitBytes, threads, adminUrl };
    });
  }
}

async function startWith(
  program: readonly string[],
  context: RunContext,
  adminPorts: AdminPorts,
): Promise<ClusterRun> {
  const { options, state, entry, host, log } = context;
  const names = state?.names ?? firstNames(options.nodes);
  const seconds = Math.floor(machineClock.nowMs() / 1000);
  const versionMin = Math.max(options.clusterVersion || seconds, (state?.clusterVersion ?? -1) + 1);
  const published = () => publishedBy(membership) ?? { version: versionMin, addresses };
  const plans = new NodePlans(program, options, { folder: entry?.folder, adminPorts, published });
  const addresses = names.map((name) => plans.placeOf(name).address);
  let cluster: LocalCluster | undefined;
  const save = (topology: ClusterTopology): void => {
    const ports = cluster === undefined ? adminPorts : adminPortsOf(cluster);
    keep(context, { topology, expected: membership.expected, adminPorts: ports });
  };
  const membership = new LocalMembership({
    cluster: options.name,
    replicas: options.replicas,
    replication: options.replication,
    publishes: options.clusterNodes.length === 0,
    kept: state?.topology,
    expected: state?.expected ?? [],
    versionMin,
    save,
    onChange: ({ topology: { version }, reason }) =>
      log.announce({ version }, `topology ${version}: ${reason}`),
  });
  cluster = await startNodes(
    names.map((name) => plans.plan(name)),
    membership,
    plans,
    { host, log },
  );
  if (membership.keeper !== undefined) save(membership.keeper.topology);
  return new ClusterRun(cluster, options, plans);
}

/** The nodes that answer, as a node publishes them before it follows the topology. */
function publishedBy({ keeper }: LocalMembership) {
  if (keeper === undefined) return undefined;
  const { version, members } = keeper.topology;
  const addresses = members.filter(answers).map(({ address }) => address);
  return addresses.length === 0 ? undefined : { version, addresses };
}

/** A disk that is full stops no failover: the version is in the next file, or it is the time. */
function keep(
  { options, state, log }: RunContext,
  facts: Parameters<ClusterState['write']>[1],
): void {
  try {
    state?.write(options, facts);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    log.error({}, error.message);
  }
}

function adminPortsOf({ running }: LocalCluster): AdminPorts {
  const pairs = running.flatMap(({ name, adminUrl }) =>
    adminUrl === undefined ? [] : [[name, Number(new URL(adminUrl).port)] as const],
  );
  return Object.fromEntries(pairs);
}

async function startNodes(
  nodes: readonly PlannedNode[],
  membership: LocalMembership,
  plans: NodePlans,
  { host, log }: Pick<RunContext, 'host' | 'log'>,
): Promise<LocalCluster> {
  const onEvent = (event: NodeEvent) => logEvent(event, plans.placeOf(event.name).port, log);
  const env = withoutOptionVariables(host.env);
  try {
    return await LocalCluster.start({ plans: nodes, env, onEvent, membership });
  } catch (error) {
    throw error instanceof NodeStartError ? explainStartError(error, nodes) : error;
  }
}

/** The message of a node advises the options of `serve`; the user needs those of `cluster`. */
function explainStartError(error: NodeStartError, nodes: readonly PlannedNode[]): CodedError {
  const node = nodes.find(({ name }) => name === error.node);
  if (error.code === 'ERR_ADDRESS_UNAVAILABLE') {
    const message = error.message.replace('-l (--listen)', '--host');
    return new CodedError(error.code, message, { cause: error });
  }
  if (error.code !== 'ERR_PORT_TAKEN' || node === undefined) return error;
  const taken = `${node.name} cannot listen: port ${node.port} of ${node.host} is in use.`;
  const advice = 'Stop the program that uses it, or choose other ports with --port';
  const example = `such as: slabring cluster --port ${alternativePort(node.port)}`;
  return new CodedError(error.code, `${taken} ${advice}, ${example}`, { cause: error });
}

function alternativePort(port: number): number {
  return port < 50_000 ? port + 10_000 : port - 10_000;
}

/** The nodes take their options from their command lines only. */
function withoutOptionVariables(env: Host['env']): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SLABRING_')));
}
