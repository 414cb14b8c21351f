import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, machineClock } from '../base/index.ts';
import type { ChangeCause, MemberReport } from './node/main-cluster.ts';
import type { ItemsEvent, NodeFacts } from './node-messages.ts';
import { describeEnd, NodeProcess, type ProcessEnd } from './node-process.ts';
import type { ProcessWatcher } from './process-watcher.ts';
import { consecutiveDeaths, restartDelayMs } from './restart-policy.ts';

/** What somebody gave a node since its start, other than its plan. */
export interface GivenOptions {
  /** `-m`; undefined for that of its options. */
  readonly memoryLimitBytes: number | undefined;
  /** Its options without `-m` and addresses; undefined for those of its plan. */
  readonly options?: readonly string[] | undefined;
}

/** What a later process of a node takes over from the one before it. */
export interface Inherited extends GivenOptions {
  /** The port of its admin port; undefined if it had none, or may have another one. */
  readonly adminPort: number | undefined;
}

/** The plan of one node. */
export interface NodePlan {
  readonly name: string;
  /** `host:port`, as clients know it. */
  readonly address: string;
  /** The command that runs the node in the foreground, with the messages of `NodeProcess`. */
  readonly command: (inherited: Inherited) => readonly string[];
  /** The port that its admin port had in an earlier cluster. */
  readonly adminPort?: number | undefined;
}

export interface RunningNode {
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
  | { readonly kind: 'restarting'; readonly name: string; readonly keepsItems: boolean }
  | { readonly kind: 'line'; readonly name: string; readonly line: string };

/** The end of a process that served and that nobody had stopped: its items are lost. */
export interface NodeCrash {
  /** Such as `signal SIGKILL`. */
  readonly end: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

export interface SupervisedNodeOptions {
  readonly watcher: ProcessWatcher;
  /** The environment of the nodes. */
  readonly env: NodeJS.ProcessEnv;
  readonly onEvent: (event: NodeEvent) => void;
}

/** A restart that somebody ordered. */
interface RestartOrder {
  readonly onItems: (event: ItemsEvent) => void;
  readonly onStarting: () => void;
  readonly resolve: (pid: number | undefined) => void;
  readonly reject: (error: CodedError) => void;
  readonly keepsItems: boolean;
  isStarting: boolean;
}

/**
 * Runs one node until `stop`: it starts the process and restarts it, after a delay, when it dies.
 */
export class SupervisedNode {
  readonly name: string;
  /** `host:port`, as clients know it. */
  readonly address: string;
  /** Resolves once the first process listens. */
  readonly started: Promise<void>;
  readonly #plan: NodePlan;
  readonly #env: NodeJS.ProcessEnv;
  readonly #onEvent: (event: NodeEvent) => void;
  readonly #watcher: ProcessWatcher;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<ProcessEnd | undefined>;
  #current: NodeProcess | undefined;
  #inherited: Inherited;
  #order: RestartOrder | undefined;
  #lastCrash: NodeCrash | undefined;

  constructor(
    plan: NodePlan,
    { env, onEvent, watcher }: SupervisedNodeOptions,
    { memoryLimitBytes, options }: GivenOptions = { memoryLimitBytes: undefined },
  ) {
    this.name = plan.name;
    this.address = plan.address;
    this.#watcher = watcher;
    this.#plan = plan;
    this.#env = env;
    this.#onEvent = onEvent;
    this.#inherited = { adminPort: plan.adminPort, memoryLimitBytes, options };
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

  /** Those that a change gave it; undefined for those of its plan. */
  get options(): readonly string[] | undefined {
    return this.#inherited.options;
  }

  /** Another object after each crash; undefined if it never crashed. */
  get lastCrash(): NodeCrash | undefined {
    return this.#lastCrash;
  }

  /** Whether it serves, and nobody restarts or stops it. */
  get isUp(): boolean {
    const isIdle = this.#order === undefined && !this.#stopping.signal.aborted;
    return isIdle && this.#current?.isListening === true;
  }

  /** What the node has; undefined if it does not reply. */
  async facts(): Promise<NodeFacts | undefined> {
    return this.#current?.facts();
  }

  /** Hands a topology to the process of the node, if one serves. */
  publish(text: string, cause: ChangeCause): void {
    if (this.#current?.isListening !== true) return;
    this.#current.send({ type: 'topology', text, ...cause });
  }

  /**
   * Stops the node and starts it again; resolves with the process id once it serves.
   * @throws {CodedError} `ERR_NODE_DIED`, `ERR_START_TIMEOUT` or the code of the node if its new
   *   process does not start; the supervisor goes on trying. `ERR_STOPPING` if the cluster stops.
   */
  restart(
    handlers: Pick<RestartOrder, 'onItems' | 'onStarting'>,
    { memoryLimitBytes, options = this.options }: GivenOptions,
    keepsItems = true,
  ): Promise<number | undefined> {
    this.#inherited = { ...this.#inherited, memoryLimitBytes, options };
    return new Promise((resolve, reject) => {
      this.#order = { ...handlers, resolve, reject, keepsItems, isStarting: false };
      this.#onEvent({ kind: 'restarting', name: this.name, keepsItems });
      void this.#current?.stop(keepsItems ? 'keep' : 'discard');
    });
  }

  /**
   * Drains the node; resolves with a text about its end unless it exited with code 0.
   * @param items what becomes of its items; `default`: what its options say.
   */
  async stop(items: 'default' | 'discard' = 'default'): Promise<string | undefined> {
    this.#stopping.abort();
    await this.#current?.stop(items);
    const end = await this.#ended;
    const stopped = new CodedError('ERR_STOPPING', 'the cluster stops');
    this.#settle((order) => order.reject(stopped));
    return end === undefined || end.code === 0 ? undefined : `${this.name}: ${describeEnd(end)}`;
  }

  kill(): void {
    this.#stopping.abort();
    this.#current?.kill();
  }

  /** Kills the process of a node that does not reply any more; another one starts. */
  killProcess(): void {
    this.#current?.kill();
  }

  #spawn(): NodeProcess {
    const onLine = (line: string) => this.#onEvent({ kind: 'line', name: this.name, line });
    const onItems = (event: ItemsEvent) => this.#order?.onItems(event);
    const command = this.#plan.command(this.#inherited);
    const onReport = (report: MemberReport) => this.#watcher.reported(this.name, report);
    const join = this.#watcher.starting(this.name);
    const run = new NodeProcess({ command, env: this.#env, onLine, onItems, join, onReport });
    this.#current = run;
    const onListening = () => {
      this.#inherited = { ...this.#inherited, adminPort: portOf(run.adminUrl) };
      this.#watcher.listening(this.name, run);
    };
    run.listening.then(onListening, () => {});
    void run.exited.then(() => run.isListening && this.#tellEnd());
    return run;
  }

  /** After the order to stop for good nobody needs to know. */
  #tellEnd(): void {
    if (this.#stopping.signal.aborted) return;
    this.#watcher.ended(this.name, this.#order?.keepsItems === true);
  }

  /** Resolves with the end of the last process, or with `undefined` if none ran at the stop. */
  async #supervise(first: NodeProcess): Promise<ProcessEnd | undefined> {
    let run = first;
    let deaths = 0;
    for (;;) {
      const startedAtMs = machineClock.nowMs();
      const end = await run.ended;
      if (this.#stopping.signal.aborted || !(await this.#hasStarted())) return end;
      if (!run.isListening) this.#tellEnd();
      if (this.#order?.isStarting === false) {
        this.#order.isStarting = true;
        this.#order.onStarting();
        deaths = 0;
      } else {
        if (run.isListening) {
          this.#lastCrash = { end: describeEnd(end), atMs: machineClock.nowMs() };
        }
        deaths = consecutiveDeaths(deaths, machineClock.nowMs() - startedAtMs);
        if (!(await this.#waitAfterDeath(end, restartDelayMs(deaths)))) return undefined;
      }
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
        this.#settle(({ resolve }) => resolve(pid));
        this.#onEvent({ kind: 'listening', name: this.name, pid, adminUrl });
      },
      (error: CodedError) => {
        if (!this.#triesOtherPort(error)) this.#settle(({ reject }) => reject(error));
        this.#onEvent({ kind: 'restart-failed', name: this.name, reason: error.message });
      },
    );
    return run;
  }

  /** Another program took the admin port while no node had it: the next process gets a free one. */
  #triesOtherPort({ code }: CodedError): boolean {
    if (code !== 'ERR_ADMIN_PORT' || this.#inherited.adminPort === undefined) return false;
    this.#inherited = { ...this.#inherited, adminPort: undefined };
    return true;
  }

  /** Ends the order of a restart, if there is one. */
  #settle(end: (order: RestartOrder) => void): void {
    const order = this.#order;
    this.#order = undefined;
    if (order !== undefined) end(order);
  }
}

/** A node failed to start. The code and the message are those that the node reported, if any. */
export class NodeStartError extends CodedError {
  readonly node: string;
  constructor(node: string, cause: CodedError) {
    super(cause.code, `${node} did not start: ${cause.message}`, { cause });
    this.node = node;
  }
}

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port) || undefined;
}
