import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError, ineffectiveOptions, type ProcessLog } from '../../base/index.ts';
import {
  ControlServer,
  type LocalCluster,
  NodeChanges,
  type RunEntry,
} from '../../cluster/index.ts';
import {
  asServerOptions,
  type ClusterOptions,
  clusterFlags,
  clusterRules,
  nodeFlags,
} from '../options/cluster-options.ts';
import { ClusterRun } from '../process/cluster-run.ts';
import { ClusterState, withKeptOptions } from '../process/cluster-state.ts';
import { EXIT, signalExitCode } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { runWithLog } from '../process/log.ts';
import { listenForStop, type StopRequest } from '../process/stop-request.ts';
import { openRunEntry, UNREACHABLE, waitForOrphans } from '../process/supervisor-folder.ts';
import { showStart } from '../terminal/cluster-start.ts';
import { openToEverybody } from '../terminal/serve-page.ts';
import { defineVerb, type Verb } from '../verb.ts';

const verb = defineVerb({
  name: 'cluster',
  summary: 'run several nodes on this machine in the foreground (default: three)',
  description:
    'Runs a cluster of several nodes on this machine in the foreground, each in its own process. ' +
    'It restarts a node that dies, and kills one that is frozen. `slabring nodes` adds, removes, ' +
    'replaces and restarts nodes while the cluster serves. Ctrl-C drains and stops all nodes. ' +
    'With --state the next start has the same nodes with their items.',
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
    {
      command: 'slabring cluster --replicas 2',
      effect: 'each key on two nodes: one may die',
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
  run: async (sources, host) => verb.run(withKeptOptions(sources), host),
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
    state?.discardIncomplete();
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
  const { options, entry, stop, host, log } = supervision;
  const run = await ClusterRun.start(PROGRAM, supervision);
  const { cluster } = run;
  const changes = new NodeChanges({ cluster, newPlan: (nth) => run.newPlan(nth) });
  const control = await openControl(cluster, changes, entry, log);
  try {
    changes.resume((reason) => log.error({}, reason));
    const rows = run.rows();
    showStart(rows, options, host, log);
    const addresses = rows.map(({ host: name, port }) => ({ host: name, port }));
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

/** Without its socket the cluster serves, and nobody can change it. */
async function openControl(
  cluster: LocalCluster,
  changes: NodeChanges,
  entry: RunEntry | undefined,
  log: ProcessLog,
): Promise<ControlServer | undefined> {
  if (entry === undefined) return undefined;
  const { socketPath, folder } = entry;
  try {
    return await ControlServer.open(socketPath, { cluster, changes, folder });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    log.warn({}, `${error.message} ${UNREACHABLE}`);
    return undefined;
  }
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
