import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CodedError,
  flag,
  integer,
  machineClock,
  type Rule,
  text,
  toArguments,
  type ValuesOf,
} from '../base/index.ts';
import { LocalCluster, type NodeEvent, type NodePlan, NodeStartError } from '../cluster/index.ts';
import { serverFlags, serverRules } from '../server/index.ts';
import { asJson, asPage, type ClusterRow, eventText } from './cluster-page.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { Host } from './host.ts';
import { listenForStop, type StopRequest } from './stop-request.ts';
import { defineVerb } from './verb.ts';

const { port, unixSocket: _s, unixMask: _a, listen: _l, ...nodeFlags } = serverFlags;

const clusterFlags = {
  nodes: integer({ short: 'N', default: 3, min: 1, max: 64, doc: 'How many nodes to run.' }),
  port: integer({
    short: 'p',
    default: port.default,
    min: 1,
    max: 65_535,
    doc: 'TCP port of the first node; the others take the ports after it.',
  }),
  host: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc: 'Address that all nodes listen on.',
  }),
  ...nodeFlags,
  json: flag({ doc: 'Print what runs where as JSON.' }),
};

type ClusterOptions = ValuesOf<typeof clusterFlags>;

const clusterRules: readonly Rule<typeof clusterFlags>[] = [
  ...serverRules.map(
    (rule): Rule<typeof clusterFlags> =>
      (values) =>
        rule(asServer(values)),
  ),
  ({ port: first, nodes }) =>
    first + nodes - 1 > 65_535
      ? `-p (--port) is ${first}, which leaves no ports for ${nodes} nodes; lower it.`
      : undefined,
];

/** `slabring cluster`: several nodes on this machine, in the foreground. */
export const clusterVerb = defineVerb({
  name: 'cluster',
  summary: 'run several nodes on this machine in the foreground (three unless told)',
  about:
    'Runs several nodes on this machine in the foreground, each a process of its own.\n' +
    'A node that dies is started again. Ctrl-C drains and stops them all.',
  flags: clusterFlags,
  rules: clusterRules,
  examples: [
    { command: 'slabring cluster', does: 'three nodes on 127.0.0.1, ports 11211 to 11213' },
    { command: 'slabring cluster --nodes 5 --port 21211', does: 'five, on ports 21211 to 21215' },
    { command: 'slabring cluster -m 1024 -t 2', does: 'each with 1 GB and 2 threads' },
  ],
  async run(options, host) {
    const stop = listenForStop(host);
    try {
      const places = placesOf(options);
      const cluster = await start(places, host);
      const rows = rowsOf(cluster, places, options);
      host.out(options.json ? asJson(rows) : asPage(rows));
      host.supervisor?.tell({ type: 'listening', addresses: places });
      return await untilStopped(cluster, stop, host);
    } finally {
      stop.dispose();
    }
  },
});

/** A node with the address it gets. */
interface Place extends NodePlan {
  readonly host: string;
  readonly port: number;
}

const MAIN = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));

function placesOf(options: ClusterOptions): readonly Place[] {
  const shared = [...toArguments(nodeFlags, options), ...published(options)];
  return Array.from({ length: options.nodes }, (_, index) => {
    const own = [`--listen=${options.host}`, `--port=${options.port + index}`];
    const command = [process.execPath, MAIN, 'serve', ...own, ...shared];
    return { name: `node-${index + 1}`, command, host: options.host, port: options.port + index };
  });
}

/** Each node tells its clients of all of them; those that start again, the same as before. */
function published({ nodes, host, port, clusterNodes, clusterVersion }: ClusterOptions): string[] {
  if (clusterNodes.length > 0) return [];
  const members = Array.from({ length: nodes }, (_, index) => `${host}|${host}|${port + index}`);
  const version = clusterVersion === 0 ? Math.floor(machineClock.nowMs() / 1000) : clusterVersion;
  return [`--cluster-nodes=${members.join(',')}`, `--cluster-version=${version}`];
}

function rowsOf(
  cluster: LocalCluster,
  places: readonly Place[],
  { memoryLimitBytes, threads }: ClusterOptions,
): ClusterRow[] {
  const pids = new Map(cluster.nodes.map(({ name, pid }) => [name, pid]));
  return places.map(({ name, host, port }) => {
    return { name, host, port, pid: pids.get(name), memoryLimitBytes, threads };
  });
}

async function start(places: readonly Place[], host: Host): Promise<LocalCluster> {
  const onEvent = (event: NodeEvent) => host.err(eventText(event));
  try {
    return await LocalCluster.start({ plans: places, env: withoutOptions(host.env), onEvent });
  } catch (error) {
    throw error instanceof NodeStartError ? explain(error, places) : error;
  }
}

/** A node's own advice names the flags of `serve`; here the cluster's are the ones that help. */
function explain(error: NodeStartError, places: readonly Place[]): CodedError {
  const place = places.find(({ name }) => name === error.node);
  if (error.code !== 'ERR_PORT_TAKEN' || place === undefined) return error;
  const taken = `Port ${place.port} of ${place.host}, meant for ${place.name}, is taken.`;
  const advice = 'End the program that uses it, or choose other ports with --port';
  const example = `such as: slabring cluster --port ${otherPort(place.port)}`;
  return new CodedError(error.code, `${taken} ${advice}, ${example}`, { cause: error });
}

function otherPort(port: number): number {
  return port < 50_000 ? port + 10_000 : port - 10_000;
}

/** The nodes get their options by their command lines alone. */
function withoutOptions(env: Host['env']): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SLABRING_')));
}

async function untilStopped(cluster: LocalCluster, stop: StopRequest, host: Host): Promise<number> {
  await stop.first;
  host.err('Stopping all nodes …');
  const drained = cluster.stop().then((unclean) => {
    for (const end of unclean) host.err(`${end} (it did not drain)`);
    return unclean.length === 0 ? EXIT.ok : EXIT.failed;
  });
  const hurried = stop.again.then((signal) => {
    cluster.kill();
    return exitCodeOf(signal);
  });
  return Promise.race([drained, hurried]);
}

function asServer(values: ClusterOptions): Parameters<(typeof serverRules)[number]>[0] {
  return { ...values, unixSocket: '', unixMask: serverFlags.unixMask.default, listen: [] };
}
