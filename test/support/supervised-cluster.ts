import { mkdirSync } from 'node:fs';
import { startVerb } from './node-process.ts';
import { freePort } from './ports.ts';
import type { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

interface NodeRow {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly adminUrl: string;
}

/** `slabring cluster` and the commands that find it: they share a folder for temporary files. */
export class SupervisedCluster {
  readonly owned: OwnedProcess;
  /** The nodes as they were at the start. */
  rows: readonly NodeRow[] = [];
  readonly #folder: string;

  private constructor(folder: string, args: readonly string[]) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const options = ['-t', '1', '--json', ...args];
    this.owned = startVerb(['cluster', ...options], { env: { TMPDIR: folder } });
  }

  /** Starts the process; `up` resolves once all nodes serve. */
  static spawn(folder: string, ...args: readonly string[]): SupervisedCluster {
    return new SupervisedCluster(folder, args);
  }

  static async start(folder: string, ...args: readonly string[]): Promise<SupervisedCluster> {
    const cluster = SupervisedCluster.spawn(folder, ...args);
    try {
      await cluster.up();
    } catch (error) {
      await cluster.owned.stop();
      throw error;
    }
    return cluster;
  }

  async up(): Promise<void> {
    const { owned } = this;
    await owned.failOnExit(
      waitUntil('all nodes serve', () => owned.stdout.includes('\n'), 120_000),
    );
    this.rows = (JSON.parse(owned.stdout) as { nodes: readonly NodeRow[] }).nodes;
  }

  get addresses(): readonly string[] {
    return this.rows.map(({ port }) => `127.0.0.1:${port}`);
  }

  /** Starts a command that finds this cluster without an address. */
  command(...args: readonly string[]): OwnedProcess {
    return startVerb(args, { env: { TMPDIR: this.#folder } });
  }

  /** Runs such a command to its end. */
  run(...args: readonly string[]) {
    return this.command(...args).result();
  }

  /** Stops the cluster as Ctrl-C does; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return (await this.owned.stop()).code;
  }
}

/** Ports for the nodes of a cluster, as its options. */
export async function portsFor(nodes: number): Promise<readonly string[]> {
  return ['--port', `${await freePort()}`, '--nodes', `${nodes}`];
}
