import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectSecurely, createSecureContext, type SecureContext } from 'node:tls';

/** A connection waits this long for a reply before it fails, milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * The request that ends an exchange: every server answers it, with a line that no other reply contains.
 * It must not follow an unfinished data block (it would be eaten as data): such bytes belong to `dialogue`.
 */
const SENTINEL = Buffer.from('version\r\n');
const SENTINEL_REPLY = /(?:^|\n)(VERSION [^\r\n]*\r\n)$/;
const SENTINEL_REPLY_BYTES_MAX = 64;

/** Where a server is, and the CA of its certificate if it speaks TLS. */
export type Address = NetConnectOpts & { readonly ca?: Buffer };

/** One for each CA: thousands of connections trust the same. */
const contexts = new WeakMap<Buffer, SecureContext>();

function contextOf(ca: Buffer): SecureContext {
  const context = contexts.get(ca) ?? createSecureContext({ ca });
  contexts.set(ca, context);
  return context;
}

/** One connection that carries bytes and knows no protocol, but for where a reply ends. */
export class RawConnection {
  readonly socket: Socket;
  readonly #received: Buffer[] = [];
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#note(() => this.#received.push(chunk as Buffer)));
    socket.on('end', () => this.#note(() => (this.#ended = true)));
    socket.on('close', () => this.#note(() => (this.#ended = true)));
    socket.on('error', (error) => this.#note(() => (this.#failure = error)));
  }

  /** By TLS when the address names a CA. */
  static connect(address: Address): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const options = { ...address, noDelay: true, allowHalfOpen: true };
      const { ca } = address;
      const secure = ca !== undefined;
      const socket = secure
        ? connectSecurely({ ...options, secureContext: contextOf(ca) })
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

  /** Sends pieces so that each leaves in a packet of its own: the next waits until the last is written. */
  async sendPieces(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) await new Promise((sent) => this.socket.write(piece, sent));
  }

  /** Sends one complete request (or several) and gives back exactly the bytes of the reply. */
  async exchange(bytes: Uint8Array | string): Promise<Buffer> {
    this.socket.write(Buffer.concat([Buffer.from(bytes), SENTINEL]));
    const reply = await this.#untilReply('the reply to the sentinel', endsWithSentinelReply);
    return reply.subarray(0, reply.length - sentinelReplyLength(reply));
  }

  /** The next bytes up to and with `ending`. */
  async readUntil(ending: string): Promise<Buffer> {
    const isComplete = (all: Buffer) => all.includes(ending);
    const all = await this.#untilReply(JSON.stringify(ending), isComplete);
    const end = all.indexOf(ending) + ending.length;
    if (end < all.length) this.#received.unshift(all.subarray(end));
    return all.subarray(0, end);
  }

  /** Everything up to the end, which the server must bring about. */
  async readToEnd(): Promise<Buffer> {
    while (!this.#ended) await this.#more('the end of the connection');
    return this.#take();
  }

  /** Says "no more requests" and gives back everything that still comes. */
  finish(): Promise<Buffer> {
    this.socket.end();
    return this.readToEnd();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #untilReply(what: string, isComplete: (all: Buffer) => boolean): Promise<Buffer> {
    for (;;) {
      const all = this.#take();
      if (isComplete(all)) return all;
      if (all.length > 0) this.#received.push(all);
      if (this.#ended)
        throw new Error(`the server closed the connection before ${what}; got ${show(all)}`);
      await this.#more(what);
    }
  }

  #more(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; got ${show(this.#take())}`));
      }, PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(timer);
        if (this.#failure !== undefined && !isReset(this.#failure)) reject(this.#failure);
        else resolve();
      };
      if (this.#ended) this.#wake();
    });
  }

  #note(event: () => void): void {
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
 * The whole life of one connection: all bytes go out, then FIN, then everything is read up to the end. It needs no
 * guess about where replies end, so it suits bytes that put a stream out of step.
 */
export async function dialogue(
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

/** Bytes as a reader of a test wants them: escapes for what is not printable, long runs shortened. */
export function show(bytes: Uint8Array, most = 400): string {
  const text = JSON.stringify(Buffer.from(bytes.subarray(0, most)).toString('latin1'));
  return bytes.length > most ? `${text}… (${bytes.length} bytes)` : text;
}

/** The server closed while we still wrote: what it answered before still counts. */
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
