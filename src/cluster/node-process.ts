import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CodedError, textLines } from '../base/index.ts';

/** A start fails if the node does not listen within this time. */
const START_TIMEOUT_MS = 30_000;
/** The supervisor kills a stopping node that has not drained within this time. */
const STOP_TIMEOUT_MS = 10_000;
/** The last lines of a node's standard error that explain a failed start. */
const LAST_LINES_MAX = 20;

/** The exit code that shells report for a command that they cannot run. */
const COMMAND_NOT_RUN = 127;

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
}

/**
 * One run of a node's process. The node sends `{ type: 'listening' }` or `{ type: 'failed', code,
 * message }` over its IPC channel. It drains and exits when the channel closes, so it never
 * outlives the supervisor, whatever ends the supervisor.
 */
export class NodeProcess {
  /** Resolves once the node listens; rejects with a `CodedError` if its start fails. */
  readonly listening: Promise<void>;
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #onLine: (line: string) => void;
  readonly #lastLines: string[] = [];
  #isListening = false;
  #adminUrl: string | undefined;

  constructor({ command, env, onLine }: NodeProcessOptions) {
    const [file = '', ...args] = command;
    this.#child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#onLine = onLine;
    const lines = createInterface({ input: this.#child.stderr! });
    lines.on('line', (line) => (this.#isListening ? onLine(line) : this.#recordLine(line)));
    this.ended = this.#waitForEnd(once(lines, 'close'));
    this.listening = this.#waitForListening();
    this.listening.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The address of its admin port, once it listens; undefined if it has none. */
  get adminUrl(): string | undefined {
    return this.#adminUrl;
  }

  /** Drains the node, and kills it if that takes too long. */
  async stop(): Promise<ProcessEnd> {
    if (this.#child.connected) this.#child.disconnect();
    const killer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    const end = await this.ended;
    clearTimeout(killer);
    return end;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #waitForListening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const text = `the node did not listen within ${START_TIMEOUT_MS} ms`;
        reject(new CodedError('ERR_START_TIMEOUT', text));
      }, START_TIMEOUT_MS);
      this.#child.on('message', (message) => {
        const report = readMessage(message);
        if (report?.type === 'failed') reject(new CodedError(report.code, report.message));
        if (report?.type !== 'listening') return;
        this.#isListening = true;
        for (const line of this.#lastLines.splice(0)) this.#onLine(line);
        this.#adminUrl = report.adminUrl;
        resolve();
      });
      void this.ended.then((end) => {
        clearTimeout(timer);
        const lines = this.#lastLines
          .flatMap(textLines)
          .map((line) => `\n  ${line}`)
          .join('');
        reject(new CodedError('ERR_NODE_DIED', `the node ended with ${describeEnd(end)}${lines}`));
      });
      this.#child.once('message', () => clearTimeout(timer));
    });
  }

  /**
   * Uses `exit`, because the child emits no `close` after the supervisor has closed the channel.
   */
  async #waitForEnd(linesEnded: Promise<unknown>): Promise<ProcessEnd> {
    const end = new Promise<ProcessEnd>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
      this.#child.once('error', (error) => {
        this.#recordLine(error.message);
        resolve({ code: COMMAND_NOT_RUN, signal: null });
      });
    });
    await linesEnded;
    return end;
  }

  #recordLine(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > LAST_LINES_MAX) this.#lastLines.shift();
  }
}

type Message =
  | { readonly type: 'listening'; readonly adminUrl: string | undefined }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

function readMessage(message: unknown): Message | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, code, message: text, adminUrl } = message as Record<string, unknown>;
  if (type === 'listening') {
    return { type, adminUrl: typeof adminUrl === 'string' ? adminUrl : undefined };
  }
  return type === 'failed' ? { type, code: String(code), message: String(text) } : undefined;
}

/** Such as `exit code 70` or `signal SIGKILL`. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
