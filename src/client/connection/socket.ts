import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import type { NodeAddress } from '../../topology/index.ts';

/**
 * All sockets read into this buffer: the client decodes or copies the bytes before the next read.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** TLS options of the connections to the nodes. */
export interface TlsOptions {
  /** Trusted CA certificates (PEM). Default: the CAs that Node.js trusts. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** The client's certificate and key (PEM), for nodes that require a client certificate. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  /** The name that the node's certificate must contain. Default: the node's host name. */
  readonly servername?: string;
  /** Default: TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

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

/** Connects. It resolves the name at each connect, so a node may return at another address. */
export function openSocket(
  { connect: address }: NodeAddress,
  { tls, keepAliveMs, lookup }: SocketOptions,
  resumption: TlsResumption,
  events: SocketEvents,
): Socket {
  const onread = {
    buffer: READ_BUFFER,
    callback: (length: number): boolean => {
      events.data(READ_BUFFER, length);
      return true;
    },
  };
  const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  const options = { ...address, ...tcp, ...(lookup && { lookup }), onread };
  const socket =
    tls === undefined
      ? connect(options)
      : connectTls({ ...options, ...serverNameOf(address), ...(tls as object), ...resumption });
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
  return socket;
}

/** The host name that the client announces (SNI), so that the node can choose its certificate. */
function serverNameOf(address: NodeAddress['connect']): { readonly servername?: string } {
  return 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {};
}

/**
 * Ends a connection to a silent node. Over plain TCP a reset discards unsent requests, so a frozen
 * node that resumes does not execute them after newer writes. The node still executes requests that
 * its kernel has received: closing a connection cannot undo them.
 */
export function abandon(socket: Socket): void {
  const isPlainTcp = !(socket instanceof TLSSocket) && socket.remoteFamily !== undefined;
  if (isPlainTcp) socket.resetAndDestroy();
  else socket.destroy();
}
