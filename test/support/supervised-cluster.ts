import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

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
    this.owned = new OwnedProcess([process.execPath, MAIN, 'cluster', ...options], {
      env: { TMPDIR: folder },
    });
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
    const env = { TMPDIR: this.#folder };
    return new OwnedProcess([process.execPath, MAIN, ...args], { env });
  }

  /** Runs such a command to its end. */
  async run(...args: readonly string[]) {
    const command = this.command(...args);
    const { code } = await command.exited;
    return { code, out: command.stdout, err: command.stderr };
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
