/** The cluster of the benchmark, on one core, and its changes. */
import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { registeredSockets } from '../../src/cluster/control/run-entry.ts';
import { order } from '../../src/cluster/index.ts';
import { portsFor, SupervisedCluster } from '../../test/support/supervised-cluster.ts';
import { SERVER_CORE } from '../macro/cores.ts';

const NODES = 3;

/** What a change has moved, and how long its items were on the way. */
export interface Move {
  readonly keys: number;
  readonly bytes: number;
  readonly seconds: number;
}

interface Change {
  readonly action: 'add' | 'remove';
  readonly node: string | undefined;
}

export async function startOnOneCore(
  folder: string,
  megabytes: number,
): Promise<SupervisedCluster> {
  const ports = await portsFor(NODES);
  const cluster = await SupervisedCluster.start(folder, '-m', `${megabytes}`, ...ports);
  // A node that starts later has the core of the supervisor.
  for (const pid of [cluster.owned.child.pid!, ...cluster.rows.map((row) => row.pid)]) {
    execFileSync('taskset', ['-a', '-c', '-p', `${SERVER_CORE}`, `${pid}`]);
  }
  return cluster;
}

/** Changes the cluster in this process, so that no command takes time of a core. */
export async function change(folder: string, { action, node }: Change): Promise<Move> {
  const root = join(folder, `slabring-clusters-${userInfo().uid}`);
  const [socket = ''] = registeredSockets(root);
  const request = { action, node, dryRun: false, memoryLimitBytes: undefined };
  let sinceMs = 0;
  let seconds = 0;
  for await (const reply of order(socket, { verb: 'change', ...request })) {
    const isMoving = reply.event === 'step' && /items/.test(reply.step);
    if (isMoving && sinceMs === 0) sinceMs = performance.now();
    const isOver = reply.event === 'step' && reply.step === 'stops';
    if ((isOver || reply.event === 'changed') && seconds === 0) {
      seconds = (performance.now() - sinceMs) / 1000;
    }
    if (reply.event === 'changed') {
      return { keys: reply.keysMoved, bytes: reply.bytesMoved, seconds };
    }
    if (reply.event === 'refused' || reply.event === 'change-failed') {
      throw new Error(reply.reason);
    }
  }
  throw new Error('the supervisor ended during the change');
}
