import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../../base/index.ts';
import { readRecords } from '../../ops/index.ts';
import { limitEcpu } from './admin-calls.ts';
import { endProcess } from './end-process.ts';
import type { ObservedProxy, ProxyShape } from './runtime.ts';
import { startFailure } from './start-failure.ts';
import { UsersFile } from './users-file.ts';

const ECPU_MAX = 15_000_000;
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const LOOK_MS = 50;
const THREADS_MAX = 8;
/** In the folder of the cluster: what the proxy was told last. */
const FILE = 'proxy.json';
const USERS_FOLDER = 'proxy';

interface LocalProxyOptions {
  /** The command that runs slabring. */
  readonly program: readonly string[];
  /** Of the cluster. */
  readonly folder: string;
  /** The host that the proxy listens on. */
  readonly host: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logPath: string;
}

/** What is kept of a proxy. */
interface Told {
  readonly port: number;
  readonly ecpuPerSecondMax?: number | undefined;
  readonly needsLogin: boolean;
}

/** The proxy of a cluster of this machine, a process of its own that outlives this one. */
export class LocalProxy {
  readonly #options: LocalProxyOptions;
  readonly #users: UsersFile;

  constructor(options: LocalProxyOptions) {
    this.#options = options;
    this.#users = new UsersFile(join(options.folder, USERS_FOLDER));
  }

  /** @param members the names of the members of the cluster. */
  observed(members: readonly string[]): ObservedProxy | undefined {
    const told = this.#told;
    if (told === undefined || !members.includes(`proxy-${told.port}`)) return undefined;
    const users = told.needsLogin ? this.#users.users : undefined;
    return { ecpuPerSecondMax: told.ecpuPerSecondMax, users };
  }

  /**
   * Resolves once the proxy serves.
   * @param isMember whether the cluster knows it.
   */
  async start(proxy: ProxyShape, isMember: () => Promise<boolean>): Promise<void> {
    await this.stop();
    const { port, users, ecpuPerSecondMax } = proxy;
    mkdirSync(join(this.#options.folder, USERS_FOLDER), { recursive: true, mode: 0o700 });
    if (users !== undefined) this.#users.write(users);
    this.#tell({ port, ecpuPerSecondMax, needsLogin: users !== undefined });
    const child = this.#spawn(proxy);
    const untilMs = performance.now() + START_MS_MAX;
    while (performance.now() < untilMs) {
      if (this.#record(port)?.pid === child.pid && (await isMember())) return child.unref();
      if (child.exitCode !== null || child.signalCode !== null) {
        throw startFailure('The proxy', this.#options.logPath);
      }
      await pause(LOOK_MS);
    }
    child.kill('SIGKILL');
    throw failure(`The proxy on port ${port} was not up within ${START_MS_MAX / 1000} s.`);
  }

  async set({ port, users, ecpuPerSecondMax }: ProxyShape): Promise<void> {
    if (users !== undefined) this.#users.write(users);
    const address = `${this.#options.host}:${port}`;
    await limitEcpu(address, limitOf(ecpuPerSecondMax), this.#options.env);
    this.#tell({ port, ecpuPerSecondMax, needsLogin: users !== undefined });
  }

  async stop(): Promise<void> {
    const { port } = this.#told ?? {};
    const record = port === undefined ? undefined : this.#record(port);
    if (record === undefined) return;
    if (await endProcess(record.pid, STOP_MS_MAX)) return rmSync(this.#path, { force: true });
    throw failure(`The proxy (pid ${record.pid}) did not stop in ${STOP_MS_MAX / 1000} s.`);
  }

  get #path(): string {
    return join(this.#options.folder, FILE);
  }

  get #told(): Told | undefined {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as Told;
    } catch {
      return undefined;
    }
  }

  /** The old text stays until the new one is complete: a stop finds the proxy by it. */
  #tell(told: Told): void {
    const path = `${this.#path}.new`;
    writeFileSync(path, JSON.stringify(told), { mode: 0o600, flush: true });
    renameSync(path, this.#path);
  }

  /** What the process on this port says of its admin port, if one runs. */
  #record(port: number) {
    const address = `${this.#options.host}:${port}`;
    return readRecords(this.#options.env).find(({ nodes }) => nodes.includes(address));
  }

  /** Its output goes to a file: it goes on when this process has ended. */
  #spawn({ port, users, ecpuPerSecondMax }: ProxyShape) {
    const { program, folder, host, env, logPath } = this.#options;
    const [command, ...first] = program;
    const threads = Math.min(availableParallelism(), THREADS_MAX);
    const args = [
      ...['proxy', `--state=${folder}`, `--listen=${host}`, `--port=${port}`],
      ...[`--threads=${threads}`, '--log-format=json', '--admin-port=0'],
      `--ecpu-limit=${limitOf(ecpuPerSecondMax)}`,
      ...(users === undefined ? [] : [`--auth-file=${this.#users.path}`]),
    ];
    const log = openSync(logPath, 'a', 0o600);
    try {
      const stdio = ['ignore', log, log] as const;
      const child = spawn(command!, [...first, ...args], {
        detached: true,
        env,
        stdio: [...stdio],
      });
      child.on('error', () => {});
      return child;
    } finally {
      closeSync(log);
    }
  }
}

/** The most of ElastiCache is none for a machine. */
const limitOf = (ecpuPerSecondMax = ECPU_MAX): number => ecpuPerSecondMax;

const failure = (message: string): CodedError => new CodedError('ERR_RUNTIME', message);
