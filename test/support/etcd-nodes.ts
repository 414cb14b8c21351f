import { readFileSync } from 'node:fs';
import type { MembersReply } from '../../src/cluster/index.ts';
import { startVerb } from './node-process.ts';
import { freePort } from './ports.ts';
import type { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

interface NodePlace {
  readonly hosts: readonly string[];
  readonly commandPrefix?: readonly string[];
}

const START_MS_MAX = 120_000;

/** Processes of `slabring serve --join etcd://…`, and the commands that change their cluster. */
export class EtcdNodes {
  readonly #url: string;
  readonly #options: readonly string[];
  readonly #ports = new Map<string, number>();
  readonly #processes = new Map<string, OwnedProcess>();

  /** @param endpoints `host:port` of the members of etcd */
  constructor(endpoints: readonly string[], ...options: readonly string[]) {
    this.#url = `etcd://${endpoints.join()}`;
    this.#options = options;
  }

  /** Starts the process of a node, which keeps its port over restarts. */
  start(name: string, ...options: readonly string[]): Promise<OwnedProcess> {
    return this.startAt({ hosts: ['127.0.0.1'] }, name, ...options);
  }

  /** Starts a node at these addresses; the first one is for the other nodes. */
  async startAt(
    { hosts, commandPrefix = [] }: NodePlace,
    name: string,
    ...options: readonly string[]
  ): Promise<OwnedProcess> {
    const port = this.#ports.get(name) ?? (await freePort());
    this.#ports.set(name, port);
    const listen = ['-l', hosts.join(), '-p', `${port}`, '-m', '16', '-t', '1', '-v'];
    const join = ['--join', this.#url, '--cluster', 'web', '--node-name', name];
    const args = ['serve', ...listen, ...join, ...this.#options, ...options];
    const node = startVerb(args, { commandPrefix });
    this.#processes.set(name, node);
    return node;
  }

  /** Starts nodes; resolves when all of them serve. */
  async startAll(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.start(name);
    await this.serve(...names);
  }

  process(name: string): OwnedProcess {
    return this.#processes.get(name)!;
  }

  port(name: string): number {
    return this.#ports.get(name)!;
  }

  async kill(name: string): Promise<void> {
    const node = this.process(name);
    node.child.kill('SIGKILL');
    await node.exited;
  }

  /** Starts `slabring nodes` with these arguments. */
  verb(...args: readonly string[]): OwnedProcess {
    return startVerb(['nodes', ...args, '--cluster', `${this.#url}/web`]);
  }

  async list(): Promise<MembersReply> {
    const { code, out, err } = await this.verb('list', '--json').result();
    if (code !== 0) throw new Error(err);
    return JSON.parse(out) as MembersReply;
  }

  /** Resolves with the list once these nodes, and no others, are members that serve. */
  serve(...names: readonly string[]): Promise<MembersReply> {
    const wanted = [...names].sort().join();
    return waitUntil(
      `${wanted} serve`,
      async () => {
        const reply = await this.list().catch(() => undefined);
        const serving = reply?.members.filter(({ state }) => state === 'serving') ?? [];
        const found = serving.map(({ name }) => name).sort();
        return reply?.members.length === names.length && found.join() === wanted && reply;
      },
      START_MS_MAX,
    );
  }

  /** Throws the error with what the nodes have logged. */
  readonly explain = (error: Error): never => {
    const logs = [...this.#processes].map(([name, { stderr }]) => `${name}: ${stderr}`);
    throw new Error(`${error.message}\n${logs.join('\n')}`, { cause: error });
  };

  async dispose(): Promise<void> {
    for (const node of this.#processes.values()) {
      node.child.kill('SIGCONT');
      await node.stop();
    }
  }
}

/** The arguments that a process runs with now: one that replaced itself may have others. */
export const argumentsOf = ({ pid }: OwnedProcess): readonly string[] =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
