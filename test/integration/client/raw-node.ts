import { createServer, type Server, type Socket } from 'node:net';

/** How the node replies to the two handshake requests of a new connection. */
export type HandshakeKind = 'meta' | 'classic' | 'silent';

const HANDSHAKE_REPLIES: Readonly<Record<HandshakeKind, ReadonlyMap<string, string>>> = {
  meta: new Map([
    ['version\r\n', 'VERSION 1.6.18\r\n'],
    ['mn\r\n', 'MN\r\n'],
  ]),
  classic: new Map([['version\r\n', 'VERSION 1.4.39\r\n']]),
  silent: new Map(),
};

/** Returns the reply to `text` on connection `nth` (from 1); undefined sends nothing. */
export type ReplyScript = (
  text: string,
  nth: number,
) => string | undefined | Promise<string | undefined>;

/** A node with scripted replies: it calls `reply` for each piece that it receives. */
export class RawNode {
  /** A reply that closes the connection with FIN. */
  static readonly CLOSE = 'close';
  readonly port: number;
  connections = 0;
  /** Connections that the client reset. */
  resets = 0;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, port: number) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = port;
  }

  static async start(
    reply: ReplyScript,
    handshake: HandshakeKind = 'meta',
    { host, port } = { host: '127.0.0.1', port: 0 },
  ): Promise<RawNode> {
    const sockets = new Set<Socket>();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the node has no port');
    const node = new RawNode(server, sockets, address.port);
    server.on('connection', (socket) => {
      const nth = ++node.connections;
      sockets.add(socket);
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') node.resets++;
      });
      socket.on('close', () => sockets.delete(socket));
      socket.on('data', async (bytes) => {
        const text = bytes.toString();
        const bytesOut = HANDSHAKE_REPLIES[handshake].get(text) ?? (await reply(text, nth));
        if (bytesOut === RawNode.CLOSE) socket.end();
        else if (bytesOut !== undefined) socket.write(bytesOut);
      });
    });
    return node;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
