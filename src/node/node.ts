import { LOG_LEVELS, type Logger, type LogLevel, silentLogger } from '../base/index.ts';
import type { NodeControl, ReloadPart } from '../commands/index.ts';
import {
  type Certificates,
  certificateExpiry,
  type ListenAddress,
  listenAddressesOf,
  startAlone,
  UserFileWatcher,
  type UserSources,
  usableAddresses,
} from '../server/index.ts';
import { COUNT, type StoreView } from '../store/index.ts';
import { checkAddressSpace } from './address-space.ts';
import { SharedControl } from './control/shared-control.ts';
import { fastPathState, loadFastPath } from './fast-path.ts';
import { mainThread } from './jobs.ts';
import { NodeMemory, type NodeShare } from './memory.ts';
import { NodeCertificates } from './node-certificates.ts';
import type { ClusterStart, ClusterThreads, RunningNode, StartExtras } from './node-handle.ts';
import { checkOpenFiles } from './open-files.ts';
import { publishCluster } from './options/cluster-nodes.ts';
import { requiresLogin } from './options/policies.ts';
import type { ServerOptions } from './options/server-flags.ts';
import { ReloadQueue } from './reload-queue.ts';
import { ThreadCheck } from './thread-check.ts';
import { NodeThreads, type RunGuest } from './threads/node-threads.ts';
import { openFastPath } from './threads/open-fast-path.ts';
import { ThreadMeter } from './threads/thread-meter.ts';

const nothing = (): Promise<void> => Promise.resolve();

/**
 * Starts a node in this process: its store, and its threads in one pool.
 * @throws {CodedError} `ERR_PORT_TAKEN`, `ERR_PORT_FORBIDDEN`, `ERR_ADDRESS_UNAVAILABLE`,
 *   `ERR_SOCKET_PATH`, `ERR_MEMORY`, `ERR_OPEN_FILES`, `ERR_USER_FILE` or `ERR_CERTIFICATE`.
 */
export async function startNode(
  options: ServerOptions,
  extras: StartExtras = {},
): Promise<RunningNode> {
  const { log = silentLogger, assumeUser = () => {} } = extras;
  checkOpenFiles(options);
  const requested = listenAddressesOf(options);
  const certificates = await NodeCertificates.open(options, log);
  assumeUser();
  const sources = userSources(options);
  const userFiles = sources === undefined ? undefined : await UserFileWatcher.open(sources, log);
  return startAlone(requested, async () => {
    const usable = await usableAddresses(requested, options);
    const loaded = await loadFastPath(options);
    const share = NodeMemory.allocate(options, loaded.modules, extras.memoryFile);
    const fastPath = fastPathState(options, share.store, loaded, log);
    checkAddressSpace(mainThread(options));
    const { beforeServing = nothing, beforeDraining = () => {}, afterServing = nothing } = extras;
    const { cluster } = extras;
    const files = { userFiles, certificates, log, cluster, beforeDraining, afterServing };
    const node = new Node(share, files);
    return { ...(await listening(node, usable, beforeServing)), fastPath };
  });
}

async function listening(
  node: Node,
  usable: readonly ListenAddress[],
  beforeServing: NonNullable<StartExtras['beforeServing']>,
): Promise<Omit<RunningNode, 'fastPath'>> {
  try {
    await beforeServing(node.runGuest);
    const addresses = await node.start(usable);
    return {
      addresses,
      control: node.control,
      view: node.view,
      cluster: node.cluster,
      measureThreads: () => node.measureThreads(),
      setLogLevel: (level) => node.setLogLevel(level),
      checkThreads: () => node.checkThreads(),
      reload: () => node.reload('all'),
      stop: () => node.stop(),
      ended: node.ended,
      runGuest: node.runGuest,
    };
  } catch (error) {
    await node.abandon();
    throw error;
  }
}

/** The user files; undefined if the node requires no login. */
function userSources(options: ServerOptions): UserSources | undefined {
  if (!requiresLogin(options)) return undefined;
  const { authFile, enableSasl, saslPwdb } = options;
  return { authFile, saslPwdb: enableSasl ? saslPwdb : '' };
}

interface NodeFiles {
  readonly userFiles: UserFileWatcher | undefined;
  readonly certificates: NodeCertificates;
  readonly log: Logger;
  readonly cluster: ClusterStart | undefined;
  readonly beforeDraining: () => void;
  readonly afterServing: (runGuest: RunGuest) => Promise<void>;
}

/** The life cycle of a node, on the main thread: `starting`, then `serving`, then `draining`. */
class Node {
  readonly control: NodeControl;
  readonly cluster: ClusterThreads;
  readonly #memory: NodeMemory;
  readonly #threads: NodeThreads;
  readonly #check: ThreadCheck;
  readonly #files: NodeFiles;
  readonly #reloads = new ReloadQueue((part) => this.#reload(part));
  #stopping: Promise<void> | undefined;
  #meter: ThreadMeter | undefined;

  constructor(share: NodeShare, files: NodeFiles) {
    this.#files = files;
    this.#memory = NodeMemory.open(share, mainThread(share.options));
    const now = this.#memory.store.clock.now();
    this.#memory.state.start(now);
    this.#memory.hotKeys.clear(now);
    const { counters } = this.#memory.store;
    files.log.countDropped?.((lines) => counters.add(COUNT.log_lines_dropped, lines));
    const main = {
      reload: (part: ReloadPart) => this.reload(part),
      stop: () => this.stop(),
    };
    this.control = new SharedControl(this.#memory, main);
    this.control.setVerbosity(share.options.verbosity);
    this.control.setSlowMs(share.options.slowMs);
    publishCluster(this.control.config, share.options);
    this.#threads = new NodeThreads(share, files.log, {
      ...main,
      stop: (graceful) => {
        files.log.info({ graceful }, 'a client stops the node');
        void this.stop();
      },
      tellCluster: (message) => files.cluster?.told(message),
    });
    this.cluster = {
      adopt: (argument) => this.#threads.ask('adoptCluster', argument),
      report: (argument) => this.#threads.ask('reportCluster', argument),
      store: () => this.#memory.store,
      fastWalk: () => openFastPath(share, mainThread(share.options))?.walk,
    };
    this.#check = new ThreadCheck(this.#memory.store.clock, this.#threads);
  }

  get ended(): Promise<void> {
    return this.#threads.ended;
  }

  get runGuest(): RunGuest {
    return this.#threads.runGuest;
  }

  get view(): StoreView {
    return this.#memory.store.view;
  }

  async measureThreads(): Promise<void> {
    if (this.#meter !== undefined) return;
    const { threads, options } = this.#memory;
    this.#meter = new ThreadMeter(threads, mainThread(options));
    this.#meter.start();
    await this.#threads.broadcast('measure', undefined);
  }

  async setLogLevel(level: LogLevel): Promise<void> {
    this.#files.log.setLevel?.(level);
    this.control.setVerbosity(Math.max(0, LOG_LEVELS.indexOf(level) - LOG_LEVELS.indexOf('warn')));
    await this.#threads.broadcast('setLogLevel', level);
  }

  /** Starts all threads; resolves with the addresses once they listen. */
  async start(requested: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    const { userFiles, certificates, cluster } = this.#files;
    const addresses = await this.#threads.start(requested, {
      users: userFiles?.table,
      certificates: certificates.current,
      cluster: cluster && {
        module: cluster.module.href,
        share: cluster.share,
        argument: cluster.argument,
      },
    });
    userFiles?.watch((table) => void this.#threads.broadcast('replaceUsers', table));
    if (certificates.current !== undefined) this.#showExpiry(certificates.current);
    certificates.watch((changed) => this.#useCertificates(changed));
    this.#memory.state.serve();
    return addresses;
  }

  async #useCertificates(certificates: Certificates): Promise<void> {
    const { state, store } = this.#memory;
    await this.#threads.broadcast('useCertificates', certificates);
    state.certificatesReadAt = store.clock.now();
    this.#showExpiry(certificates);
  }

  #showExpiry(certificates: Certificates): void {
    this.#memory.state.certificateExpiresAt = certificateExpiry(certificates);
  }

  checkThreads(): Promise<void> {
    return this.#check.check();
  }

  /** Reads users or certificates again; resolves with the reason if the previous ones stay. */
  reload(part: ReloadPart): Promise<string | undefined> {
    return this.#reloads.reload(part);
  }

  async #reload(part: ReloadPart): Promise<string | undefined> {
    const { userFiles, certificates } = this.#files;
    const readsUsers = part === 'users' || (part === 'all' && userFiles !== undefined);
    const readsCertificates =
      part === 'certificates' || (part === 'all' && certificates.current !== undefined);
    const reasons = [
      readsCertificates ? await certificates.reload() : undefined,
      readsUsers ? await (userFiles?.reload() ?? 'login not required') : undefined,
    ].filter((reason) => reason !== undefined);
    return reasons.length === 0 ? undefined : reasons.join(' ');
  }

  /** Ends a node that has not started; takes a bounded time, whatever its threads do. */
  async abandon(): Promise<void> {
    this.#endWork();
    await this.#threads.abandon();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Tells all threads to stop. */
  #endWork(): void {
    this.#files.userFiles?.close();
    this.#files.certificates.close();
    this.#meter?.stop();
    this.#memory.state.drain();
  }

  async #stop(): Promise<void> {
    const hasServed = this.#memory.state.name === 'serving';
    const { beforeDraining, afterServing } = this.#files;
    if (hasServed) beforeDraining();
    this.#endWork();
    await this.#threads.finish(async () => {
      if (hasServed) await afterServing(this.runGuest);
    });
  }
}
