/** The cluster of the benchmark, on one core. */
import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { registeredSockets } from '../../src/cluster/control/run-entry.ts';
import { portsFor, SupervisedCluster } from '../../test/support/supervised-cluster.ts';
import { SERVER_CORE } from '../macro/cores.ts';

const NODES = 3;

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

/** The socket of the cluster whose temporary files are in this folder. */
export function socketOf(folder: string): string {
  return registeredSockets(join(folder, `slabring-clusters-${userInfo().uid}`))[0] ?? '';
}
