import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CodedError, textLines } from '../base/index.ts';
import type { MemberReport } from './node/main-cluster.ts';
import {
  type ItemsEvent,
  type JoinOrder,
  type NodeFacts,
  readNodeMessage,
  type SupervisorMessage,
} from './node-messages.ts';

/** A start fails if the node neither listens nor restores items within this time. */
const START_TIMEOUT_MS = 30_000;
/** The supervisor kills a stopping node that has not drained within this time. */
const STOP_TIMEOUT_MS = 10_000;
/** A node that writes or reads its items may stand still for this time: for its disk. */
const STALL_TIMEOUT_MS = 120_000;
/** A node that serves replies to a question within this time. */
const REPLY_TIMEOUT_MS = 5_000;
/** The last lines of a node's standard error that explain a failed start. */
const LAST_LINES_MAX = 20;

/** The exit code that shells report for a command that they cannot run. */
const COMMAND_NOT_RUN = 127;

/** What becomes of the items at a stop; `default`: what the options of the node say. */
type StopItems = 'keep' | 'discard' | 'default';

/** The end of a process: either an exit code or a signal; the other is null. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface NodeProcessOptions {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /**
   * Called with each line of the node's standard error once the node listens, those before too: of
   * a failed start they are in the error.
   */
  readonly onLine: (line: string) => void;
  /** Called with what the node does to keep its items. */
  readonly onItems: (event: ItemsEvent) => void;
  /** What it gets to join a cluster. */
  readonly join: JoinOrder;
  /** Called with each report of the member. */
  readonly onReport: (report: MemberReport) => void;
}

/**
 * One run of a node's process, with a channel for messages (node-messages.ts). It drains and exits
 * when the channel closes, so it never outlives the supervisor, whatever ends the supervisor.
 */
export class NodeProcess {
  /** Resolves once the node listens; rejects with a `CodedError` if its start fails. */
  readonly listening: Promise<void>;
  /** Resolves as soon as the process has ended. */
  readonly exited: Promise<ProcessEnd>;
  /** Resolves once its last line is known, too. */
  readonly ended: Promise<ProcessEnd>;
  /** As in its topology. */
  readonly incarnation: number;
  readonly #child: ChildProcess;
  readonly #onLine: (line: string) => void;
  readonly #lastLines: string[] = [];
  readonly #onItems: (event: ItemsEvent) => void;
  readonly #facts = new Set<(facts: NodeFacts) => void>();
  #isListening = false;
  #adminUrl: string | undefined;
  #peerPort = 0;
  #hasRestored = false;
  readonly #onReport: (report: MemberReport) => void;
  /** The last event of the items, to see whether the node advances. */
  #lastItems = '';
  /** Ends a start or a stop that takes too long. */
  #patience: NodeJS.Timeout | undefined;
  #onImpatience = (): void => {};

  constructor({ command, env, onLine, onItems, join, onReport }: NodeProcessOptions) {
    const [file = '', ...args] = command;
    this.#onItems = onItems;
    this.#onReport = onReport;
    this.incarnation = join.incarnation;
    this.#child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#onLine = onLine;
    const lines = createInterface({ input: this.#child.stderr! });
    lines.on('line', (line) => (this.#isListening ? onLine(line) : this.#recordLine(line)));
    this.exited = this.#waitForExit();
    this.ended = once(lines, 'close').then(() => this.exited);
    this.listening = this.#waitForListening();
    this.listening.catch(() => {});
    this.send(join);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether the node has begun to serve. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** The port on which it listens for other members, once it listens. */
  get peerPort(): number {
    return this.#peerPort;
  }

  /** Whether it has begun with the items of the process before it. */
  get hasRestored(): boolean {
    return this.#hasRestored;
  }

  /** The address of its admin port, once it listens; undefined if it has none. */
  get adminUrl(): string | undefined {
    return this.#adminUrl;
  }

  /**
   * Drains the node, and kills it if that takes too long.
   */
  async stop(items: StopItems = 'default'): Promise<ProcessEnd> {
    this.send({ type: 'stop', forRestart: items === 'keep', discards: items === 'discard' });
    this.#bePatient(STOP_TIMEOUT_MS, () => this.kill());
    const end = await this.ended;
    clearTimeout(this.#patience);
    return end;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** What the node has; undefined if it does not reply. */
  facts(): Promise<NodeFacts | undefined> {
    return new Promise((resolve) => {
      const settle = (facts?: NodeFacts): void => {
        clearTimeout(timer);
        this.#facts.delete(settle);
        resolve(facts);
      };
      const timer = setTimeout(settle, REPLY_TIMEOUT_MS);
      this.#facts.add(settle);
      this.send({ type: 'question' });
    });
  }

  /** A process that has ended gets no message. */
  send(message: SupervisorMessage): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #bePatient(ms: number, onImpatience = this.#onImpatience): void {
    clearTimeout(this.#patience);
    this.#onImpatience = onImpatience;
    this.#patience = setTimeout(onImpatience, ms);
  }

  #waitForListening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const tooLate = `the node did not listen within ${START_TIMEOUT_MS} ms`;
      this.#bePatient(START_TIMEOUT_MS, () => {
        reject(new CodedError('ERR_START_TIMEOUT', tooLate));
        this.kill();
      });
      this.#child.on('message', (message) => {
        const report = readNodeMessage(message);
        if (report?.type === 'failed') reject(new CodedError(report.code, report.message));
        if (report?.type === 'items') this.#take(report.event);
        if (report?.type === 'facts') for (const settle of this.#facts) settle(report);
        if (report?.type === 'report') this.#onReport(report.report);
        if (report?.type !== 'listening') return;
        clearTimeout(this.#patience);
        this.#isListening = true;
        for (const line of this.#lastLines.splice(0)) this.#onLine(line);
        this.#adminUrl = report.adminUrl;
        this.#peerPort = report.peerPort;
        resolve();
      });
      void this.ended.then((end) => {
        clearTimeout(this.#patience);
        const lines = this.#lastLines
          .flatMap(textLines)
          .map((line) => `\n  ${line}`)
          .join('');
        reject(new CodedError('ERR_NODE_DIED', `the node ended with ${describeEnd(end)}${lines}`));
      });
    });
  }

  /** Each advance gives the node time again. */
  #take(event: ItemsEvent): void {
    const text = JSON.stringify(event);
    if (text !== this.#lastItems) this.#bePatient(STALL_TIMEOUT_MS);
    this.#lastItems = text;
    this.#hasRestored ||= event.kind === 'restored';
    this.#onItems(event);
  }

  /**
   * Uses `exit`, because the child emits no `close` after the supervisor has closed the channel.
   */
  #waitForExit(): Promise<ProcessEnd> {
    return new Promise<ProcessEnd>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
      this.#child.once('error', (error) => {
        this.#recordLine(error.message);
        resolve({ code: COMMAND_NOT_RUN, signal: null });
      });
    });
  }

  #recordLine(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > LAST_LINES_MAX) this.#lastLines.shift();
  }
}

/** Such as `exit code 70` or `signal SIGKILL`. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
