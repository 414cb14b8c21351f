import { connect, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { NodeAddress } from '../topology.ts';

/** One buffer for what any socket reads: it is decoded, or copied, before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** How TLS is to be spoken. */
export interface TlsOptions {
  /** Certificates (PEM) of who may vouch for a node. Default: those that Node.js trusts. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** The client's own certificate and key (PEM), for nodes that ask for one. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  /** The name that the node's certificate must have. Default: the node's host, if it is a name. */
  readonly servername?: string;
  /** Default: TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface SocketOptions {
  readonly tls: TlsOptions | undefined;
  /** Milliseconds of silence after which the kernel begins to ask whether the node is there. */
  readonly keepAliveMs: number;
  /** Finds the addresses of a name, in place of the system's way. */
  readonly lookup: LookupFunction | undefined;
}

/** What is kept from one TLS connection to the next. */
export interface TlsMemory {
  session?: Buffer;
}

/** What a connection hears of its socket. */
export interface SocketEvents {
  /** Ready for bytes: connected, and with TLS its handshake done. */
  readonly connect: () => void;
  /** `bytes[0, length)`, valid only during the call. */
  readonly data: (bytes: Buffer, length: number) => void;
  readonly drain: () => void;
  /** Closed, by whichever side; with an error unless it was in peace. */
  readonly close: (error: Error | undefined) => void;
}

/** Connects. A name is looked up each time, so a node may come back under another address. */
export function openSocket(
  { connect: place }: NodeAddress,
  { tls, keepAliveMs, lookup }: SocketOptions,
  memory: TlsMemory,
  events: SocketEvents,
): Socket {
  const onread = {
    buffer: READ_BUFFER,
    callback: (length: number): boolean => {
      events.data(READ_BUFFER, length);
      return true;
    },
  };
  const keep = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  const options = { ...place, ...keep, ...(lookup && { lookup }), onread };
  const socket =
    tls === undefined
      ? connect(options)
      : connectTls({ ...options, ...(tls as object), ...memory });
  socket.on('session', (session: Buffer) => {
    memory.session = session;
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

/**
 * Ends a connection to a node that is silent. Over TCP by a reset: what is not on its way yet
 * never leaves, so that a node that was only frozen does not carry it out over what was written
 * since. What the node's kernel has received it does carry out: no end of a connection takes that
 * back.
 */
export function abandon(socket: Socket): void {
  const isPlainTcp = !(socket instanceof TLSSocket) && socket.remoteFamily !== undefined;
  if (isPlainTcp) socket.resetAndDestroy();
  else socket.destroy();
}
