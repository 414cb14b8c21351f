/**
 * The jobs of a node's threads, which its one pool runs: `serve` once for each of the `-t` worker
 * threads, and `maintain` once. All threads use the store directly; messages between a worker
 * thread and the main thread carry only what thread-messages.ts lists.
 */
import type { Server, Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { MessagePort } from 'node:worker_threads';
import { ByteSink, CodedError } from '../base/index.ts';
import { STREAM } from '../commands/index.ts';
import {
  COUNT,
  maintainStore,
  openStore,
  StopFlag,
  type Store,
  type StoreShare,
} from '../store/index.ts';
import { LoginLog, UserAuthenticator, type UserTable } from './auth/index.ts';
import { ConfigTable } from './config-table.ts';
import { Connection, type ThreadContext } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import { EventRings, RingLog } from './event-rings.ts';
import type { ListenAddress } from './listen-address.ts';
import { listen } from './listeners.ts';
import { SharedNodeView } from './node-view.ts';
import type { ServerOptions } from './options.ts';
import { PrefixTable } from './prefix-table.ts';
import { createSessionContext } from './session.ts';
import type { MainToWorker, WorkerToMain } from './thread-messages.ts';
import { type Certificates, contextOptions, listenerOptions, readCertificates } from './tls.ts';
import { adoptSecureSocket, adoptSocket, READ_BUFFER_BYTES } from './transport.ts';
import { Watchers } from './watchers.ts';

const OUTPUT_BUFFER_BYTES = 256 * 1024;
/**
 * A draining node closes a connection whose client read nothing between two checks, and every
 * connection at the last check: after 8 s, within the ten seconds that Docker allows.
 */
const DRAIN_CHECK_INTERVAL_MS = 2000;
const DRAIN_CHECKS_MAX = 4;
/** The character that ends the prefix of a key (memcached's default). */
const DEFAULT_PREFIX_DELIMITER = ':';
const TOO_MANY_CONNECTIONS_REPLY = Buffer.from('ERROR Too many open connections\r\n');

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
  const server = new ThreadServer(job);
  const report = await server.listen(job.listenOn);
  job.port.postMessage(report);
  job.port.on('message', (message: MainToWorker) => server.handle(message));
  // The port alone must not keep the thread alive.
  job.port.unref();
  if ('addresses' in report) await new StopFlag(job.share).whenRaised();
  await server.drain();
  job.port.close();
}

/** Advances the node's clock and maintains its store until the node stops. */
export function maintain({ share }: { readonly share: StoreShare }): void {
  maintainStore(share);
}

/** The listeners and connections of one worker thread. */
class ThreadServer {
  readonly #job: ServeJob;
  readonly #store: Store;
  readonly #table: ConnectionTable;
  readonly #context: ThreadContext;
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #connections = new Set<Connection>();
  readonly #servers: Server[] = [];
  readonly #secureServers: TlsServer[] = [];
  #certificates: Certificates | undefined;
  readonly #authenticator: UserAuthenticator | undefined;
  readonly #log: RingLog;
  #onEmpty = (): void => {};

  constructor(job: ServeJob) {
    const { options } = job;
    const sink = new ByteSink(OUTPUT_BUFFER_BYTES);
    this.#job = job;
    this.#store = openStore(job.share, job.thread);
    this.#table = new ConnectionTable(job.connectionTable);
    const startSeconds = this.#store.clock.now();
    const rings = new EventRings(job.events);
    this.#log = new RingLog(rings, job.thread);
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
    this.#context = {
      session: createSessionContext(this.#store, node, rules, sink, this.#log),
      store: this.#store,
      sink,
      outputBufferBytes: OUTPUT_BUFFER_BYTES,
      outputPool: [],
      watchers: new Watchers(rings),
      table: this.#table,
      loginFailed: (slot, user) => loginLog.failed(this.#table.addressOf(slot), user),
    };
  }

  async listen(addresses: readonly ListenAddress[]): Promise<ServeReport> {
    try {
      return { addresses: await this.#open(addresses) };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return { code: error.code, message: error.message };
    }
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
    const context = contextOptions(this.#job.options, certificates);
    for (const server of this.#secureServers) server.setSecureContext(context);
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

  async #open(addresses: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    const listened: ListenAddress[] = [];
    for (const address of addresses) {
      const opened = await listen(address, this.#job.options, {
        plain: (socket, on) => this.#accept(socket, on),
        secure: (socket, on) => this.#acceptSecure(socket, on),
        openSecure: () => this.#openSecure(),
      });
      this.#servers.push(opened.server);
      listened.push(opened.address);
    }
    return listened;
  }

  /**
   * Stops accepting, replies to the requests already read, and waits until all connections close.
   */
  async drain(): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.finish();
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      let checks = 0;
      const timer = setInterval(() => {
        const isLast = ++checks === DRAIN_CHECKS_MAX;
        for (const connection of this.#connections) {
          if (isLast || !connection.takeProgress()) connection.destroy();
        }
        if (isLast) clearInterval(timer);
      }, DRAIN_CHECK_INTERVAL_MS).unref();
      this.#onEmpty = () => {
        clearInterval(timer);
        resolve();
      };
    });
  }

  #openSecure(): TlsServer {
    const server = createTlsServer(listenerOptions(this.#job.options, this.#certificates!));
    const { counters } = this.#store;
    // The table does not count connections before their handshake: this bounds them, on each
    // thread.
    server.maxConnections = this.#table.limit;
    server.on('tlsClientError', (_error, socket) => {
      counters.add(COUNT.ssl_handshake_errors);
      socket.destroy();
    });
    this.#secureServers.push(server);
    return server;
  }

  #accept(socket: Socket, listenAddress: string): void {
    const connection = this.#connect(socket, listenAddress);
    connection?.attach(adoptSocket(socket, this.#readBuffer, connection));
  }

  #acceptSecure(socket: TLSSocket, listenAddress: string): void {
    const { counters } = this.#store;
    if (!socket.isSessionReused()) counters.add(COUNT.ssl_new_sessions);
    // An invalid TLS record after the handshake.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith('ERR_SSL_')) counters.add(COUNT.ssl_proto_errors);
    });
    const connection = this.#connect(socket, listenAddress);
    connection?.attach(adoptSecureSocket(socket, connection));
  }

  /** Adds a connection to the table. If the table is full, refuses it and returns undefined. */
  #connect(socket: Socket, listenAddress: string): Connection | undefined {
    const { counters, clock } = this.#store;
    const slot = this.#table.take(peerAddressOf(socket), listenAddress, clock.now());
    if (slot < 0) {
      counters.add(COUNT.rejected_connections);
      rejectConnection(socket);
      return undefined;
    }
    counters.add(COUNT.total_connections);
    const connection = new Connection(this.#context, slot, (closed) => this.#remove(closed));
    this.#connections.add(connection);
    if ((this.#log.watchedStreams & STREAM.connevents) !== 0) this.#logConnection('new', slot, '');
    return connection;
  }

  /** Publishes `conn_new` or `conn_close` to the watchers. */
  #logConnection(what: 'new' | 'close', slot: number, details: string): void {
    const [, transport = '', ip = '', port = '0'] =
      /^(tcp6?|unix):(?:\[?(.*?)\]?:(\d+))?$/.exec(this.#table.addressOf(slot)) ?? [];
    const peer = `rip=${ip} rport=${port} transport=${transport}`;
    this.#log.publish(STREAM.connevents, `conn_${what} ${peer}${details} cfd=${slot}`);
  }

  #remove(connection: Connection): void {
    if ((this.#log.watchedStreams & STREAM.connevents) !== 0) {
      this.#logConnection('close', connection.slot, ` reason=${connection.closeReason}`);
    }
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty();
  }
}

/** Refuses a connection beyond the limit: sends the error line, ignores all input, and closes. */
function rejectConnection(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.end(TOO_MANY_CONNECTIONS_REPLY, () => socket.destroy());
}

function peerAddressOf(socket: Socket): string {
  const { remoteAddress, remotePort, remoteFamily } = socket;
  if (remoteAddress === undefined) return 'unix:';
  return remoteFamily === 'IPv6'
    ? `tcp6:[${remoteAddress}]:${remotePort}`
    : `tcp:${remoteAddress}:${remotePort}`;
}
