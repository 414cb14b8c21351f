import { ClusterLoad, COUNTERS, type LoadOptions } from './cluster-load.ts';
import { membersOf, untilMembers, untilWhole } from './cluster-members.ts';
import { consecutivePorts } from './ports.ts';
import type { Random } from './random.ts';
import { SupervisedCluster } from './supervised-cluster.ts';
import type { TestFolder } from './test-folder.ts';

const NODES = 3;
const COPIES = 2;
/** Of the clients, while nothing disturbs the cluster. */
const REPLIES_AT_REST = 300;

export interface DisturbedOptions extends LoadOptions {
  readonly keys: number;
  readonly args: readonly string[];
}

/** Three nodes with two copies of each key, in a state folder, under load from a test. */
export class DisturbedCluster {
  readonly cluster: SupervisedCluster;
  readonly load: ClusterLoad;
  readonly state: string;
  readonly #items: number;

  private constructor(cluster: SupervisedCluster, load: ClusterLoad, state: string, items: number) {
    this.cluster = cluster;
    this.load = load;
    this.state = state;
    this.#items = items;
  }

  static async start(
    { pathTo, cleanups }: TestFolder,
    random: Random,
    { keys, args, ...options }: DisturbedOptions,
  ): Promise<DisturbedCluster> {
    const port = await consecutivePorts(NODES);
    const state = pathTo('state');
    const where = ['--port', `${port}`, '--nodes', `${NODES}`, '--state', state];
    const all = [...where, '--replicas', `${COPIES}`, ...args];
    const cluster = await SupervisedCluster.start(pathTo('tmp'), ...all);
    cleanups.push(() => cluster.owned.stop());
    const ports = cluster.rows.map((row) => row.port);
    const load = new ClusterLoad(ports, keys, random, options);
    await load.fill();
    load.start();
    return new DisturbedCluster(cluster, load, state, COPIES * (keys + COUNTERS));
  }

  members() {
    return membersOf(this.state);
  }

  until(what: string, isSo: Parameters<typeof untilMembers>[2]) {
    return untilMembers(this.state, what, isSo);
  }

  /**
   * Waits until all nodes serve and hold all copies, and lets clients work at rest.
   * @returns for how many milliseconds clients saw errors.
   */
  async whole(): Promise<number> {
    await untilWhole(this.state, this.#items);
    const errorMs = this.load.rest();
    await this.load.replies(REPLIES_AT_REST);
    return errorMs;
  }
}

/** Sends a signal to a process, if it still runs. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
