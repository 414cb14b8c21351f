import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a proxy does to the connections that go through it from now on. */
export type Fault =
  | { readonly kind: 'none' }
  /** Closes each new connection at once. */
  | { readonly kind: 'reset' }
  /** Takes everything and answers nothing. */
  | { readonly kind: 'stall' }
  /** Passes so many bytes of the replies, then resets. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Passes so many bytes of the replies, then says FIN, as a server that ends in order. */
  | { readonly kind: 'end'; readonly afterBytes: number }
  /** Passes so many bytes of the requests, then resets. */
  | { readonly kind: 'cut-requests'; readonly afterBytes: number }
  /** Passes every piece of the replies twice, after so many that pass once. */
  | { readonly kind: 'double'; readonly afterPieces: number }
  /** Loses one piece of the replies, after so many that pass. */
  | { readonly kind: 'lose'; readonly afterPieces: number }
  /** Says FIN at once and goes on reading: half open. */
  | { readonly kind: 'half-open' }
  /** Passes replies a byte at a time. */
  | { readonly kind: 'trickle' }
  /** Answers the first bytes with these, whatever they ask. */
  | { readonly kind: 'answer'; readonly bytes: string };

/** The way of the replies of one connection. */
interface ReplyWay {
  /** Bytes that still pass; what comes after them is held. */
  passes: number;
  readonly held: Buffer[];
  readonly client: Socket;
}

/** A TCP proxy on 127.0.0.1 in front of one server, that makes trouble on demand. */
export class FaultProxy {
  readonly port: number;
  /** Bytes that stalled connections have taken. */
  stalledBytes = 0;
  #fault: Fault = { kind: 'none' };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What stalls each connection that goes through. */
  readonly #stalls = new Set<() => void>();
  readonly #ways = new Set<ReplyWay>();

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

  /** From now on, for new connections; those that are there go on as they were. */
  set(fault: Fault): void {
    this.#fault = fault;
  }

  /** From now on, nothing passes on the connections that are there; new ones stall too. */
  stall(): void {
    this.#fault = { kind: 'stall' };
    for (const stall of this.#stalls) stall();
  }

  /** On the connections that are there, so many more bytes of the replies pass; the rest is held. */
  hold(afterBytes: number): void {
    for (const way of this.#ways) way.passes = afterBytes;
  }

  /** Bytes of replies that are held. */
  get heldBytes(): number {
    return [...this.#ways].flatMap(({ held }) => held).reduce((sum, { length }) => sum + length, 0);
  }

  /** Lets pass what was held. */
  release(): void {
    for (const way of this.#ways) {
      way.passes = Number.POSITIVE_INFINITY;
      for (const bytes of way.held.splice(0)) way.client.write(bytes);
    }
  }

  /** Resets every connection that goes through. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.resetAll();
    await new Promise((closed) => this.#server.close(closed));
  }

  #serve(client: Socket, targetPort: number): void {
    const fault = this.#fault;
    this.#hold(client);
    if (fault.kind === 'reset') {
      client.resetAndDestroy();
      return;
    }
    if (fault.kind === 'stall') {
      this.#swallow(client);
      return;
    }
    if (fault.kind === 'half-open') {
      client.resume();
      client.end();
      return;
    }
    if (fault.kind === 'answer') {
      client.once('data', () => client.write(fault.bytes));
      return;
    }
    const server = connect({ port: targetPort, host: '127.0.0.1' });
    this.#hold(server);
    this.#passRequests(client, server, fault);
    const stall = (): void => {
      client.removeAllListeners('data');
      server.removeAllListeners('data');
      this.#swallow(client);
    };
    this.#stalls.add(stall);
    const way = { passes: Number.POSITIVE_INFINITY, held: [], client };
    this.#ways.add(way);
    client.on('close', () => {
      this.#stalls.delete(stall);
      this.#ways.delete(way);
      server.destroy();
    });
    server.on('close', () => client.destroy());
    this.#passReplies(way, server, fault);
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

  #passReplies(way: ReplyWay, server: Socket, fault: Fault): void {
    const { client } = way;
    let passed = 0;
    let pieces = 0;
    server.on('data', (bytes: Buffer) => {
      const isLast = 'afterBytes' in fault && passed + bytes.length >= fault.afterBytes;
      if (isLast && fault.kind !== 'cut-requests') {
        const end = (): unknown => (fault.kind === 'cut' ? client.resetAndDestroy() : client.end());
        client.write(bytes.subarray(0, fault.afterBytes - passed), end);
        server.pause();
        return;
      }
      passed += bytes.length;
      pieces++;
      if (fault.kind === 'lose' && pieces === fault.afterPieces + 1) return;
      if (fault.kind !== 'trickle') this.#pass(way, bytes);
      else for (const byte of bytes) client.write(Buffer.of(byte));
      if (fault.kind === 'double' && pieces > fault.afterPieces) client.write(bytes);
    });
  }

  #pass(way: ReplyWay, bytes: Buffer): void {
    const now = Math.min(way.passes, bytes.length);
    way.passes -= now;
    if (now > 0) way.client.write(bytes.subarray(0, now));
    if (now < bytes.length) way.held.push(bytes.subarray(now));
  }

  #swallow(client: Socket): void {
    client.on('data', (bytes: Buffer) => {
      this.stalledBytes += bytes.length;
    });
    client.resume();
  }

  #hold(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
