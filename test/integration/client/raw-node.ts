import { createServer, type Server, type Socket } from 'node:net';

/** How a node greets: what it answers to the two questions of a new connection. */
export type Greeting = 'meta' | 'classic' | 'silent';

const GREETINGS: Readonly<Record<Greeting, ReadonlyMap<string, string>>> = {
  meta: new Map([
    ['version\r\n', 'VERSION 1.6.18\r\n'],
    ['mn\r\n', 'MN\r\n'],
  ]),
  classic: new Map([['version\r\n', 'VERSION 1.4.39\r\n']]),
  silent: new Map(),
};

/** Sees what came in, and on which connection (from 1); undefined is silence. */
export type Answer = (
  text: string,
  nth: number,
) => string | undefined | Promise<string | undefined>;

/** A node that says what a test wants it to: for each piece that comes in, the answer. */
export class RawNode {
  /** An answer that closes the connection. */
  static readonly CLOSE = 'close';
  readonly port: number;
  connections = 0;
  /** Connections that were reset by the other side. */
  resets = 0;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, port: number) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = port;
  }

  static async start(
    answer: Answer,
    greeting: Greeting = 'meta',
    { host, port } = { host: '127.0.0.1', port: 0 },
  ): Promise<RawNode> {
    const sockets = new Set<Socket>();
    const server = createServer();
    await new Promise<void>((listening) => server.listen(port, host, listening));
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
        const reply = GREETINGS[greeting].get(text) ?? (await answer(text, nth));
        if (reply === RawNode.CLOSE) socket.end();
        else if (reply !== undefined) socket.write(reply);
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
    await new Promise((closed) => this.#server.close(closed));
  }
}
