import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../../base/index.ts';
import {
  type ControlReply,
  type ControlRequest,
  type FoundSupervisor,
  type MemberStatus,
  ORPHANS_MS_MAX,
  order,
  supervisorOf,
} from '../../cluster/index.ts';
import { MANAGER_USER } from '../model/names.ts';
import { nodeId } from '../model/node-count.ts';
import type { NodeShape } from '../model/node-options.ts';
import { setMemory } from './admin-calls.ts';
import { completeFile } from './complete-file.ts';
import { endProcess } from './end-process.ts';
import { LocalProxy } from './local-proxy.ts';
import type {
  ClusterSpec,
  Observed,
  ObservedNode,
  ProxyShape,
  Runtime,
  SnapshotTotals,
} from './runtime.ts';
import { startFailure } from './start-failure.ts';
import { UsersFile } from './users-file.ts';
import { runVerb } from './verb-run.ts';

/** Once the nodes of a supervisor that was killed have ended. */
const NODES_START_MS_MAX = 60_000;
const START_MS_MAX = ORPHANS_MS_MAX + NODES_START_MS_MAX;
const STOP_MS_MAX = 120_000;
const LOOK_MS = 50;
const MEBIBYTE = 2 ** 20;
const MEMORY_MIB_MAX = 2 ** 20;
/** In the folder of a cluster: the options that it was started with. */
const OPTIONS_FILE = 'start-options.json';
const USERS_OPTION = '--auth-file=';

interface LocalRuntimeOptions {
  /** The command that runs slabring. */
  readonly program: readonly string[];
  /** Each cluster has a folder and a log in it. */
  readonly folder: string;
  /** The host that the nodes listen on. */
  readonly host: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Clusters of this machine: each is a `slabring cluster` in a process of its own, which outlives
 * this one. Its folder tells where it is.
 */
export class LocalRuntime implements Runtime {
  readonly #options: LocalRuntimeOptions;
  readonly #closing = new AbortController();
  /** Nodes that could not get more memory without a restart, as `cluster/node`. */
  readonly #memoryMibMax = new Map<string, number>();

  constructor(options: LocalRuntimeOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  async observe(id: string): Promise<Observed> {
    const found = await this.#find(id);
    if (found === undefined) return { isRunning: false, nodes: [] };
    for await (const reply of order(found.socketPath, { verb: 'members' })) {
      if (reply.event !== 'members') throw refusalOf(reply);
      const nodes = reply.members.flatMap((member) => this.#nodeOf(id, member) ?? []);
      const users = this.#filesOf(id).users;
      const proxy = this.#proxyOf(id).observed(reply.members.map(({ name }) => name));
      return { isRunning: true, nodes: nodes.sort((a, b) => (a.id < b.id ? -1 : 1)), users, proxy };
    }
    return { isRunning: false, nodes: [] };
  }

  #nodeOf(id: string, member: MemberStatus): ObservedNode | undefined {
    const { name, state, memoryLimitBytes } = member;
    const given = member.options ?? this.#startOptions(id);
    const options = given.filter((option) => !option.startsWith(USERS_OPTION));
    const nth = numberOf(name);
    if (nth === undefined) return undefined;
    const serves = state === 'serving' || state === 'leaving';
    const memoryMib = memoryLimitBytes && Math.round(memoryLimitBytes / MEBIBYTE);
    const memoryMibMax = this.#memoryMibMax.get(`${id}/${nodeId(nth)}`) ?? MEMORY_MIB_MAX;
    return { id: nodeId(nth), serves, memoryMib, memoryMibMax, options };
  }

  /** The options that a cluster was started with: its supervisor does not tell them. */
  #startOptions(id: string): readonly string[] {
    try {
      return JSON.parse(readFileSync(this.#optionsOf(id), 'utf8')) as readonly string[];
    } catch {
      return [];
    }
  }

  async start(spec: ClusterSpec): Promise<void> {
    const folder = this.#folderOf(spec.id);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.#optionsOf(spec.id), JSON.stringify(spec.options), { mode: 0o600 });
    if (spec.users !== undefined) await this.setUsers(spec.id, spec.users);
    const { child, logPath } = this.#spawn(spec, folder);
    const untilMs = performance.now() + START_MS_MAX;
    while (performance.now() < untilMs) {
      const found = await this.#find(spec.id);
      if (found?.nodes.every(({ isUp }) => isUp)) {
        // A manager that died has started the other one, and both want the same ports.
        if (found.pid !== child.pid) child.kill('SIGKILL');
        return child.unref();
      }
      if (child.exitCode !== null || child.signalCode !== null)
        throw startFailure(`The cluster ${spec.id}`, logPath);
      await pause(LOOK_MS);
    }
    child.kill('SIGKILL');
    throw failure(`The nodes of ${spec.id} were not up within ${START_MS_MAX / 1000} s.`);
  }

  addNode(id: string, shape: NodeShape): Promise<void> {
    return this.#change(id, { action: 'add', node: undefined, ...this.#given(id, shape) });
  }

  async setUsers(id: string, text: string): Promise<void> {
    this.#filesOf(id).write(text);
  }

  removeNode(id: string, node: string): Promise<void> {
    return this.#change(id, { action: 'remove', node: nameOf(node), memoryLimitBytes: undefined });
  }

  async resizeNode(id: string, node: string, memoryMib: number): Promise<void> {
    const found = await this.#find(id);
    const address = found?.nodes.find((each) => each.node === nameOf(node))?.address;
    if (address === undefined) throw failure(`The node ${node} of ${id} does not run.`);
    const isDone = await setMemory(address, memoryMib * MEBIBYTE, this.#options.env);
    if (!isDone) this.#memoryMibMax.set(`${id}/${node}`, memoryMib - 1);
  }

  async restartNode(id: string, node: string, shape: NodeShape): Promise<void> {
    await this.#change(id, { action: 'restart', node: nameOf(node), ...this.#given(id, shape) });
    this.#memoryMibMax.delete(`${id}/${node}`);
  }

  startProxy(id: string, proxy: ProxyShape): Promise<void> {
    return this.#proxyOf(id).start(proxy, async () => {
      const { nodes, proxy: found } = await this.observe(id);
      return nodes.length > 0 && found !== undefined;
    });
  }

  setProxy(id: string, proxy: ProxyShape): Promise<void> {
    return this.#proxyOf(id).set(proxy);
  }

  async snapshot(id: string, file: string): Promise<SnapshotTotals> {
    const out = await completeFile(file, (path) => this.#run('dump', path, id));
    const { items, bytes } = JSON.parse(out) as SnapshotTotals;
    return { items, bytes };
  }

  async restore(id: string, file: string): Promise<void> {
    await this.#run('restore', file, id);
  }

  async #run(verb: string, file: string, id: string): Promise<string> {
    const password = this.#filesOf(id).password;
    const login = password === undefined ? [] : [`--user=${MANAGER_USER}`];
    const env = { ...this.#options.env, SLABRING_PASSWORD: password };
    const args = [verb, file, `--nodes=${(await this.#addresses(id)).join(',')}`, ...login];
    const { signal } = this.#closing;
    return runVerb([...args, '--json'], { ...this.#options, env, signal });
  }

  async #addresses(id: string): Promise<readonly string[]> {
    const found = await this.#find(id);
    if (found === undefined) throw failure(`The cluster ${id} does not run.`);
    return found.nodes.map(({ address }) => address);
  }

  /** Gives up what copies items; the clusters run on. */
  close(): void {
    this.#closing.abort();
  }

  async stop(id: string): Promise<void> {
    await this.#proxyOf(id).stop();
    const found = await this.#find(id);
    if (found === undefined) return;
    if (await endProcess(found.pid, STOP_MS_MAX)) return;
    throw failure(`The cluster ${id} (pid ${found.pid}) did not stop in ${STOP_MS_MAX / 1000} s.`);
  }

  async forget(id: string): Promise<void> {
    rmSync(this.#folderOf(id), { recursive: true, force: true });
    rmSync(this.#logOf(id), { force: true });
    rmSync(this.#logOf(`${id}.proxy`), { force: true });
  }

  #proxyOf(id: string): LocalProxy {
    const logPath = this.#logOf(`${id}.proxy`);
    return new LocalProxy({ ...this.#options, folder: this.#folderOf(id), logPath });
  }

  #find(id: string): Promise<FoundSupervisor | undefined> {
    return supervisorOf(this.#folderOf(id));
  }

  /** Its output goes to a file: it goes on when this process has ended. */
  #spawn(spec: ClusterSpec, folder: string): { child: ChildProcess; logPath: string } {
    const { program, host, env } = this.#options;
    const [command, ...first] = program;
    const logPath = this.#logOf(spec.id);
    const log = openSync(logPath, 'a', 0o600);
    try {
      const options = [...spec.options, ...this.#usersOption(spec.id)];
      const args = [...first, ...clusterArguments({ ...spec, options }, folder, host)];
      const child = spawn(command!, args, { detached: true, env, stdio: ['ignore', log, log] });
      child.on('error', () => {});
      return { child, logPath };
    } finally {
      closeSync(log);
    }
  }

  async #change(
    id: string,
    change: Pick<Change, 'action' | 'node' | 'memoryLimitBytes' | 'options'>,
  ): Promise<void> {
    const found = await this.#find(id);
    if (found === undefined) throw failure(`The cluster ${id} does not run.`);
    const request = { verb: 'change', dryRun: false, ...change } as const;
    for await (const reply of order(found.socketPath, request)) {
      if (reply.event === 'done') return;
      if (reply.event === 'refused' || reply.event === 'change-failed') throw refusalOf(reply);
    }
    throw failure(`The supervisor of ${id} has ended during the change.`);
  }

  #folderOf(id: string): string {
    return join(this.#options.folder, id);
  }

  #filesOf(id: string): UsersFile {
    return new UsersFile(this.#folderOf(id));
  }

  #usersOption(id: string): readonly string[] {
    const file = this.#filesOf(id);
    return file.users === undefined ? [] : [`${USERS_OPTION}${file.path}`];
  }

  #given(id: string, { memoryMib, options }: NodeShape) {
    return {
      memoryLimitBytes: memoryMib * MEBIBYTE,
      options: [...options, ...this.#usersOption(id)],
    };
  }

  #optionsOf(id: string): string {
    return join(this.#folderOf(id), OPTIONS_FILE);
  }

  #logOf(id: string): string {
    return join(this.#options.folder, `${id}.log`);
  }
}

type Change = Extract<ControlRequest, { verb: 'change' }>;

function clusterArguments(spec: ClusterSpec, folder: string, host: string): readonly string[] {
  const { id, nodes, replicas, port, memoryMib, options } = spec;
  return [
    ...['cluster', `--state=${folder}`, `--name=${id}`, `--nodes=${nodes}`],
    ...[`--replicas=${replicas}`, `--host=${host}`, `--port=${port}`],
    ...[`--memory-limit=${memoryMib}`, '--log-format=json'],
    ...options,
  ];
}

/** `node-1` is the node 0001. */
const nameOf = (node: string): string => `node-${Number(node)}`;

function numberOf(name: string): number | undefined {
  const [, digits] = /^node-(\d+)$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

const failure = (message: string): CodedError => new CodedError('ERR_RUNTIME', message);

const refusalOf = (reply: ControlReply): CodedError =>
  failure('reason' in reply ? reply.reason : 'The supervisor gave another reply than expected.');
