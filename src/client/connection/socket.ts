import { connect, isIP, type LookupFunction, Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { NodeAddress } from '../../topology/index.ts';
import type { TlsOptions } from '../option-types/client.ts';

/**
 * All sockets read into this buffer: the client decodes or copies the bytes before the next read.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

export interface SocketOptions {
  readonly tls: TlsOptions | ConnectionOptions | undefined;
  /** After this long without traffic the kernel starts to send TCP keep-alive packets. */
  readonly keepAliveMs: number;
  /** Resolves host names instead of `dns.lookup`. */
  readonly lookup: LookupFunction | undefined;
}

/** The TLS session of the last connection, which the next connection resumes. */
export interface TlsResumption {
  session?: Buffer;
}

/** The events that a socket reports to its connection. */
export interface SocketEvents {
  /** The socket is connected and the TLS handshake, if any, is complete. */
  readonly connect: () => void;
  /** Received `bytes[0, length)`; they are valid only during the call. */
  readonly data: (bytes: Buffer, length: number) => void;
  readonly drain: () => void;
  /** Either side closed the socket; `error` is undefined after a clean close (FIN). */
  readonly close: (error: Error | undefined) => void;
}

/** A connection to a node, as far as the client uses it. */
export interface ClientSocket {
  /** Bytes that the client has written and the kernel has not taken. */
  readonly writableLength: number;
  /** The IP address and the port of the node; undefined before it is connected, and without one. */
  readonly remote: { readonly host: string; readonly port: number } | undefined;
  write(bytes: Buffer): void;
  /** Closes the connection. */
  destroy(): void;
  /**
   * Closes the connection to a silent node. Over plain TCP a reset discards unsent requests, so a
   * frozen node that resumes does not execute them after newer writes. The node still executes
   * requests that its kernel has received: closing a connection cannot undo them.
   */
  abandon(): void;
  /** Reads nothing until `resume`, so that the node waits, too. */
  pause(): void;
  resume(): void;
  /** The socket keeps the process alive, or no longer does. */
  ref(): void;
  unref(): void;
}

/** Connects. It resolves the name at each connect, so a node may return at another address. */
export function openSocket(
  { connect: address }: NodeAddress,
  { tls, keepAliveMs, lookup }: SocketOptions,
  resumption: TlsResumption,
  events: SocketEvents,
): ClientSocket {
  const onread = {
    buffer: READ_BUFFER,
    callback: (length: number): boolean => {
      events.data(READ_BUFFER, length);
      return true;
    },
  };
  const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  const options = { ...address, ...tcp, ...(lookup && { lookup }), onread };
  const secure = { ...options, ...serverNameOf(address), ...(tls as object), ...resumption };
  const socket = opened(() => (tls === undefined ? connect(options) : connectTls(secure)));
  socket.on('session', (session: Buffer) => {
    resumption.session = session;
  });
  let failure: Error | undefined;
  socket.on(tls === undefined ? 'connect' : 'secureConnect', events.connect);
  socket.on('drain', events.drain);
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => events.close(failure));
  return new NodeSocket(socket);
}

/**
 * A failure at once, such as that of a `lookup` which throws, is one of the socket: its caller may
 * be a timer, which must not throw.
 */
function opened(open: () => Socket): Socket {
  try {
    return open();
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error('cannot connect', { cause });
    return new Socket().destroy(error);
  }
}

/** The host name that the client announces (SNI), so that the node can choose its certificate. */
function serverNameOf(address: NodeAddress['connect']): { readonly servername?: string } {
  return 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {};
}

class NodeSocket implements ClientSocket {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  get remote(): ClientSocket['remote'] {
    const { remoteAddress: host, remotePort: port } = this.#socket;
    return host === undefined || port === undefined ? undefined : { host, port };
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  abandon(): void {
    const socket = this.#socket;
    const isPlainTcp = !('encrypted' in socket) && socket.remoteFamily !== undefined;
    if (isPlainTcp) socket.resetAndDestroy();
    else socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }
}
