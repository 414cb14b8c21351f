import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Bounds the connections of a server. A further one ends the one that has waited the longest for a
 * request: silent clients then keep neither a probe nor a scraper out.
 */
export class ConnectionBound {
  readonly #max: number;
  /** By the address of the client: with TLS a request has another socket than its connection. */
  readonly #waiting = new Map<string, Socket>();
  readonly #busy = new Map<string, Socket>();

  constructor(server: Server, max: number) {
    this.#max = max;
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  /** The connection of the request waits for another one as soon as `end` is called. */
  begin({ socket }: IncomingMessage): { readonly end: () => void } {
    const client = clientOf(socket);
    move(client, this.#waiting, this.#busy);
    return { end: () => move(client, this.#busy, this.#waiting) };
  }

  #add(socket: Socket): void {
    const client = clientOf(socket);
    if (this.#waiting.size + this.#busy.size >= this.#max) {
      const [oldest] = this.#waiting;
      if (oldest === undefined) {
        socket.destroy();
        return;
      }
      this.#waiting.delete(oldest[0]);
      oldest[1].destroy();
    }
    this.#waiting.set(client, socket);
    socket.once('close', () => {
      for (const sockets of [this.#waiting, this.#busy]) {
        if (sockets.get(client) === socket) sockets.delete(client);
      }
    });
  }
}

const clientOf = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress} ${remotePort}`;

function move(client: string, from: Map<string, Socket>, to: Map<string, Socket>): void {
  const socket = from.get(client);
  if (socket === undefined) return;
  from.delete(client);
  to.set(client, socket);
}
