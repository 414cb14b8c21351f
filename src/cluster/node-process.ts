import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CodedError } from '../base/index.ts';

/** A node has this long from its start to listen; milliseconds. */
const START_PATIENCE_MS = 30_000;
/** A node that was asked to stop has this long to answer what is in flight; milliseconds. */
const STOP_PATIENCE_MS = 10_000;
/** Lines of a node's standard error kept to explain a start that failed. */
const LINES_KEPT = 20;

/** What shells report for a command that could not be run. */
const COMMAND_NOT_RUN = 127;

/** How a process ended; exactly one of the two is set. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcessOptions {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** A line of the node's standard error, once it listens. */
  readonly onLine: (line: string) => void;
}

/**
 * One run of a node's process. The two speak over its IPC channel: the node says `{ type: 'listening' }` or
 * `{ type: 'failed', code, message }`; when the channel closes, it drains and ends. So it cannot outlive this
 * process, however this one ends.
 */
export class NodeProcess {
  /** Settles when the node listens; rejects with a `CodedError` when it does not come to that. */
  readonly listening: Promise<void>;
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  #isListening = false;

  constructor({ command, env, onLine }: NodeProcessOptions) {
    const [file = '', ...args] = command;
    this.#child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const lines = createInterface({ input: this.#child.stderr! });
    lines.on('line', (line) => (this.#isListening ? onLine(line) : this.#keepLine(line)));
    this.ended = this.#untilEnded(once(lines, 'close'));
    this.listening = this.#untilListening();
    this.listening.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Lets it drain, and ends it by force when that takes too long. */
  async stop(): Promise<ProcessEnd> {
    if (this.#child.connected) this.#child.disconnect();
    const killer = setTimeout(() => this.kill(), STOP_PATIENCE_MS);
    const end = await this.ended;
    clearTimeout(killer);
    return end;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #untilListening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const text = `it did not listen within ${START_PATIENCE_MS} ms`;
        reject(new CodedError('ERR_START_TIMEOUT', text));
      }, START_PATIENCE_MS);
      this.#child.on('message', (message) => {
        const said = readMessage(message);
        if (said?.type === 'failed') reject(new CodedError(said.code, said.message));
        if (said?.type !== 'listening') return;
        this.#isListening = true;
        resolve();
      });
      void this.ended.then((end) => {
        clearTimeout(timer);
        const lines = this.#lastLines.map((line) => `\n  ${line}`).join('');
        reject(new CodedError('ERR_NODE_DIED', `it ended by ${endText(end)}${lines}`));
      });
      this.#child.once('message', () => clearTimeout(timer));
    });
  }

  /** Not by the child's `close` event: that never comes once this side has closed the channel. */
  async #untilEnded(linesEnded: Promise<unknown>): Promise<ProcessEnd> {
    const end = new Promise<ProcessEnd>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
      this.#child.once('error', (error) => {
        this.#keepLine(error.message);
        resolve({ code: COMMAND_NOT_RUN, signal: null });
      });
    });
    await linesEnded;
    return end;
  }

  #keepLine(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > LINES_KEPT) this.#lastLines.shift();
  }
}

type Message =
  | { readonly type: 'listening' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

function readMessage(message: unknown): Message | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, code, message: text } = message as Record<string, unknown>;
  if (type === 'listening') return { type };
  return type === 'failed' ? { type, code: String(code), message: String(text) } : undefined;
}

/** `exit code 70`, `signal SIGKILL`. */
export function endText({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
