import {
  MessageChannel,
  type MessagePort,
  type StructuredSerializeOptions,
} from 'node:worker_threads';
import { Piscina } from 'piscina';
import { CodedError, type Logger, machineClock, silentLogger } from '../base/index.ts';
import { CLUSTER_ENTRY, clusterBlock } from '../commands/index.ts';
import { CONTROL, createStore, type StoreShare } from '../store/index.ts';
import { UserKeeper, type UserSources, type UserTable } from './auth/index.ts';
import { ConfigTable } from './config-table.ts';
import { ConnectionTable } from './connection-table.ts';
import { EventRings } from './event-rings.ts';
import { addressesOf, type ListenAddress, PORT_IS_SHARED, probe } from './listeners.ts';
import type { NodeAppeal, ThreadNotice } from './notices.ts';
import { asksForLogin, memberOf, type ServerOptions, tunablesOf } from './options.ts';
import { PrefixTable } from './prefix-table.ts';
import { type Certificates, newTicketKeys, readCertificates } from './tls.ts';
import type { ServeJob, ServeReport } from './worker.ts';

const TICKET_KEYS_MS = 24 * 60 * 60 * 1000;

/** One running node. */
export interface NodeHandle {
  /** Where it listens; ports that were 0 are picked. An empty host is every interface. */
  readonly addresses: readonly ListenAddress[];
  /**
   * Reads again what a node reads from files (users, certificates). What is bad is logged and
   * changes nothing; resolves when all threads have been told.
   */
  reload(): Promise<void>;
  /** Drains: no new connections, commands in flight answered; settles when all threads ended. */
  stop(): Promise<void>;
  /**
   * Settles when the node has ended: resolves after `stop()`, rejects with the reason when a thread
   * died by a bug. It may have died with a lock in hand, so the process must then end at once.
   */
  readonly ended: Promise<void>;
}

/**
 * Starts a node in this process: its store, and its threads in one pool.
 *
 * Rejects with a CodedError: ERR_PORT_TAKEN, ERR_PORT_FORBIDDEN, ERR_ADDRESS_UNAVAILABLE,
 * ERR_SOCKET_PATH, ERR_MEMORY, ERR_USER_FILE, ERR_CERTIFICATE.
 */
export async function startNode(
  options: ServerOptions,
  { log = silentLogger }: { readonly log?: Logger } = {},
): Promise<NodeHandle> {
  const wanted = addressesOf(options);
  const sources = userSources(options);
  const keeper = sources === undefined ? undefined : await UserKeeper.open(sources, log);
  const certificates = options.enableSsl ? readCertificates(options, newTicketKeys()) : undefined;
  for (const address of wanted) await probe(address, options);
  const share = allocateStore(options);
  const threads = new NodeThreads(options, share, { users: keeper?.table, certificates }, log);
  try {
    const addresses = await threads.listen(wanted);
    threads.maintain();
    log.info({ addresses, threads: options.threads }, 'node is listening');
    keeper?.watch((table) => threads.tell({ kind: 'users', table }));
    const reload = async () => {
      threads.reloadCertificates();
      await keeper?.reload();
    };
    const endRotation = rotateTicketKeys(threads);
    const stop = () => {
      keeper?.close();
      endRotation();
      return threads.stop();
    };
    return { addresses, reload, stop, ended: threads.ended };
  } catch (error) {
    await threads.stop();
    throw error;
  }
}

/** What was sealed with an old key cannot be opened for ever, should the key come to light. */
function rotateTicketKeys(threads: NodeThreads): () => void {
  const timer = setInterval(() => threads.reloadCertificates(newTicketKeys()), TICKET_KEYS_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Where users come from, when clients must log in. */
function userSources(options: ServerOptions): UserSources | undefined {
  if (!asksForLogin(options)) return undefined;
  const { authFile, enableSasl, saslPwdb } = options;
  return { authFile, saslPwdb: enableSasl ? saslPwdb : '' };
}

function allocateStore(options: ServerOptions): StoreShare {
  try {
    // One more block of counters is the maintainer's.
    return createStore({
      ...options,
      threads: options.threads + 1,
      tunables: tunablesOf(options),
    });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CodedError(
      'ERR_MEMORY',
      `The system did not give ${options.memoryLimitBytes} bytes of memory. Lower -m.`,
      { cause },
    );
  }
}

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
    this.#publish();
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

  /** Says in the cluster entry who the cluster's nodes are, if this node was told. */
  #publish(): void {
    const { clusterNodes, clusterVersion } = this.#options;
    if (clusterNodes.length === 0) return;
    // Seconds only go up, so a node that starts again never tells of an older cluster.
    const version = clusterVersion === 0 ? Math.floor(machineClock.nowMs() / 1000) : clusterVersion;
    const data = clusterBlock(version, clusterNodes.map(memberOf));
    new ConfigTable(this.#config).set({ name: CLUSTER_ENTRY, flags: 0, data });
  }

  /** The first thread picks the ports that are 0; the others share them. */
  async listen(wanted: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    const addresses = await this.#serve(0, wanted);
    const shared = PORT_IS_SHARED && addresses.every(({ kind }) => kind === 'tcp');
    if (!shared && this.#options.threads > 1) {
      this.#log.warn({}, 'connections cannot be spread here: one thread takes them all');
    }
    const others = shared ? this.#options.threads : 1;
    const rest = Array.from({ length: others - 1 }, (_, i) => this.#serve(i + 1, addresses));
    await Promise.all(rest);
    return addresses;
  }

  maintain(): void {
    this.#watch(this.#pool.run({ share: this.#share }, { name: 'maintain' }));
  }

  /** Reads the certificates again for all threads; bad ones change nothing. */
  reloadCertificates(ticketKeys = this.#certificates?.ticketKeys): void {
    if (this.#certificates === undefined || ticketKeys === undefined) return;
    try {
      this.#takeCertificates(readCertificates(this.#options, Buffer.from(ticketKeys)));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#log.warn({ code: error.code }, `the certificates stay as they were: ${error.message}`);
    }
  }

  #takeCertificates(certificates: Certificates): void {
    this.#certificates = certificates;
    this.tell({ kind: 'certificates', certificates });
    this.#log.info({ file: this.#options.sslChainCert }, 'certificates were read anew');
  }

  /** Tells every serving thread. */
  tell(notice: ThreadNotice): void {
    for (const port of this.#ports) port.postMessage(notice);
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

  /** Runs one serving thread; resolves when it listens. */
  #serve(thread: number, listenOn: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    const { port1, port2 } = new MessageChannel();
    const job: ServeJob = {
      share: this.#share,
      thread,
      options: this.#options,
      table: this.#table,
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
      // Piscina's type names another overload of postMessage than the one it calls.
      transferList: [port2] as unknown as StructuredSerializeOptions,
    });
    const listening = this.#report(port1);
    this.#watch(run);
    return Promise.race([listening, run.then(() => [])]);
  }

  /** The first message is the thread's report; what follows are appeals. */
  #report(port: MessagePort): Promise<readonly ListenAddress[]> {
    return new Promise((resolve, reject) => {
      port.once('message', (report: ServeReport) => {
        if (!('addresses' in report)) {
          port.close();
          reject(new CodedError(report.code, report.message));
          return;
        }
        this.#ports.push(port);
        port.on('message', (appeal: NodeAppeal) => this.#hear(appeal));
        port.unref();
        resolve(report.addresses);
      });
    });
  }

  #hear(appeal: NodeAppeal): void {
    switch (appeal.kind) {
      case 'loginFailed': {
        const { address, user } = appeal;
        this.#log.warn({ address, user }, 'a login failed');
        break;
      }
      case 'loginsFailed': {
        const { untold, overloads } = appeal;
        this.#log.warn({ untold, overloads }, 'more logins failed');
        break;
      }
      case 'certificates':
        this.#takeCertificates(appeal.certificates);
        break;
      case 'shutdown':
        this.#log.info({ graceful: appeal.graceful }, 'a client stops this node');
        void this.stop();
    }
  }

  #watch(job: Promise<void>): void {
    this.#jobs.push(job);
    job.catch((reason: unknown) => this.#fail(reason));
  }
}
