import type { Socket } from 'node:net';

/**
 * The TLS handshakes in progress on one thread. At the limit, a new handshake ends the oldest one:
 * an honest handshake takes milliseconds, so the oldest is one whose client says nothing.
 */
export class Handshakes {
  readonly #max: number;
  readonly #onRefused: () => void;
  /** The sockets before TLS, by client, oldest first. */
  readonly #sockets = new Map<string, Socket>();

  constructor(max: number, onRefused: () => void) {
    this.#max = max;
    this.#onRefused = onRefused;
  }

  begin(socket: Socket): void {
    if (this.#sockets.size === this.#max) this.#endOldest();
    const client = clientOf(socket);
    this.#sockets.set(client, socket);
    socket.once('close', () => {
      if (this.#sockets.get(client) === socket) this.#sockets.delete(client);
    });
  }

  /** The handshake is complete; `socket` may be the TLS socket. */
  complete(socket: Socket): void {
    this.#sockets.delete(clientOf(socket));
  }

  #endOldest(): void {
    const [[client, socket] = []] = this.#sockets;
    if (client === undefined || socket === undefined) return;
    this.#sockets.delete(client);
    socket.destroy();
    this.#onRefused();
  }
}

/** A text that differs between the connections of a thread. */
function clientOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
