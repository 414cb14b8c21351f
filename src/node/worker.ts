/**
 * The jobs of a node's threads, which its one pool runs: `serve` once for each of the `-t` worker
 * threads, and `maintain` once. All threads use the store directly; messages between a worker
 * thread and the main thread carry only what thread-messages.ts lists.
 */
import type { MessagePort } from 'node:worker_threads';
import { ByteSink, CodedError, machineClock } from '../base/index.ts';
import {
  type Certificates,
  ConnectionTable,
  createSessionContext,
  type ListenAddress,
  LoginLog,
  readCertificates,
  ThreadServer,
  UserAuthenticator,
  type UserTable,
} from '../server/index.ts';
import { CONTROL, MAINTAINER_SLEEP, Maintainer, Store, type StoreShare } from '../store/index.ts';
import { SharedNodeView } from './control/node-view.ts';
import type { ServerOptions } from './options/server-flags.ts';
import { ConfigTable } from './shared/config-table.ts';
import { EventRings, RingLog } from './shared/event-rings.ts';
import { PrefixTable } from './shared/prefix-table.ts';
import { Watchers } from './shared/watchers.ts';
import type { MainToWorker, WorkerToMain } from './thread-messages.ts';

const OUTPUT_BUFFER_BYTES = 256 * 1024;
/** The character that ends the prefix of a key (memcached's default). */
const DEFAULT_PREFIX_DELIMITER = ':';

export interface ServeJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly options: ServerOptions;
  readonly connectionTable: SharedArrayBuffer;
  readonly config: SharedArrayBuffer;
  readonly prefixes: SharedArrayBuffer;
  readonly events: SharedArrayBuffer;
  readonly listenOn: readonly ListenAddress[];
  /** The users; undefined if the node requires no login. */
  readonly users: UserTable | undefined;
  /** Undefined without TLS. */
  readonly certificates: Certificates | undefined;
  /**
   * The channel to the main thread. The first message is the thread's ServeReport; then it carries
   * MainToWorker and WorkerToMain messages.
   */
  readonly port: MessagePort;
}

/**
 * The addresses of a worker thread, or why it cannot listen. A message between threads would lose
 * the class and the code of an error, so the report carries them as fields.
 */
export type ServeReport =
  | { readonly addresses: readonly ListenAddress[] }
  | { readonly code: string; readonly message: string };

/** Serves connections until the node stops and the last of them has closed. */
export async function serve(job: ServeJob): Promise<void> {
  const worker = new Worker(job);
  const report = await worker.listen(job.listenOn);
  job.port.postMessage(report);
  job.port.on('message', (message: MainToWorker) => worker.handle(message));
  // The port alone must not keep the thread alive.
  job.port.unref();
  if ('addresses' in report) await untilStopped(job.share);
  await worker.drain();
  job.port.close();
}

/** Advances the node's clock and maintains its store until the node stops. */
export function maintain({ share }: { readonly share: StoreShare }): void {
  const store = new Store(share, share.layout.threads - 1);
  const { control } = store.arena;
  const maintainer = new Maintainer(store);
  let waitMs: number = MAINTAINER_SLEEP.idleMs;
  while (Atomics.wait(control, CONTROL.stop, 0, waitMs) === 'timed-out') {
    store.clock.tick(Math.floor(machineClock.nowMs() / 1000) - store.clock.epoch());
    waitMs = maintainer.runSlice();
  }
}

/** Resolves once the node has raised its stop flag. */
async function untilStopped(share: StoreShare): Promise<void> {
  const control = new Int32Array(share.memory, 0, CONTROL.bytes / 4);
  await Atomics.waitAsync(control, CONTROL.stop, 0).value;
}

/** One worker thread: its sockets, and its messages with the main thread. */
class Worker {
  readonly #job: ServeJob;
  readonly #store: Store;
  readonly #table: ConnectionTable;
  readonly #server: ThreadServer;
  #certificates: Certificates | undefined;
  readonly #authenticator: UserAuthenticator | undefined;

  constructor(job: ServeJob) {
    const { options } = job;
    const sink = new ByteSink(OUTPUT_BUFFER_BYTES);
    this.#job = job;
    this.#store = new Store(job.share, job.thread);
    this.#table = new ConnectionTable(job.connectionTable);
    const startSeconds = this.#store.clock.now();
    const rings = new EventRings(job.events);
    const log = new RingLog(rings, job.thread);
    const shared = {
      config: new ConfigTable(job.config),
      prefixes: new PrefixTable(
        job.prefixes,
        options.prefixDelimiter[0] ?? DEFAULT_PREFIX_DELIMITER,
      ),
    };
    const node = new SharedNodeView(this.#store, this.#table, options, startSeconds, shared, {
      shutDown: (graceful) => this.#sendToMain({ kind: 'shutdown', graceful }),
      refreshCertificates: () => this.#refreshCertificates(),
    });
    this.#certificates = job.certificates;
    const loginLog = new LoginLog((report) => this.#sendToMain(report));
    const onOverload = () => loginLog.overloaded();
    this.#authenticator =
      job.users === undefined ? undefined : new UserAuthenticator(job.users, { onOverload });
    const rules = {
      ...(this.#authenticator === undefined ? {} : { authenticator: this.#authenticator }),
      loginRules: { refusesText: options.saslOnly, attemptsMax: options.loginAttempts },
      flushAllowed: !options.disableFlushAll,
      dumpingAllowed: !options.disableDumping,
      watchingAllowed: !options.disableWatch,
      requestsPerTurn: options.maxReqsPerEvent,
    };
    const context = {
      session: createSessionContext(this.#store, node, rules, sink, log),
      store: this.#store,
      sink,
      outputBufferBytes: OUTPUT_BUFFER_BYTES,
      outputPool: [],
      watchers: new Watchers(rings),
      table: this.#table,
      loginFailed: (slot: number, user: string) =>
        loginLog.failed(this.#table.addressOf(slot), user),
    };
    this.#server = new ThreadServer(options, context, job.certificates, log);
  }

  async listen(addresses: readonly ListenAddress[]): Promise<ServeReport> {
    try {
      return { addresses: await this.#server.listen(addresses) };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return { code: error.code, message: error.message };
    }
  }

  drain(): Promise<void> {
    return this.#server.drain();
  }

  /** Applies a message of the main thread. */
  handle(message: MainToWorker): void {
    if (message.kind === 'users') this.#authenticator?.replace(message.table);
    else this.#useCertificates(message.certificates);
  }

  #sendToMain(message: WorkerToMain): void {
    this.#job.port.postMessage(message);
  }

  #useCertificates(certificates: Certificates): void {
    this.#certificates = certificates;
    this.#table.certificatesReadAt = this.#store.clock.now();
    this.#server.useCertificates(certificates);
  }

  /** `refresh_certs`: returns an error line, and changes nothing, if the new files are unusable. */
  #refreshCertificates(): string | undefined {
    if (this.#certificates === undefined) return 'Error TLS not enabled';
    try {
      const { ticketKeys } = this.#certificates;
      const certificates = readCertificates(this.#job.options, Buffer.from(ticketKeys));
      this.#useCertificates(certificates);
      this.#sendToMain({ kind: 'certificates', certificates });
      return undefined;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return `Error ${error.message}`;
    }
  }
}
