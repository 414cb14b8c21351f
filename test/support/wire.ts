import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectSecurely, createSecureContext, type SecureContext } from 'node:tls';

/** How long a connection waits for a reply before it fails. */
const REPLY_TIMEOUT_MS = 20_000;

/**
 * The request that ends an exchange. Every server replies to it with a line that no other reply
 * contains. It must not follow an incomplete data block, because the server would read it as data;
 * use `sendAndReadToEnd` for such bytes.
 */
const SENTINEL = Buffer.from('version\r\n');
const SENTINEL_REPLY = /(?:^|\n)(VERSION [^\r\n]*\r\n)$/;
const SENTINEL_REPLY_BYTES_MAX = 64;

/** The address of a server, and the CA of its certificate for TLS. */
export type Address = NetConnectOpts & { readonly ca?: Buffer };

/** One context for each CA, because thousands of connections trust the same CA. */
const secureContexts = new WeakMap<Buffer, SecureContext>();

function secureContextOf(ca: Buffer): SecureContext {
  const context = secureContexts.get(ca) ?? createSecureContext({ ca });
  secureContexts.set(ca, context);
  return context;
}

/** A connection that sends and receives bytes; it knows only where a reply ends. */
export class RawConnection {
  readonly socket: Socket;
  readonly #received: Buffer[] = [];
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#onEvent(() => this.#received.push(chunk as Buffer)));
    socket.on('end', () => this.#onEvent(() => (this.#ended = true)));
    socket.on('close', () => this.#onEvent(() => (this.#ended = true)));
    socket.on('error', (error) => this.#onEvent(() => (this.#failure = error)));
  }

  /** Connects, by TLS if the address has a CA. */
  static connect(address: Address): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const options = { ...address, noDelay: true, allowHalfOpen: true };
      const { ca } = address;
      const secure = ca !== undefined;
      const socket = secure
        ? connectSecurely({ ...options, secureContext: secureContextOf(ca) })
        : connect(options);
      socket.once('error', reject);
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Sends each piece in a packet of its own: it waits until the previous piece is written. */
  async sendPieces(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) await new Promise((sent) => this.socket.write(piece, sent));
  }

  /** Sends one or more complete requests; returns exactly the bytes of the replies. */
  async exchange(bytes: Uint8Array | string): Promise<Buffer> {
    this.socket.write(Buffer.concat([Buffer.from(bytes), SENTINEL]));
    const reply = await this.#readUntilComplete('the reply to the sentinel', endsWithSentinelReply);
    return reply.subarray(0, reply.length - sentinelReplyLength(reply));
  }

  /** Reads up to `ending`, included. */
  async readUntil(ending: string): Promise<Buffer> {
    const isComplete = (all: Buffer) => all.includes(ending);
    const all = await this.#readUntilComplete(JSON.stringify(ending), isComplete);
    const end = all.indexOf(ending) + ending.length;
    if (end < all.length) this.#received.unshift(all.subarray(end));
    return all.subarray(0, end);
  }

  /** Reads up to the end of the connection, which the server must close. */
  async readToEnd(): Promise<Buffer> {
    while (!this.#ended) await this.#waitForEvent('the end of the connection');
    return this.#take();
  }

  /** Sends FIN; reads up to the end of the connection. */
  finish(): Promise<Buffer> {
    this.socket.end();
    return this.readToEnd();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #readUntilComplete(what: string, isComplete: (all: Buffer) => boolean): Promise<Buffer> {
    for (;;) {
      const all = this.#take();
      if (isComplete(all)) return all;
      if (all.length > 0) this.#received.push(all);
      if (this.#ended)
        throw new Error(
          `the server closed the connection; expected ${what}, received ${printable(all)}`,
        );
      await this.#waitForEvent(what);
    }
  }

  #waitForEvent(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        const received = printable(this.#take());
        reject(
          new Error(
            `timed out after ${REPLY_TIMEOUT_MS} ms; expected ${what}, received ${received}`,
          ),
        );
      }, REPLY_TIMEOUT_MS);
      this.#wake = () => {
        clearTimeout(timer);
        if (this.#failure !== undefined && !isReset(this.#failure)) reject(this.#failure);
        else resolve();
      };
      if (this.#ended) this.#wake();
    });
  }

  #onEvent(event: () => void): void {
    event();
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #take(): Buffer {
    const all = Buffer.concat(this.#received);
    this.#received.length = 0;
    return all;
  }
}

/**
 * Connects, sends all bytes and FIN, and reads up to the end of the connection. It does not need to
 * know where replies end, so it also suits bytes that desynchronise the stream.
 */
export async function sendAndReadToEnd(
  address: Address,
  pieces: readonly Uint8Array[] | Uint8Array | string,
): Promise<Buffer> {
  const connection = await RawConnection.connect(address);
  try {
    const list = Array.isArray(pieces) ? pieces : [Buffer.from(pieces as Uint8Array | string)];
    await connection.sendPieces(list);
    return await connection.finish();
  } finally {
    connection.destroy();
  }
}

/** Sends complete requests on a connection of their own; returns the replies as latin1 text. */
export async function exchangeOnce(address: Address, requests: string): Promise<string> {
  const connection = await RawConnection.connect(address);
  try {
    return (await connection.exchange(requests)).toString('latin1');
  } finally {
    connection.destroy();
  }
}

/** Bytes as text for a failure message: with escapes, and at most `maxBytes` of them. */
export function printable(bytes: Uint8Array, maxBytes = 400): string {
  const text = JSON.stringify(Buffer.from(bytes.subarray(0, maxBytes)).toString('latin1'));
  return bytes.length > maxBytes ? `${text}… (${bytes.length} bytes)` : text;
}

/** The server closed the connection during a write; the replies that it sent before still count. */
function isReset(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function endsWithSentinelReply(all: Buffer): boolean {
  return sentinelReplyLength(all) > 0;
}

function sentinelReplyLength(all: Buffer): number {
  if (all[all.length - 1] !== 0x0a) return 0;
  const tail = all.subarray(-SENTINEL_REPLY_BYTES_MAX).toString('latin1');
  return SENTINEL_REPLY.exec(tail)?.[1]?.length ?? 0;
}
