import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CodedError,
  flag,
  ineffectiveOptions,
  integer,
  machineClock,
  type ProcessLog,
  type Rule,
  text,
  toArguments,
  type ValuesOf,
} from '../../base/index.ts';
import {
  LocalCluster,
  type NodeEvent,
  type NodePlan,
  NodeStartError,
} from '../../cluster/index.ts';
import { serverFlags, serverRules } from '../../node/index.ts';
import {
  formatAddress,
  isEveryInterface,
  parseAddress,
  TopologyError,
} from '../../topology/index.ts';
import { adminFlags, adminPort, adminRules } from '../options/admin-options.ts';
import { logFlags } from '../options/log-options.ts';
import { EXIT, signalExitCode } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { runWithLog } from '../process/log.ts';
import { listenForStop, type StopRequest } from '../process/stop-request.ts';
import type { ClusterRow } from '../terminal/cluster-page.ts';
import { logEvent, showStart } from '../terminal/cluster-start.ts';
import { openToEverybody } from '../terminal/serve-page.ts';
import { defineVerb } from '../verb.ts';

const { port, unixSocket: _s, unixMask: _a, listen: _l, ...ownFlags } = serverFlags;
const nodeFlags = { ...ownFlags, ...adminFlags };

const clusterFlags = {
  nodes: integer({
    short: 'N',
    env: 'SLABRING_NODE_COUNT',
    default: 3,
    min: 1,
    max: 64,
    doc: 'Number of nodes to run.',
  }),
  port: integer({
    short: 'p',
    default: port.default,
    min: 1,
    max: 65_535,
    doc: 'TCP port of the first node; the other nodes use the ports after it.',
  }),
  host: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc: 'Name or address that all nodes listen on; 0.0.0.0 or :: for every interface.',
  }),
  advertise: text({
    placeholder: '<host>',
    doc: 'Name or address by which clients reach the nodes; default: --host.',
  }),
  adminPort: adminPort(
    'Port for metrics, health and actions of the first node over HTTP; the other nodes use the ' +
      'ports after it. With 0 each node takes a free port.',
    0,
  ),
  ...nodeFlags,
  ...logFlags,
  json: flag({ doc: 'Print the table of nodes as JSON.' }),
};

type ClusterOptions = ValuesOf<typeof clusterFlags>;

const clusterRules: readonly Rule<typeof clusterFlags>[] = [
  ...serverRules.map(
    (rule): Rule<typeof clusterFlags> =>
      (values) =>
        rule(asServerOptions(values)),
  ),
  ...adminRules,
  adminPortsRule,
  ({ port: first, nodes }) =>
    first + nodes - 1 > 65_535
      ? `-p (--port) is ${first}: there are not enough ports after it for ${nodes} nodes; lower it.`
      : undefined,
  (options) => {
    const name = advertisedHost(options);
    return isEveryInterface(name) && options.clusterNodes.length === 0
      ? `No client can connect to ${name}: add --advertise <host>, the name or the address by` +
          ' which clients reach this machine.'
      : undefined;
  },
];

/** The ports of all nodes and all admin ports must differ. */
function adminPortsRule(values: ValuesOf<typeof clusterFlags>): string | undefined {
  const { adminPort: admin, port: first, nodes } = values;
  if (admin <= 0) return undefined;
  const range = `--admin-port is ${admin}: the ${nodes} ports from there on`;
  if (admin + nodes - 1 > 65_535) return `${range} do not exist; lower it.`;
  return admin < first + nodes && first < admin + nodes
    ? `${range} overlap with those of the nodes, from ${first} on; choose another one.`
    : undefined;
}

/** `slabring cluster`: several nodes on this machine, in the foreground. */
export const clusterVerb = defineVerb({
  name: 'cluster',
  summary: 'run several nodes on this machine in the foreground (default: three)',
  description:
    'Runs several nodes on this machine in the foreground, each in its own process. ' +
    'It restarts a node that dies. Ctrl-C drains and stops all nodes.',
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
  ],
  run: (options, host) => runWithLog(options, host, (log) => runCluster(options, host, log)),
});

async function runCluster(options: ClusterOptions, host: Host, log: ProcessLog): Promise<number> {
  for (const line of ineffectiveOptions(clusterFlags, options)) log.warn({}, line);
  const open = openToEverybody({ ...asServerOptions(options), listen: [options.host] });
  if (open !== undefined) log.warn({}, open);
  const stop = listenForStop(host);
  try {
    const nodes = plannedNodes(options);
    const cluster = await start(nodes, host, log);
    showStart(rowsOf(cluster, nodes, options), options, host, log);
    host.supervisor?.send({ type: 'listening', addresses: nodes });
    return await waitForStop(cluster, stop, log);
  } finally {
    stop.dispose();
  }
}

/** A node before it runs, with the address by which clients will reach it. */
interface PlannedNode extends NodePlan {
  readonly host: string;
  readonly port: number;
}

const MAIN = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));

/** The host that an option names, an IPv6 address without brackets. */
function hostOf(option: string, text: string): string {
  const address = parseAddress(text);
  if ('host' in address && address.port === undefined) return address.host;
  throw new TopologyError(`${option} is ${text}; it must be a host: --port sets the ports.`);
}

/** The host by which clients reach the nodes. */
function advertisedHost({ host, advertise }: Pick<ClusterOptions, 'host' | 'advertise'>): string {
  return advertise === '' ? hostOf('--host', host) : hostOf('--advertise', advertise);
}

function plannedNodes(options: ClusterOptions): readonly PlannedNode[] {
  const listen = hostOf('--host', options.host);
  const host = advertisedHost(options);
  const members = Array.from({ length: options.nodes }, (_, at) => {
    return { host, port: options.port + at };
  });
  const shared = [...toArguments(nodeFlags, options), ...topologyArguments(members, options)];
  return members.map((member, at) => {
    const own = [`--listen=${listen}`, `--port=${member.port}`, adminArgument(options, at)];
    const command = [process.execPath, MAIN, 'serve', ...own, ...shared, '--log-format=json'];
    return { name: `node-${at + 1}`, command, ...member };
  });
}

/** The admin port of the node at this place of the table. */
function adminArgument({ adminPort: first }: ClusterOptions, at: number): string {
  const value = first > 0 ? first + at : first;
  return `--admin-port=${clusterFlags.adminPort.format(value)}`;
}

/**
 * The options by which each node publishes the topology of the cluster. A restarted node gets the
 * same version as before.
 */
function topologyArguments(
  members: readonly Pick<PlannedNode, 'host' | 'port'>[],
  { clusterNodes, clusterVersion }: ClusterOptions,
): string[] {
  if (clusterNodes.length > 0) return [];
  const names = members.map((member) => formatAddress(member));
  const version = clusterVersion === 0 ? Math.floor(machineClock.nowMs() / 1000) : clusterVersion;
  return [`--cluster-nodes=${names.join(',')}`, `--cluster-version=${version}`];
}

function rowsOf(
  cluster: LocalCluster,
  nodes: readonly PlannedNode[],
  { memoryLimitBytes, threads }: ClusterOptions,
): ClusterRow[] {
  const running = new Map(cluster.nodes.map((node) => [node.name, node]));
  return nodes.map(({ name, host, port }) => {
    const { pid, adminUrl } = running.get(name) ?? {};
    return { name, host, port, pid, memoryLimitBytes, threads, adminUrl };
  });
}

async function start(
  nodes: readonly PlannedNode[],
  host: Host,
  log: ProcessLog,
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

function asServerOptions(values: ClusterOptions): Parameters<(typeof serverRules)[number]>[0] {
  return { ...values, unixSocket: '', unixMask: serverFlags.unixMask.default, listen: [] };
}
