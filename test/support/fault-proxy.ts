import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a proxy does to each new connection. */
export type Fault =
  | { readonly kind: 'none' }
  /** Resets the connection at once. */
  | { readonly kind: 'reset' }
  /** Reads all requests and never replies. */
  | { readonly kind: 'stall' }
  /** Passes `afterBytes` bytes of the replies, then resets. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Passes `afterBytes` bytes of the replies, then sends FIN, like a server that stops cleanly. */
  | { readonly kind: 'end'; readonly afterBytes: number }
  /** Passes `afterBytes` bytes of the replies, and holds those after them. */
  | { readonly kind: 'hold'; readonly afterBytes: number }
  /** Passes `afterBytes` bytes of the requests, then resets. */
  | { readonly kind: 'cut-requests'; readonly afterBytes: number }
  /** Passes `afterPieces` pieces of the replies once, then every piece twice. */
  | { readonly kind: 'double'; readonly afterPieces: number }
  /** Passes `afterPieces` pieces of the replies, drops one piece, then passes the others. */
  | { readonly kind: 'lose'; readonly afterPieces: number }
  /** Sends FIN at once and goes on reading: the connection is half open. */
  | { readonly kind: 'half-open' }
  /** Passes the replies byte by byte. */
  | { readonly kind: 'trickle' }
  /** Replies to the first request with `bytes`. */
  | { readonly kind: 'reply'; readonly bytes: string };

/** The path of the replies of one connection. */
interface ReplyPath {
  /** The proxy passes this many more bytes, and holds the bytes after them. */
  bytesToPass: number;
  readonly held: Buffer[];
  readonly client: Socket;
}

/** A TCP proxy on 127.0.0.1 in front of one server, which injects faults on demand. */
export class FaultProxy {
  readonly port: number;
  /** The bytes that the proxy has read from stalled connections. */
  stalledBytes = 0;
  #fault: Fault = { kind: 'none' };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The functions that stall each open connection. */
  readonly #stalls = new Set<() => void>();
  readonly #paths = new Set<ReplyPath>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(target: { readonly port: number }): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    const proxy = new FaultProxy(server, address.port);
    server.on('connection', (client) => proxy.#serve(client, target.port));
    return proxy;
  }

  /** Sets the fault of new connections; open connections keep theirs. */
  setFault(fault: Fault): void {
    this.#fault = fault;
  }

  /** Stalls all open connections and all new ones. */
  stall(): void {
    this.#fault = { kind: 'stall' };
    for (const stall of this.#stalls) stall();
  }

  /** Passes `afterBytes` more bytes of the replies on each open connection, and holds the rest. */
  hold(afterBytes: number): void {
    for (const path of this.#paths) path.bytesToPass = afterBytes;
  }

  /** The bytes of replies that the proxy holds. */
  get heldBytes(): number {
    return [...this.#paths]
      .flatMap(({ held }) => held)
      .reduce((sum, { length }) => sum + length, 0);
  }

  /** Passes the held bytes. */
  release(): void {
    for (const path of this.#paths) {
      path.bytesToPass = Number.POSITIVE_INFINITY;
      for (const bytes of path.held.splice(0)) path.client.write(bytes);
    }
  }

  /** Resets every open connection. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.resetAll();
    await new Promise((closed) => this.#server.close(closed));
  }

  #serve(client: Socket, targetPort: number): void {
    const fault = this.#fault;
    this.#track(client);
    if (fault.kind === 'reset') {
      client.resetAndDestroy();
      return;
    }
    if (fault.kind === 'stall') {
      this.#readAndDrop(client);
      return;
    }
    if (fault.kind === 'half-open') {
      client.resume();
      client.end();
      return;
    }
    if (fault.kind === 'reply') {
      client.once('data', () => client.write(fault.bytes));
      return;
    }
    const server = connect({ port: targetPort, host: '127.0.0.1' });
    this.#track(server);
    this.#passRequests(client, server, fault);
    const stall = (): void => {
      client.removeAllListeners('data');
      server.removeAllListeners('data');
      this.#readAndDrop(client);
    };
    this.#stalls.add(stall);
    const bytesToPass = fault.kind === 'hold' ? fault.afterBytes : Number.POSITIVE_INFINITY;
    const path = { bytesToPass, held: [], client };
    this.#paths.add(path);
    client.on('close', () => {
      this.#stalls.delete(stall);
      this.#paths.delete(path);
      server.destroy();
    });
    server.on('close', () => client.destroy());
    this.#passReplies(path, server, fault);
  }

  #passRequests(client: Socket, server: Socket, fault: Fault): void {
    let left = fault.kind === 'cut-requests' ? fault.afterBytes : Number.POSITIVE_INFINITY;
    client.on('data', (bytes: Buffer) => {
      server.write(bytes.subarray(0, Math.min(left, bytes.length)));
      left -= bytes.length;
      if (left <= 0) client.resetAndDestroy();
    });
    client.on('end', () => server.end());
  }

  #passReplies(path: ReplyPath, server: Socket, fault: Fault): void {
    const { client } = path;
    let passed = 0;
    let pieces = 0;
    server.on('data', (bytes: Buffer) => {
      const ends = fault.kind === 'cut' || fault.kind === 'end';
      if (ends && passed + bytes.length >= fault.afterBytes) {
        const end = (): unknown => (fault.kind === 'cut' ? client.resetAndDestroy() : client.end());
        client.write(bytes.subarray(0, fault.afterBytes - passed), end);
        server.pause();
        return;
      }
      passed += bytes.length;
      pieces++;
      if (fault.kind === 'lose' && pieces === fault.afterPieces + 1) return;
      if (fault.kind !== 'trickle') this.#pass(path, bytes);
      else for (const byte of bytes) client.write(Buffer.of(byte));
      if (fault.kind === 'double' && pieces > fault.afterPieces) client.write(bytes);
    });
  }

  #pass(path: ReplyPath, bytes: Buffer): void {
    const passed = Math.min(path.bytesToPass, bytes.length);
    path.bytesToPass -= passed;
    if (passed > 0) path.client.write(bytes.subarray(0, passed));
    if (passed < bytes.length) path.held.push(bytes.subarray(passed));
  }

  #readAndDrop(client: Socket): void {
    client.on('data', (bytes: Buffer) => {
      this.stalledBytes += bytes.length;
    });
    client.resume();
  }

  #track(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
