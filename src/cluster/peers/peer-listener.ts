import type { Logger } from '../../base/index.ts';
import { checkIdentity, type PeerIdentity } from './identity.ts';
import type { Accept, PeerMachine, PeerPort } from './machine.ts';
import { type ConnectionContext, PeerConnection, type PeerService } from './peer-connection.ts';
import { LISTENER_LIMITS, type ListenerLimits } from './peer-limits.ts';

interface ListenerDeps {
  readonly machine: PeerMachine;
  readonly log: Logger;
  readonly limits?: Partial<ListenerLimits>;
}

/** Accepts the connections of peers for one thread. */
export class PeerListener {
  readonly #deps: ListenerDeps;
  readonly #context: ConnectionContext;
  readonly #limits: ListenerLimits;
  readonly #connections = new Set<PeerConnection>();
  /** Connections before the end of their handshake, from the oldest. */
  readonly #handshakes = new Set<PeerConnection>();
  #port: PeerPort | undefined;
  #isClosed = false;

  constructor(identity: PeerIdentity, service: PeerService, deps: ListenerDeps) {
    checkIdentity(identity);
    this.#deps = deps;
    this.#limits = { ...LISTENER_LIMITS, ...deps.limits };
    this.#context = {
      identity,
      service,
      machine: deps.machine,
      limits: this.#limits,
      settled: (connection) => this.#handshakes.delete(connection),
      closed: (connection, reason) => this.#closed(connection, reason),
    };
  }

  readonly #accept: Accept = (open, from) => {
    const isFull = this.#connections.size >= this.#limits.connectionsMax;
    const [oldest] = this.#handshakes;
    if (isFull || this.#handshakes.size >= this.#limits.handshakesMax) {
      oldest?.destroy('too many peers connect at the same time');
    }
    const connection = new PeerConnection(this.#context, open, from);
    this.#connections.add(connection);
    this.#handshakes.add(connection);
    if (this.#connections.size > this.#limits.connectionsMax || this.#isClosed) {
      connection.destroy(`there are ${this.#limits.connectionsMax} connections of peers already`);
    }
  };

  /**
   * Starts to accept. The first thread of a node is `alone`: it checks that no other program has
   * the port, and with port 0 the kernel chooses one, which the other threads then share.
   * @returns the port.
   * @throws {CodedError} `ERR_PORT_TAKEN`, `ERR_PEER_PORT`.
   */
  async listen(host: string, port: number, alone: boolean): Promise<number> {
    const opened = await this.#deps.machine.listen(host, port, alone, this.#accept);
    if (this.#isClosed) opened.close();
    else this.#port = opened;
    return opened.port;
  }

  /** The peers that are connected. */
  get connections(): ReadonlySet<PeerConnection> {
    return this.#connections;
  }

  /** Closes the connections of peers that the service accepts no longer. */
  recheck(): void {
    for (const connection of this.#connections) {
      const { isOpen, name, incarnation } = connection;
      if (!isOpen || this.#context.service.accepts(name, incarnation)) continue;
      connection.destroy('it is no member of the topology any more, or an older incarnation');
    }
  }

  /** Stops accepting, and closes all connections. */
  close(): void {
    this.#isClosed = true;
    this.#port?.close();
    for (const connection of this.#connections) connection.destroy();
  }

  #closed(connection: PeerConnection, reason: string | undefined): void {
    this.#connections.delete(connection);
    if (reason === undefined) return;
    const { name, from } = connection;
    const peer = name === '' ? `a peer at ${from}` : `the peer ${name} at ${from}`;
    this.#deps.log.warn({ from, peer: name }, `Closed the connection of ${peer}: ${reason}.`);
  }
}
