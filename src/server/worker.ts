/**
 * The jobs of a node's threads, run by its one pool: `serve` once for each `-t`, and `maintain`.
 * They work on the store directly; messages say only where a thread listens.
 */
import type { Server, Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { MessagePort } from 'node:worker_threads';
import { ByteSink, CodedError, machineClock } from '../base/index.ts';
import { STREAM } from '../commands/index.ts';
import { CONTROL, COUNT, Maintainer, Store, type StoreShare, TURN } from '../store/index.ts';
import { LoginLog, UserGate, type UserTable } from './auth/index.ts';
import { ConfigTable } from './config-table.ts';
import { Connection, type ConnectionTools } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import { EventRings, RingLog } from './event-rings.ts';
import { type ListenAddress, listen } from './listeners.ts';
import { SharedNodeView } from './node-view.ts';
import type { NodeAppeal, ThreadNotice } from './notices.ts';
import type { ServerOptions } from './options.ts';
import { PrefixTable } from './prefix-table.ts';
import { createSessionTools } from './session.ts';
import { type Certificates, contextOptions, listenerOptions, readCertificates } from './tls.ts';
import { adoptSecureSocket, adoptSocket, READ_BUFFER_BYTES } from './transport.ts';
import { Watchers } from './watchers.ts';

const OUTPUT_BUFFER_BYTES = 256 * 1024;
/**
 * How long a node that drains lets a client be that takes nothing; and at the most, within
 * Docker's ten seconds.
 */
const DRAIN_STALL_MS = 2000;
const DRAIN_STALLS_MAX = 4;
/** Between the prefix of a key and the rest (memcached). */
const USUAL_DELIMITER = ':';
const TOO_MANY = Buffer.from('ERROR Too many open connections\r\n');

export interface ServeJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly options: ServerOptions;
  readonly table: SharedArrayBuffer;
  readonly config: SharedArrayBuffer;
  readonly prefixes: SharedArrayBuffer;
  readonly events: SharedArrayBuffer;
  readonly listenOn: readonly ListenAddress[];
  /** Who may log in; undefined when nobody has to. */
  readonly users: UserTable | undefined;
  /** Undefined without TLS. */
  readonly certificates: Certificates | undefined;
  /**
   * Where the thread says that it listens, or why it cannot: one ServeReport; and from then on,
   * where it hears notices and makes appeals.
   */
  readonly port: MessagePort;
}

/** An error's class and code would not survive the way between threads. */
export type ServeReport =
  | { readonly addresses: readonly ListenAddress[] }
  | { readonly code: string; readonly message: string };

/** Serves connections until the node stops and the last of them is gone. */
export async function serve(job: ServeJob): Promise<void> {
  const server = new ThreadServer(job);
  const report = await server.listen(job.listenOn);
  job.port.postMessage(report);
  job.port.on('message', (notice: ThreadNotice) => server.hear(notice));
  // It must not keep a thread alive that has nothing else to do.
  job.port.unref();
  if ('addresses' in report) await stopped(job.share);
  await server.drain();
  job.port.close();
}

/** Keeps the node's clock, and its store in order, until it stops. */
export function maintain({ share }: { readonly share: StoreShare }): void {
  const store = new Store(share, share.layout.threads - 1);
  const { control } = store.arena;
  const maintainer = new Maintainer(store);
  let waitMs: number = TURN.idleMs;
  while (Atomics.wait(control, CONTROL.stop, 0, waitMs) === 'timed-out') {
    store.lifetimes.tick(Math.floor(machineClock.nowMs() / 1000) - store.lifetimes.epoch());
    waitMs = maintainer.turn();
  }
}

/** Settles when the node's stop flag is raised. */
async function stopped(share: StoreShare): Promise<void> {
  const control = new Int32Array(share.memory, 0, CONTROL.bytes / 4);
  await Atomics.waitAsync(control, CONTROL.stop, 0).value;
}

class ThreadServer {
  readonly #job: ServeJob;
  readonly #store: Store;
  readonly #table: ConnectionTable;
  readonly #tools: ConnectionTools;
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #connections = new Set<Connection>();
  readonly #servers: Server[] = [];
  readonly #secureServers: TlsServer[] = [];
  #certificates: Certificates | undefined;
  readonly #gate: UserGate | undefined;
  readonly #log: RingLog;
  #onEmpty = (): void => {};

  constructor(job: ServeJob) {
    const { options } = job;
    const sink = new ByteSink(OUTPUT_BUFFER_BYTES);
    this.#job = job;
    this.#store = new Store(job.share, job.thread);
    this.#table = new ConnectionTable(job.table);
    const startSeconds = this.#store.lifetimes.now();
    const rings = new EventRings(job.events);
    this.#log = new RingLog(rings, job.thread);
    const shared = {
      config: new ConfigTable(job.config),
      prefixes: new PrefixTable(job.prefixes, options.prefixDelimiter[0] ?? USUAL_DELIMITER),
    };
    const node = new SharedNodeView(this.#store, this.#table, options, startSeconds, shared, {
      shutDown: (graceful) => this.#appeal({ kind: 'shutdown', graceful }),
      refreshCertificates: () => this.#refreshCertificates(),
    });
    this.#certificates = job.certificates;
    const loginLog = new LoginLog((news) => this.#appeal(news));
    const onOverload = () => loginLog.overloaded();
    this.#gate = job.users === undefined ? undefined : new UserGate(job.users, { onOverload });
    const rules = {
      ...(this.#gate === undefined ? {} : { gate: this.#gate }),
      loginRules: { textIsClosed: options.saslOnly, attemptsMax: options.loginAttempts },
      flushAllowed: !options.disableFlushAll,
      dumpingAllowed: !options.disableDumping,
      watchingAllowed: !options.disableWatch,
      requestsPerTurn: options.maxReqsPerEvent,
    };
    this.#tools = {
      session: createSessionTools(this.#store, node, rules, sink, this.#log),
      store: this.#store,
      sink,
      sinkBytes: OUTPUT_BUFFER_BYTES,
      spares: [],
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

  /** Takes in what the main thread says to all. */
  hear(notice: ThreadNotice): void {
    if (notice.kind === 'users') this.#gate?.replace(notice.table);
    else this.#takeCertificates(notice.certificates);
  }

  #appeal(appeal: NodeAppeal): void {
    this.#job.port.postMessage(appeal);
  }

  #takeCertificates(certificates: Certificates): void {
    this.#certificates = certificates;
    this.#table.certificatesReadAt = this.#store.lifetimes.now();
    const context = contextOptions(this.#job.options, certificates);
    for (const server of this.#secureServers) server.setSecureContext(context);
  }

  /** `refresh_certs`: a sentence when they cannot be used, and then all stays as it is. */
  #refreshCertificates(): string | undefined {
    if (this.#certificates === undefined) return 'Error TLS not enabled';
    try {
      const { ticketKeys } = this.#certificates;
      const certificates = readCertificates(this.#job.options, Buffer.from(ticketKeys));
      this.#takeCertificates(certificates);
      this.#appeal({ kind: 'certificates', certificates });
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

  /** Takes no more connections, answers what was read, and waits for the clients to leave. */
  async drain(): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.finish();
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      let looks = 0;
      const timer = setInterval(() => {
        const isLast = ++looks === DRAIN_STALLS_MAX;
        for (const connection of this.#connections) {
          if (isLast || !connection.hasTaken()) connection.destroy();
        }
        if (isLast) clearInterval(timer);
      }, DRAIN_STALL_MS).unref();
      this.#onEmpty = () => {
        clearInterval(timer);
        resolve();
      };
    });
  }

  #openSecure(): TlsServer {
    const server = createTlsServer(listenerOptions(this.#job.options, this.#certificates!));
    const { counters } = this.#store;
    // Also those that do not get as far as a handshake count, on each thread.
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
    // Bytes that are no TLS, once the handshake is over.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith('ERR_SSL_')) counters.add(COUNT.ssl_proto_errors);
    });
    const connection = this.#connect(socket, listenAddress);
    connection?.attach(adoptSecureSocket(socket, connection));
  }

  /** A connection in the table; undefined, and the client is told, when that is full. */
  #connect(socket: Socket, listenAddress: string): Connection | undefined {
    const { counters, lifetimes } = this.#store;
    const slot = this.#table.take(describe(socket), listenAddress, lifetimes.now());
    if (slot < 0) {
      counters.add(COUNT.rejected_connections);
      refuse(socket);
      return undefined;
    }
    counters.add(COUNT.total_connections);
    const connection = new Connection(this.#tools, slot, (gone) => this.#forget(gone));
    this.#connections.add(connection);
    if ((this.#log.watched & STREAM.connevents) !== 0) this.#tellConnection('new', slot, '');
    return connection;
  }

  /** `conn_new` and `conn_close`, for those who watch. */
  #tellConnection(what: 'new' | 'close', slot: number, more: string): void {
    const [, transport = '', ip = '', port = '0'] =
      /^(tcp6?|unix):(?:\[?(.*?)\]?:(\d+))?$/.exec(this.#table.addressOf(slot)) ?? [];
    const text = `conn_${what} rip=${ip} rport=${port} transport=${transport}${more} cfd=${slot}`;
    this.#log.tell(STREAM.connevents, text);
  }

  #forget(connection: Connection): void {
    if ((this.#log.watched & STREAM.connevents) !== 0) {
      this.#tellConnection('close', connection.slot, ` reason=${connection.reason}`);
    }

    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty();
  }
}

/** One connection too many: it is told so, and closed without a look at what it sent. */
function refuse(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.end(TOO_MANY, () => socket.destroy());
}

function describe(socket: Socket): string {
  const { remoteAddress, remotePort, remoteFamily } = socket;
  if (remoteAddress === undefined) return 'unix:';
  return remoteFamily === 'IPv6'
    ? `tcp6:[${remoteAddress}]:${remotePort}`
    : `tcp:${remoteAddress}:${remotePort}`;
}
