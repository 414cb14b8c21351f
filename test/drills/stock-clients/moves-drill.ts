import { socketIn } from '../../../src/cluster/index.ts';
import { changeNodes, type Move } from '../../support/cluster-change.ts';
import { ClusterLoad, type LoadCounts } from '../../support/cluster-load.ts';
import { consecutivePorts } from '../../support/ports.ts';
import { Random } from '../../support/random.ts';
import { SupervisedCluster } from '../../support/supervised-cluster.ts';
import type { TestFolder } from '../../support/test-folder.ts';
import { waitUntil } from '../../support/wait.ts';
import { exchangeOnce } from '../../support/wire.ts';
import type { Seen, StockLoad } from './stock-load.ts';

const NODES = 3;
/** Nodes that join take the next ports. */
const PORTS = 6;
const MEGABYTES = 64;
/** Of each connection of the checker, between two operations. */
const REST_MS = 5;
/** The replies that the checker gets before the first change, and after the last one. */
const REPLIES_AT_REST = 1000;

/** What all clients together have seen. */
export interface Found {
  readonly checker: LoadCounts;
  readonly clients: readonly Seen[];
}

interface Parts {
  readonly replicas: number;
  readonly seed: number;
  /** Of the checker. */
  readonly keys: number;
}

/** A cluster whose nodes change under stock clients, with a checker beside them. */
export class MovesDrill {
  /** The addresses of the first three nodes. */
  readonly servers: readonly string[];
  /** What the drill measures, in sentences. */
  readonly notes: string[] = [];
  readonly #cluster: SupervisedCluster;
  readonly #folder: TestFolder;
  readonly #checkers: { readonly ports: readonly number[]; readonly parts: Parts };
  #checker: ClusterLoad | undefined;
  #loads: readonly StockLoad[] = [];

  private constructor(cluster: SupervisedCluster, folder: TestFolder, parts: Parts) {
    this.#cluster = cluster;
    this.#folder = folder;
    this.servers = cluster.addresses;
    this.#checkers = { ports: cluster.rows.map(({ port }) => port), parts };
  }

  static async start(folder: TestFolder, parts: Parts): Promise<MovesDrill> {
    const { pathTo, cleanups } = folder;
    const where = ['--port', `${await consecutivePorts(PORTS)}`, '--state', pathTo('state')];
    const size = ['--nodes', `${NODES}`, '--replicas', `${parts.replicas}`, '-m', `${MEGABYTES}`];
    const cluster = await SupervisedCluster.start(pathTo('tmp'), ...where, ...size);
    cleanups.push(() => cluster.owned.stop());
    return new MovesDrill(cluster, folder, parts);
  }

  /** Starts a proxy of the cluster; returns the path of its socket. */
  async proxy(): Promise<string> {
    const { pathTo, cleanups } = this.#folder;
    const path = pathTo('proxy');
    const args = ['--state', pathTo('state'), '-s', path, '-a', '600', '-t', '1'];
    const proxy = this.#cluster.command('proxy', ...args);
    cleanups.push(() => proxy.stop());
    const answers = (): Promise<boolean> =>
      exchangeOnce({ path }, 'get none\r\n').then(
        (reply) => reply === 'END\r\n',
        () => false,
      );
    await proxy.failOnExit(waitUntil('the proxy answers', answers, 60_000));
    return path;
  }

  /** Fills the cluster, and starts all clients; the checker asks the nodes of these numbers. */
  async work(loads: readonly StockLoad[], asked: readonly number[]): Promise<void> {
    const { ports, parts } = this.#checkers;
    const random = new Random(parts.seed);
    const askedPorts = asked.map((node) => ports[node]!);
    this.#checker = new ClusterLoad(askedPorts, parts.keys, random, { restMs: REST_MS });
    this.#loads = loads;
    const checker = this.#checker;
    this.#folder.cleanups.push(() => Promise.all([checker, ...loads].map((load) => load.end())));
    await Promise.all([this.#checker.fill(), ...loads.map((load) => load.fill())]);
    this.#checker.start();
    await this.#rest('before');
  }

  /** Changes nodes while the clients work. */
  async change(...[wanted]: Tail<typeof changeNodes>): Promise<void> {
    const phase = `${wanted.action} ${wanted.node ?? ''}`.trim();
    for (const load of this.#loads) load.begin(phase);
    // A node that restarts ends the connections of its clients.
    if (wanted.action === 'restart') this.#checker!.disturb(phase);
    const changing = changeNodes(socketIn(this.#folder.pathTo('state')), wanted);
    const moves = await changing.catch((error: Error) => {
      throw new Error(`${phase}: ${error.message}\n${this.#cluster.owned.stderr}`);
    });
    this.#checker!.rest();
    for (const move of moves) this.notes.push(`${phase}: ${textOf(move)}`);
  }

  /** Ends all clients; each has read all its keys. */
  async stop(): Promise<Found> {
    await this.#rest('after');
    await Promise.all(this.#loads.map((load) => load.stop()));
    const checker = await this.#checker!.stop();
    for (const load of this.#loads) this.notes.push(`${load.title}: ${load.summary}`);
    this.notes.push(`checker: ${checker.reads} reads, ${checker.writes} writes`);
    return { checker, clients: this.#loads.flatMap(({ seen }) => [...seen.values()]) };
  }

  async #rest(phase: string): Promise<void> {
    for (const load of this.#loads) load.begin(phase);
    await this.#checker!.replies(REPLIES_AT_REST);
  }
}

type Tail<F extends (socket: string, ...args: never[]) => unknown> =
  Parameters<F> extends [string, ...infer Rest] ? Rest : never;

const textOf = ({ node, keys, seconds, totalSeconds }: Move): string =>
  `${node}, ${keys} keys in ${seconds.toFixed(1)} s (${Math.round(keys / seconds)}/s), ` +
  `${totalSeconds.toFixed(1)} s in all`;
