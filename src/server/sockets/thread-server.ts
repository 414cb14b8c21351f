import { isIPv6, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { type EventLog, STREAM } from '../../commands/index.ts';
import { COUNT } from '../../store/index.ts';
import { Connection } from './connection.ts';
import { Handshakes } from './handshakes.ts';
import {
  type ListenAddress,
  listenerText,
  type TcpListenAddress,
  tcpText,
  withoutMapping,
} from './listen-address.ts';
import { acceptedOptions, type ListenOptions, listen } from './listeners.ts';
import { SilenceGuard, type SilenceOptions } from './silence-guard.ts';
import type { ThreadContext } from './thread-context.ts';
import {
  type CertificateOptions,
  type Certificates,
  contextOptions,
  listenerOptions,
} from './tls.ts';
import { adoptSecureSocket, adoptSocket } from './transport.ts';

/**
 * A draining node closes a connection whose client read nothing between two checks, and every
 * connection at the last check: after 8 s, within the ten seconds that Docker allows.
 */
const DRAIN_CHECK_INTERVAL_MS = 2000;
const DRAIN_CHECKS_MAX = 4;
const TOO_MANY_CONNECTIONS_REPLY = Buffer.from('ERROR Too many open connections\r\n');

/** The options of a node that its listeners and connections obey. */
interface SocketOptions extends ListenOptions, CertificateOptions, SilenceOptions {
  /** TLS handshakes in progress on all threads. */
  readonly tlsHandshakes: number;
  readonly threads: number;
}

/** The listeners and connections of one worker thread. */
export class ThreadServer {
  readonly #options: SocketOptions;
  readonly #context: ThreadContext;
  readonly #log: EventLog;
  readonly #connections = new Set<Connection>();
  readonly #closers: (() => void)[] = [];
  readonly #secureServers: TlsServer[] = [];
  /** Undefined without TLS. */
  #certificates: Certificates | undefined;
  readonly #silence: SilenceGuard;
  readonly #handshakes: Handshakes;
  #onEmpty = (): void => {};

  constructor(
    options: SocketOptions,
    context: ThreadContext,
    certificates: Certificates | undefined,
    log: EventLog,
  ) {
    this.#options = options;
    this.#context = context;
    this.#certificates = certificates;
    this.#log = log;
    this.#handshakes = new Handshakes(handshakesPerThread(options), () => {
      context.store.counters.add(COUNT.ssl_handshakes_refused);
      context.refused('handshakes');
    });
    this.#silence = new SilenceGuard(options, {
      connections: this.#connections,
      table: context.table,
      clock: context.store.clock,
      counters: context.store.counters,
      refused: context.refused,
    });
  }

  /** New connections get these certificates; open connections keep theirs. */
  useCertificates(certificates: Certificates): void {
    this.#certificates = certificates;
    const context = contextOptions(this.#options, certificates);
    for (const server of this.#secureServers) server.setSecureContext(context);
  }

  /** Opens the listeners; resolves with their addresses, with the ports that the kernel chose. */
  async listen(addresses: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    const listened: ListenAddress[] = [];
    for (const address of addresses) {
      const opened = await listen(address, this.#options, {
        plain: (socket, on) => this.#accept(socket, on),
        secure: (socket, on) => this.#acceptSecure(socket, on),
        openSecure: (to) => this.#openSecure(to),
      });
      this.#closers.push(opened.close);
      listened.push(opened.address);
    }
    this.#silence.start();
    return listened;
  }

  /**
   * Stops accepting, replies to the requests already read, and waits until all connections close.
   */
  async drain(): Promise<void> {
    this.#silence.stop();
    for (const close of this.#closers) close();
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

  #openSecure({ needsClientCertificate }: TcpListenAddress): TlsServer {
    const options = listenerOptions(this.#options, this.#certificates!, needsClientCertificate);
    const server = createTlsServer({
      ...acceptedOptions(this.#options),
      ...options,
      allowHalfOpen: false,
    });
    const { counters } = this.#context.store;
    server.on('connection', (socket: Socket) => this.#handshakes.begin(socket));
    server.on('tlsClientError', (_error, socket) => {
      counters.add(COUNT.ssl_handshake_errors);
      socket.destroy();
    });
    this.#secureServers.push(server);
    return server;
  }

  #accept(socket: Socket, on: ListenAddress): void {
    const connection = this.#connect(socket, on);
    connection?.attach(adoptSocket(socket, this.#context.readBuffer, connection));
  }

  #acceptSecure(socket: TLSSocket, on: ListenAddress): void {
    this.#handshakes.complete(socket);
    // Until here, FIN ends the handshake.
    socket.allowHalfOpen = true;
    const { counters } = this.#context.store;
    if (!socket.isSessionReused()) counters.add(COUNT.ssl_new_sessions);
    // An invalid TLS record after the handshake.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith('ERR_SSL_')) counters.add(COUNT.ssl_proto_errors);
    });
    const connection = this.#connect(socket, on);
    connection?.attach(adoptSecureSocket(socket, connection));
  }

  /** Adds a connection to the table. If the table is full, refuses it and returns undefined. */
  #connect(socket: Socket, on: ListenAddress): Connection | undefined {
    const { store, table } = this.#context;
    const { address, family } = peerOf(socket);
    const listenAddress = listenerText(on, family);
    const slot = table.take(address, listenAddress, store.clock.now());
    if (slot < 0) {
      store.counters.add(COUNT.rejected_connections);
      rejectConnection(socket);
      return undefined;
    }
    store.counters.add(COUNT.total_connections);
    const { protocol = 'auto' } = on;
    const remove = (closed: Connection): void => this.#remove(closed);
    const connection = new Connection(this.#context, slot, protocol, remove);
    this.#connections.add(connection);
    this.#context.debugLog?.debug({ connection: slot, address, listenAddress }, 'client connected');
    if ((this.#log.watchedStreams & STREAM.connevents) !== 0) this.#publish('new', slot, '');
    return connection;
  }

  /** Publishes `conn_new` or `conn_close` to the watchers. */
  #publish(what: 'new' | 'close', slot: number, details: string): void {
    const [, transport = '', ip = '', port = '0'] =
      /^(tcp6?|unix):(?:\[?(.*?)\]?:(\d+))?$/.exec(this.#context.table.addressOf(slot)) ?? [];
    const peer = `rip=${ip} rport=${port} transport=${transport}`;
    this.#log.publish(STREAM.connevents, `conn_${what} ${peer}${details} cfd=${slot}`);
  }

  #remove(connection: Connection): void {
    if ((this.#log.watchedStreams & STREAM.connevents) !== 0) {
      this.#publish('close', connection.slot, ` reason=${connection.closeReason}`);
    }
    const { slot, closeReason: reason } = connection;
    this.#context.debugLog?.debug({ connection: slot, reason }, 'connection closed');
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty();
  }
}

function handshakesPerThread({ tlsHandshakes, threads }: SocketOptions): number {
  return Math.ceil(tlsHandshakes / threads);
}

/** Refuses a connection beyond the limit: sends the error line, ignores all input, and closes. */
function rejectConnection(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.end(TOO_MANY_CONNECTIONS_REPLY, () => socket.destroy());
}

/** The address of a client as memcached shows it; a client of a Unix socket has none. */
function peerOf(socket: Socket): { address: string; family: 'IPv4' | 'IPv6' } {
  const { remoteAddress, remotePort = 0 } = socket;
  if (remoteAddress === undefined) return { address: 'unix:', family: 'IPv4' };
  const host = withoutMapping(remoteAddress);
  return { address: tcpText(host, remotePort), family: isIPv6(host) ? 'IPv6' : 'IPv4' };
}
