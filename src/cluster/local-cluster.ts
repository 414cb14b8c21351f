import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, machineClock } from '../base/index.ts';
import { endText, NodeProcess, type ProcessEnd } from './node-process.ts';
import { deathsInARow, restartDelayMs } from './restart-policy.ts';

/** One node, before it runs. */
export interface NodePlan {
  readonly name: string;
  /** The command that runs it in the foreground; what it has to say by IPC stands at `NodeProcess`. */
  readonly command: readonly string[];
}

export interface RunningNode {
  readonly name: string;
  /** `undefined` between a death and the restart. */
  readonly pid: number | undefined;
}

/** What happened to a node after the start. */
export type NodeEvent =
  | { readonly kind: 'died'; readonly name: string; readonly how: string; readonly delayMs: number }
  | { readonly kind: 'listening'; readonly name: string; readonly pid: number | undefined }
  | { readonly kind: 'restart-failed'; readonly name: string; readonly why: string }
  | { readonly kind: 'line'; readonly name: string; readonly line: string };

export interface LocalClusterOptions {
  readonly plans: readonly NodePlan[];
  /** The environment of the nodes. */
  readonly env: NodeJS.ProcessEnv;
  readonly onEvent: (event: NodeEvent) => void;
}

/** A node did not come to listen; the code and the message are the node's own where it had some. */
export class NodeStartError extends CodedError {
  readonly node: string;
  constructor(node: string, cause: CodedError) {
    super(cause.code, `${node} did not start: ${cause.message}`, { cause });
    this.node = node;
  }
}

/** Several nodes on this machine, each a process of its own that is started again when it dies. */
export class LocalCluster {
  readonly #nodes: readonly SupervisedNode[];

  private constructor(nodes: readonly SupervisedNode[]) {
    this.#nodes = nodes;
  }

  /**
   * Settles when every node listens.
   * @throws {NodeStartError} for the first node that does not; the others have ended by then.
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
    return this.#nodes.map(({ name, pid }) => ({ name, pid }));
  }

  /** Drains every node; resolves with those that did not end well. */
  async stop(): Promise<readonly string[]> {
    const ends = await Promise.all(this.#nodes.map((node) => node.stop()));
    return ends.filter((unclean) => unclean !== undefined);
  }

  /** Ends every node at once; nothing is drained. */
  kill(): void {
    for (const node of this.#nodes) node.kill();
  }
}

/** Runs one plan until it is told to stop: start, watch, wait, start again. */
class SupervisedNode {
  readonly name: string;
  /** Settles when the first run listens. */
  readonly started: Promise<void>;
  readonly #plan: NodePlan;
  readonly #env: NodeJS.ProcessEnv;
  readonly #onEvent: (event: NodeEvent) => void;
  readonly #stopping = new AbortController();
  readonly #over: Promise<ProcessEnd | undefined>;
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
    this.#over = this.#supervise(first);
  }

  get pid(): number | undefined {
    return this.#current?.pid;
  }

  /** Says how it ended when that was not by draining. */
  async stop(): Promise<string | undefined> {
    this.#stopping.abort();
    await this.#current?.stop();
    const end = await this.#over;
    return end === undefined || end.code === 0 ? undefined : `${this.name}: ${endText(end)}`;
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

  /** Resolves with how the last run ended, or `undefined` when there was none to stop. */
  async #supervise(first: NodeProcess): Promise<ProcessEnd | undefined> {
    let run = first;
    let deaths = 0;
    for (;;) {
      const startedAtMs = machineClock.nowMs();
      const end = await run.ended;
      if (this.#stopping.signal.aborted || !(await this.#hasStarted())) return end;
      deaths = deathsInARow(deaths, machineClock.nowMs() - startedAtMs);
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
    this.#onEvent({ kind: 'died', name: this.name, how: endText(end), delayMs });
    const { signal } = this.#stopping;
    return pause(delayMs, true, { signal }).catch(() => false);
  }

  #restart(): NodeProcess {
    const run = this.#spawn();
    run.listening.then(
      () => this.#onEvent({ kind: 'listening', name: this.name, pid: run.pid }),
      (error: CodedError) =>
        this.#onEvent({ kind: 'restart-failed', name: this.name, why: error.message }),
    );
    return run;
  }
}
