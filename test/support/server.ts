import { type ChildProcess, spawn } from 'node:child_process';
import type { Address } from './wire.ts';

/** A server under test: ours or the real memcached, seen the same way. */
export interface TestServer {
  readonly name: 'memcached' | 'slabring';
  /** Of the TCP listener. */
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** What `net.connect` wants. */
  readonly address: Address;
  readonly process: OwnedProcess;
  /** Ends it with SIGTERM and waits; resolves with how it ended. Safe to call twice. */
  stop(): Promise<ProcessEnd>;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How much of each output stream is kept for error messages, bytes. */
const OUTPUT_KEPT_BYTES = 256 * 1024;
/** After SIGTERM a process has this long before it is killed, milliseconds. */
const STOP_PATIENCE_MS = 20_000;

/** Children still running; none outlives the test process. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A child process with its output and its end: nothing of it can be missed or left behind. */
export class OwnedProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<ProcessEnd>;
  stdout = '';
  stderr = '';
  readonly #title: string;

  constructor(
    commandLine: readonly string[],
    options: { ipc?: boolean; stdin?: boolean; env?: NodeJS.ProcessEnv } = {},
  ) {
    this.#title = commandLine.join(' ');
    const [command = '', ...args] = commandLine;
    this.child = spawn(command, args, {
      env: { ...process.env, ...options.env },
      stdio: [
        options.stdin === true ? 'pipe' : 'ignore',
        'pipe',
        'pipe',
        ...(options.ipc === true ? (['ipc'] as const) : []),
      ],
    });
    running.add(this.child);
    this.child.stdout?.on('data', (chunk) => {
      this.stdout = (this.stdout + chunk).slice(-OUTPUT_KEPT_BYTES);
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr = (this.stderr + chunk).slice(-OUTPUT_KEPT_BYTES);
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        running.delete(this.child);
        resolve({ code, signal });
      });
    });
    this.ended.catch(() => running.delete(this.child));
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error(`${this.#title} did not start`);
    return pid;
  }

  /** `ready`, unless the process ends first: then an error with what it printed. */
  async unlessItEnds<T>(ready: Promise<T>): Promise<T> {
    const early = this.ended.then((end) => {
      throw new Error(
        `${this.#title} ended early (${describe(end)}):\n${this.stderr}${this.stdout}`,
      );
    });
    return Promise.race([ready, early]);
  }

  /** SIGTERM, then SIGKILL when patience ends. */
  async stop(): Promise<ProcessEnd> {
    this.child.kill('SIGTERM');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), STOP_PATIENCE_MS);
    try {
      return await this.ended;
    } finally {
      clearTimeout(killer);
    }
  }
}

function describe(end: ProcessEnd): string {
  return end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`;
}
