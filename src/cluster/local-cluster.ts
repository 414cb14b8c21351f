import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, machineClock } from '../base/index.ts';
import { describeEnd, NodeProcess, type ProcessEnd } from './node-process.ts';
import { consecutiveDeaths, restartDelayMs } from './restart-policy.ts';

/** The plan of one node. */
export interface NodePlan {
  readonly name: string;
  /** The command that runs the node in the foreground, with the IPC messages of `NodeProcess`. */
  readonly command: readonly string[];
}

interface RunningNode {
  readonly name: string;
  /** `undefined` between the death of the process and its restart. */
  readonly pid: number | undefined;
  /** The address of its admin port; undefined if it has none, or does not run. */
  readonly adminUrl: string | undefined;
}

/** An event of a node after the start of the cluster. */
export type NodeEvent =
  | { readonly kind: 'died'; readonly name: string; readonly end: string; readonly delayMs: number }
  | ({ readonly kind: 'listening' } & RunningNode)
  | { readonly kind: 'restart-failed'; readonly name: string; readonly reason: string }
  | { readonly kind: 'line'; readonly name: string; readonly line: string };

interface LocalClusterOptions {
  readonly plans: readonly NodePlan[];
  /** The environment of the nodes. */
  readonly env: NodeJS.ProcessEnv;
  readonly onEvent: (event: NodeEvent) => void;
}

/** A node failed to start. The code and the message are those that the node reported, if any. */
export class NodeStartError extends CodedError {
  readonly node: string;
  constructor(node: string, cause: CodedError) {
    super(cause.code, `${node} did not start: ${cause.message}`, { cause });
    this.node = node;
  }
}

/**
 * Several nodes on this machine, each in its own process. The cluster restarts a node that dies.
 */
export class LocalCluster {
  readonly #nodes: readonly SupervisedNode[];

  private constructor(nodes: readonly SupervisedNode[]) {
    this.#nodes = nodes;
  }

  /**
   * Resolves once every node listens.
   * @throws {NodeStartError} for the first node that fails, after all other nodes have ended.
   */
  static async start({ plans, env, onEvent }: LocalClusterOptions): Promise<LocalCluster> {
    const cluster = new LocalCluster(plans.map((plan) => new SupervisedNode(plan, env, onEvent)));
    try {
      await Promise.all(cluster.#nodes.map((node) => node.started));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get nodes(): readonly RunningNode[] {
    return this.#nodes.map(({ name, pid, adminUrl }) => ({ name, pid, adminUrl }));
  }

  /** Drains every node; resolves with a text for each node that did not exit with code 0. */
  async stop(): Promise<readonly string[]> {
    const ends = await Promise.all(this.#nodes.map((node) => node.stop()));
    return ends.filter((unclean) => unclean !== undefined);
  }

  /** Kills every node without draining it. */
  kill(): void {
    for (const node of this.#nodes) node.kill();
  }
}

/**
 * Runs one node until `stop`: it starts the process and restarts it, after a delay, when it dies.
 */
class SupervisedNode {
  readonly name: string;
  /** Resolves once the first process listens. */
  readonly started: Promise<void>;
  readonly #plan: NodePlan;
  readonly #env: NodeJS.ProcessEnv;
  readonly #onEvent: (event: NodeEvent) => void;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<ProcessEnd | undefined>;
  #current: NodeProcess | undefined;

  constructor(plan: NodePlan, env: NodeJS.ProcessEnv, onEvent: (event: NodeEvent) => void) {
    this.name = plan.name;
    this.#plan = plan;
    this.#env = env;
    this.#onEvent = onEvent;
    const first = this.#spawn();
    this.started = first.listening.catch((error: CodedError) => {
      throw new NodeStartError(plan.name, error);
    });
    this.#ended = this.#supervise(first);
  }

  get pid(): number | undefined {
    return this.#current?.pid;
  }

  get adminUrl(): string | undefined {
    return this.#current?.adminUrl;
  }

  /** Drains the node; resolves with a text about its end unless it exited with code 0. */
  async stop(): Promise<string | undefined> {
    this.#stopping.abort();
    await this.#current?.stop();
    const end = await this.#ended;
    return end === undefined || end.code === 0 ? undefined : `${this.name}: ${describeEnd(end)}`;
  }

  kill(): void {
    this.#stopping.abort();
    this.#current?.kill();
  }

  #spawn(): NodeProcess {
    const onLine = (line: string) => this.#onEvent({ kind: 'line', name: this.name, line });
    this.#current = new NodeProcess({ command: this.#plan.command, env: this.#env, onLine });
    return this.#current;
  }

  /** Resolves with the end of the last process, or with `undefined` if none ran at the stop. */
  async #supervise(first: NodeProcess): Promise<ProcessEnd | undefined> {
    let run = first;
    let deaths = 0;
    for (;;) {
      const startedAtMs = machineClock.nowMs();
      const end = await run.ended;
      if (this.#stopping.signal.aborted || !(await this.#hasStarted())) return end;
      deaths = consecutiveDeaths(deaths, machineClock.nowMs() - startedAtMs);
      if (!(await this.#waitAfterDeath(end, restartDelayMs(deaths)))) return undefined;
      run = this.#restart();
    }
  }

  #hasStarted(): Promise<boolean> {
    return this.started.then(
      () => true,
      () => false,
    );
  }

  async #waitAfterDeath(end: ProcessEnd, delayMs: number): Promise<boolean> {
    this.#current = undefined;
    this.#onEvent({ kind: 'died', name: this.name, end: describeEnd(end), delayMs });
    const { signal } = this.#stopping;
    return pause(delayMs, true, { signal }).catch(() => false);
  }

  #restart(): NodeProcess {
    const run = this.#spawn();
    run.listening.then(
      () => {
        const { pid, adminUrl } = run;
        this.#onEvent({ kind: 'listening', name: this.name, pid, adminUrl });
      },
      (error: CodedError) =>
        this.#onEvent({ kind: 'restart-failed', name: this.name, reason: error.message }),
    );
    return run;
  }
}
