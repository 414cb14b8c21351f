import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError, ineffectiveOptions, machineClock, type ProcessLog } from '../../base/index.ts';
import {
  ControlServer,
  LocalCluster,
  type NodeEvent,
  NodeStartError,
  type RunEntry,
} from '../../cluster/index.ts';
import { formatAddress } from '../../topology/index.ts';
import {
  asServerOptions,
  type ClusterOptions,
  clusterFlags,
  clusterRules,
  nodeFlags,
} from '../options/cluster-options.ts';
import { type PlannedNode, plannedNodes } from '../process/cluster-plan.ts';
import { ClusterState, withKeptPlacement } from '../process/cluster-state.ts';
import { EXIT, signalExitCode } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { runWithLog } from '../process/log.ts';
import { listenForStop, type StopRequest } from '../process/stop-request.ts';
import { openRunEntry, UNREACHABLE, waitForOrphans } from '../process/supervisor-folder.ts';
import type { ClusterRow } from '../terminal/cluster-page.ts';
import { logEvent, showStart } from '../terminal/cluster-start.ts';
import { openToEverybody } from '../terminal/serve-page.ts';
import { defineVerb, type Verb } from '../verb.ts';

const verb = defineVerb({
  name: 'cluster',
  summary: 'run several nodes on this machine in the foreground (default: three)',
  description:
    'Runs several nodes on this machine in the foreground, each in its own process. ' +
    'It restarts a node that dies. Ctrl-C drains and stops all nodes. With --state the next ' +
    'start has the same nodes with their items.',
  flags: clusterFlags,
  shared: { title: 'Options of each node', flags: nodeFlags },
  rules: clusterRules,
  hasLog: true,
  examples: [
    { command: 'slabring cluster', effect: 'three nodes on 127.0.0.1, ports 11211 to 11213' },
    {
      command: 'slabring cluster --nodes 5 --port 21211',
      effect: 'five nodes, ports 21211 to 21215',
    },
    { command: 'slabring cluster -m 1024 -t 2', effect: 'each node with 1 GB and 2 threads' },
    {
      command: 'slabring cluster --state /var/lib/slabring',
      effect: 'a cluster that keeps its items while it is stopped',
    },
  ],
  run: (options, host) => runWithLog(options, host, (log) => runCluster(options, host, log)),
});

/** `slabring cluster`: several nodes on this machine, in the foreground. */
export const clusterVerb: Verb = {
  ...verb,
  run: async (sources, host) => verb.run(withKeptPlacement(sources), host),
};

async function runCluster(options: ClusterOptions, host: Host, log: ProcessLog): Promise<number> {
  for (const line of ineffectiveOptions(clusterFlags, options)) log.warn({}, line);
  const open = openToEverybody({ ...asServerOptions(options), listen: [options.host] });
  if (open !== undefined) log.warn({}, open);
  const stop = listenForStop(host);
  let entry: RunEntry | undefined;
  try {
    const state = options.state === '' ? undefined : new ClusterState(options.state);
    state?.checkPlacement(options);
    entry = await openRunEntry(state?.folder, log);
    if (state !== undefined) await waitForOrphans(state.folder, stop, log);
    return await superviseUntilStop({ options, state, entry, stop, host, log });
  } finally {
    stop.dispose();
    entry?.remove();
  }
}

interface Supervision {
  readonly options: ClusterOptions;
  readonly state: ClusterState | undefined;
  readonly entry: RunEntry | undefined;
  readonly stop: StopRequest;
  readonly host: Host;
  readonly log: ProcessLog;
}

async function superviseUntilStop(supervision: Supervision): Promise<number> {
  const { options, state, entry, stop, host, log } = supervision;
  const clusterVersion =
    options.clusterVersion || state?.clusterVersion || Math.floor(machineClock.nowMs() / 1000);
  const kept = { folder: entry?.folder, clusterVersion, adminPorts: state?.adminPorts ?? {} };
  const { cluster, nodes } = await startWithKeptPorts(options, kept, { host, log });
  const control = await openControl(cluster, nodes, entry, log);
  try {
    const rows = rowsOf(cluster, nodes, options);
    state?.write(options, { clusterVersion, adminPorts: adminPortsOf(rows) });
    showStart(rows, options, host, log);
    const addresses = nodes.map(({ host: name, port }) => ({ host: name, port }));
    host.supervisor?.send({ type: 'listening', addresses });
    return await waitForStop(cluster, stop, log);
  } finally {
    control?.close();
  }
}

const PROGRAM = [
  process.execPath,
  fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url)),
];

/** Another program may have taken an admin port while the cluster was stopped. */
async function startWithKeptPorts(
  options: ClusterOptions,
  kept: Parameters<typeof plannedNodes>[2],
  process: Pick<Supervision, 'host' | 'log'>,
) {
  const nodes = plannedNodes(PROGRAM, options, kept);
  try {
    return { nodes, cluster: await start(nodes, process) };
  } catch (error) {
    const isKept = options.adminPort === 0 && Object.keys(kept.adminPorts).length > 0;
    const isTaken = error instanceof CodedError && error.code === 'ERR_ADMIN_PORT';
    if (!isKept || !isTaken) throw error;
    process.log.warn({}, `${error.message} The nodes take other admin ports.`);
    const others = plannedNodes(PROGRAM, options, { ...kept, adminPorts: {} });
    return { nodes: others, cluster: await start(others, process) };
  }
}

/** Without its socket the cluster serves, and cannot be restarted node by node. */
async function openControl(
  cluster: LocalCluster,
  nodes: readonly PlannedNode[],
  entry: RunEntry | undefined,
  log: ProcessLog,
): Promise<ControlServer | undefined> {
  if (entry === undefined) return undefined;
  const { socketPath, folder } = entry;
  try {
    const addresses = nodes.map((node) => formatAddress(node));
    return await ControlServer.open(socketPath, { cluster, folder, addresses });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    log.warn({}, `${error.message} ${UNREACHABLE}`);
    return undefined;
  }
}

function adminPortsOf(rows: readonly ClusterRow[]): Readonly<Record<string, number>> {
  const pairs = rows.flatMap(({ name, adminUrl }) =>
    adminUrl === undefined ? [] : [[name, Number(new URL(adminUrl).port)] as const],
  );
  return Object.fromEntries(pairs);
}

function rowsOf(
  cluster: LocalCluster,
  nodes: readonly PlannedNode[],
  { memoryLimitBytes, threads }: ClusterOptions,
): ClusterRow[] {
  const running = new Map(cluster.running.map((node) => [node.name, node]));
  return nodes.map(({ name, host, port }) => {
    const { pid, adminUrl } = running.get(name) ?? {};
    return { name, host, port, pid, memoryLimitBytes, threads, adminUrl };
  });
}

async function start(
  nodes: readonly PlannedNode[],
  { host, log }: Pick<Supervision, 'host' | 'log'>,
): Promise<LocalCluster> {
  const ports = new Map(nodes.map(({ name, port }) => [name, port]));
  const onEvent = (event: NodeEvent) => logEvent(event, ports.get(event.name)!, log);
  try {
    return await LocalCluster.start({
      plans: nodes,
      env: withoutOptionVariables(host.env),
      onEvent,
    });
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

async function waitForStop(
  cluster: LocalCluster,
  stop: StopRequest,
  log: ProcessLog,
): Promise<number> {
  const reason = await stop.requested;
  log.announce({ reason }, 'stopping all nodes');
  const drained = cluster.stop().then((unclean) => {
    for (const end of unclean) log.error({}, `${end} (it did not drain)`);
    return unclean.length === 0 ? EXIT.ok : EXIT.failed;
  });
  const killed = stop.forced.then((signal) => {
    cluster.kill();
    return signalExitCode(signal);
  });
  return Promise.race([drained, killed]);
}
