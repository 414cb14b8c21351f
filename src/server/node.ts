import {
  MessageChannel,
  type MessagePort,
  type StructuredSerializeOptions,
} from 'node:worker_threads';
import { Piscina } from 'piscina';
import { CodedError, type Logger, machineClock, silentLogger } from '../base/index.ts';
import { CLUSTER_ENTRY, encodeClusterConfig, parseClusterNode } from '../protocol/index.ts';
import { CONTROL, createStore, type StoreShare } from '../store/index.ts';
import { UserFileWatcher, type UserSources, type UserTable } from './auth/index.ts';
import { ConfigTable } from './config-table.ts';
import { ConnectionTable } from './connection-table.ts';
import { EventRings } from './event-rings.ts';
import type { ListenAddress } from './listen-address.ts';
import { checkAddress, listenAddressesOf, THREADS_SHARE_PORT } from './listeners.ts';
import { requiresLogin, type ServerOptions, tunablesOf } from './options.ts';
import { PrefixTable } from './prefix-table.ts';
import type { MainToWorker, WorkerToMain } from './thread-messages.ts';
import { type Certificates, newTicketKeys, readCertificates } from './tls.ts';
import type { ServeJob, ServeReport } from './worker.ts';

const TICKET_KEY_ROTATION_MS = 24 * 60 * 60 * 1000;

/** A running node. */
export interface NodeHandle {
  /**
   * The listeners, with the port that the kernel chose for 0. An empty host means every interface.
   */
  readonly addresses: readonly ListenAddress[];
  /**
   * Reads the user files and the certificates again. A bad file changes nothing: the node logs the
   * reason. Resolves once the node has sent the changes to all threads.
   */
  reload(): Promise<void>;
  /** Drains the node: it stops accepting and replies to received requests. Resolves at its end. */
  stop(): Promise<void>;
  /**
   * Resolves once the node has ended after `stop()`; rejects with the error if a bug ends a thread.
   * That thread may have held a lock, so the process must then exit at once.
   */
  readonly ended: Promise<void>;
}

/**
 * Starts a node in this process: its store, and its threads in one pool.
 * @throws {CodedError} `ERR_PORT_TAKEN`, `ERR_PORT_FORBIDDEN`, `ERR_ADDRESS_UNAVAILABLE`,
 *   `ERR_SOCKET_PATH`, `ERR_MEMORY`, `ERR_USER_FILE` or `ERR_CERTIFICATE`.
 */
export async function startNode(
  options: ServerOptions,
  { log = silentLogger }: { readonly log?: Logger } = {},
): Promise<NodeHandle> {
  const requested = listenAddressesOf(options);
  const sources = userSources(options);
  const userFiles = sources === undefined ? undefined : await UserFileWatcher.open(sources, log);
  const certificates = options.enableSsl ? readCertificates(options, newTicketKeys()) : undefined;
  for (const address of requested) await checkAddress(address, options);
  const share = allocateStore(options);
  const threads = new NodeThreads(options, share, { users: userFiles?.table, certificates }, log);
  try {
    const addresses = await threads.listen(requested);
    threads.maintain();
    log.info({ addresses, threads: options.threads }, 'node is listening');
    userFiles?.watch((table) => threads.broadcast({ kind: 'users', table }));
    const reload = async () => {
      threads.reloadCertificates();
      await userFiles?.reload();
    };
    const stopRotation = rotateTicketKeys(threads);
    const stop = () => {
      userFiles?.close();
      stopRotation();
      return threads.stop();
    };
    return { addresses, reload, stop, ended: threads.ended };
  } catch (error) {
    await threads.stop();
    throw error;
  }
}

/** Replaces the ticket keys daily, so that a leaked key decrypts the sessions of one day only. */
function rotateTicketKeys(threads: NodeThreads): () => void {
  const timer = setInterval(
    () => threads.reloadCertificates(newTicketKeys()),
    TICKET_KEY_ROTATION_MS,
  );
  timer.unref();
  return () => clearInterval(timer);
}

/** The user files; undefined if the node requires no login. */
function userSources(options: ServerOptions): UserSources | undefined {
  if (!requiresLogin(options)) return undefined;
  const { authFile, enableSasl, saslPwdb } = options;
  return { authFile, saslPwdb: enableSasl ? saslPwdb : '' };
}

function allocateStore(options: ServerOptions): StoreShare {
  try {
    // The additional thread is the maintainer: it has a block of counters too.
    return createStore({
      ...options,
      threads: options.threads + 1,
      tunables: tunablesOf(options),
    });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CodedError(
      'ERR_MEMORY',
      `Cannot allocate ${options.memoryLimitBytes} bytes of memory for items. Lower -m.`,
      { cause },
    );
  }
}

/** The threads of a node, the memory that they share, and the channels to the worker threads. */
class NodeThreads {
  readonly ended: Promise<void>;
  readonly #options: ServerOptions;
  readonly #share: StoreShare;
  readonly #users: UserTable | undefined;
  #certificates: Certificates | undefined;
  readonly #log: Logger;
  readonly #table: SharedArrayBuffer;
  readonly #config = ConfigTable.allocate();
  readonly #prefixes: SharedArrayBuffer;
  readonly #events: SharedArrayBuffer;
  readonly #pool: Piscina;
  readonly #jobs: Promise<void>[] = [];
  readonly #ports: MessagePort[] = [];
  #fail: (reason: unknown) => void = () => {};
  #end: () => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(
    options: ServerOptions,
    share: StoreShare,
    { users, certificates }: Pick<ServeJob, 'users' | 'certificates'>,
    log: Logger,
  ) {
    this.#options = options;
    this.#share = share;
    this.#users = users;
    this.#certificates = certificates;
    this.#log = log;
    this.#table = ConnectionTable.allocate(options.connLimit);
    this.#prefixes = PrefixTable.allocate(options.prefixDelimiter !== '');
    this.#events = EventRings.allocate(options.threads);
    this.#publishCluster();
    new ConnectionTable(this.#table).verbosity = Math.min(options.verbosity, 2);
    const jobs = options.threads + 1;
    this.#pool = new Piscina({
      filename: new URL(
        `./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
        import.meta.url,
      ).href,
      minThreads: jobs,
      maxThreads: jobs,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {});
  }

  /** Stores `--cluster-nodes` in the cluster entry of the config table. */
  #publishCluster(): void {
    const { clusterNodes, clusterVersion } = this.#options;
    if (clusterNodes.length === 0) return;
    // The current second only grows, so a restart never publishes an older version.
    const version = clusterVersion === 0 ? Math.floor(machineClock.nowMs() / 1000) : clusterVersion;
    const data = encodeClusterConfig({ version, nodes: clusterNodes.map(parseClusterNode) });
    new ConfigTable(this.#config).set({ name: CLUSTER_ENTRY, flags: 0, data });
  }

  /**
   * Starts the worker threads. The first one lets the kernel choose ports; the others share them.
   */
  async listen(requested: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    const addresses = await this.#serve(0, requested);
    const shared = THREADS_SHARE_PORT && addresses.every(({ kind }) => kind === 'tcp');
    if (!shared && this.#options.threads > 1) {
      this.#log.warn({}, 'this listener cannot be shared: one thread serves all connections');
    }
    const threads = shared ? this.#options.threads : 1;
    const others = Array.from({ length: threads - 1 }, (_, i) => this.#serve(i + 1, addresses));
    await Promise.all(others);
    return addresses;
  }

  maintain(): void {
    this.#track(this.#pool.run({ share: this.#share }, { name: 'maintain' }));
  }

  /** Reads the certificates again for all threads. A bad certificate changes nothing. */
  reloadCertificates(ticketKeys = this.#certificates?.ticketKeys): void {
    if (this.#certificates === undefined || ticketKeys === undefined) return;
    try {
      this.#useCertificates(readCertificates(this.#options, Buffer.from(ticketKeys)));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#log.warn({ code: error.code }, `kept the previous certificates: ${error.message}`);
    }
  }

  #useCertificates(certificates: Certificates): void {
    this.#certificates = certificates;
    this.broadcast({ kind: 'certificates', certificates });
    this.#log.info({ file: this.#options.sslChainCert }, 'reloaded the certificates');
  }

  /** Sends a message to every worker thread. */
  broadcast(message: MainToWorker): void {
    for (const port of this.#ports) port.postMessage(message);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const control = new Int32Array(this.#share.memory, 0, CONTROL.bytes / 4);
    Atomics.store(control, CONTROL.stop, 1);
    Atomics.notify(control, CONTROL.stop);
    await Promise.allSettled(this.#jobs);
    await this.#pool.destroy();
    this.#end();
  }

  /** Runs one worker thread; resolves once it listens. */
  #serve(thread: number, listenOn: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    const { port1, port2 } = new MessageChannel();
    const job: ServeJob = {
      share: this.#share,
      thread,
      options: this.#options,
      connectionTable: this.#table,
      config: this.#config,
      prefixes: this.#prefixes,
      events: this.#events,
      listenOn,
      users: this.#users,
      certificates: this.#certificates,
      port: port2,
    };
    const run: Promise<void> = this.#pool.run(job, {
      name: 'serve',
      // Piscina declares the type of another overload of postMessage than the one it calls.
      transferList: [port2] as unknown as StructuredSerializeOptions,
    });
    const listening = this.#listenAddresses(port1);
    this.#track(run);
    return Promise.race([listening, run.then(() => [])]);
  }

  /**
   * Waits for the first message of a worker thread, its report; then handles its other messages.
   */
  #listenAddresses(port: MessagePort): Promise<readonly ListenAddress[]> {
    return new Promise((resolve, reject) => {
      port.once('message', (report: ServeReport) => {
        if (!('addresses' in report)) {
          port.close();
          reject(new CodedError(report.code, report.message));
          return;
        }
        this.#ports.push(port);
        port.on('message', (message: WorkerToMain) => this.#handle(message));
        port.unref();
        resolve(report.addresses);
      });
    });
  }

  #handle(message: WorkerToMain): void {
    switch (message.kind) {
      case 'loginFailed': {
        const { address, user } = message;
        this.#log.warn({ address, user }, 'a login failed');
        break;
      }
      case 'loginsFailed': {
        const { unreported, overloads } = message;
        this.#log.warn({ unreported, overloads }, 'more logins failed');
        break;
      }
      case 'certificates':
        this.#useCertificates(message.certificates);
        break;
      case 'shutdown':
        this.#log.info({ graceful: message.graceful }, 'a client stops the node');
        void this.stop();
    }
  }

  #track(job: Promise<void>): void {
    this.#jobs.push(job);
    job.catch((reason: unknown) => this.#fail(reason));
  }
}
