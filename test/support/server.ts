import { type ChildProcess, spawn } from 'node:child_process';
import type { Address } from './wire.ts';

/** A server under test, slabring or the real memcached, with one interface. */
export interface TestServer {
  readonly name: 'memcached' | 'slabring';
  /** The host of the TCP listener. */
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** The options for `net.connect`. */
  readonly address: Address;
  readonly process: OwnedProcess;
  /** Sends SIGTERM and waits until the process exits. Calling it twice is safe. */
  stop(): Promise<ProcessExit>;
}

/** How a process exited: by itself with a code, or by a signal. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Bytes of each output stream that error messages show at most. */
const OUTPUT_BYTES_MAX = 256 * 1024;
/** A process that has not exited this long after SIGTERM gets SIGKILL. */
const STOP_TIMEOUT_MS = 20_000;

/** The child processes that are running. None of them outlives the test process. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A child process whose output and exit are recorded; it cannot outlive the test process. */
export class OwnedProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  stdout = '';
  stderr = '';
  readonly #commandLine: string;

  constructor(
    commandLine: readonly string[],
    options: { ipc?: boolean; stdin?: boolean; env?: NodeJS.ProcessEnv } = {},
  ) {
    this.#commandLine = commandLine.join(' ');
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
      this.stdout = (this.stdout + chunk).slice(-OUTPUT_BYTES_MAX);
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr = (this.stderr + chunk).slice(-OUTPUT_BYTES_MAX);
    });
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        running.delete(this.child);
        resolve({ code, signal });
      });
    });
    this.exited.catch(() => running.delete(this.child));
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error(`${this.#commandLine} did not start`);
    return pid;
  }

  /** Waits for `ready`. If the process exits first, it rejects with the output of the process. */
  async failOnExit<T>(ready: Promise<T>): Promise<T> {
    const earlyExit = this.exited.then((end) => {
      throw new Error(
        `${this.#commandLine} exited early (${describeExit(end)}):\n${this.stderr}${this.stdout}`,
      );
    });
    return Promise.race([ready, earlyExit]);
  }

  /** Waits until the process exits by itself; returns its exit code and all that it printed. */
  async result() {
    const { code } = await this.exited;
    return { code, out: this.stdout, err: this.stderr };
  }

  /** Sends SIGTERM, and SIGKILL after STOP_TIMEOUT_MS. */
  async stop(): Promise<ProcessExit> {
    this.child.kill('SIGTERM');
    const killTimer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(killTimer);
    }
  }
}

function describeExit(end: ProcessExit): string {
  return end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`;
}
