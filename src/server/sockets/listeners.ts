import { rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import {
  connect,
  createServer,
  type Server,
  type Socket,
  type ListenOptions as SocketListenOptions,
} from 'node:net';
import type { TLSSocket } from 'node:tls';
import { CodedError } from '../../base/index.ts';

import { type ListenAddress, listenAddressOf } from './listen-address.ts';

/** The options that say where a node listens. */
export interface ListenOptions {
  readonly unixSocket: string;
  readonly unixMask: number;
  /** Addresses of TCP listeners; none means every interface. */
  readonly listen: readonly string[];
  readonly port: number;
  readonly listenBacklog: number;
  /** Whether TCP listeners use TLS. */
  readonly enableSsl: boolean;
}

/** Whether the kernel balances connections over the threads that share a port (SO_REUSEPORT). */
export const THREADS_SHARE_PORT = process.platform === 'linux' || process.platform === 'freebsd';

/** The listeners that the options request; the kernel chooses the number of a port 0 later. */
export function listenAddressesOf(options: ListenOptions): readonly ListenAddress[] {
  if (options.unixSocket !== '') return [{ kind: 'unix', path: options.unixSocket }];
  const { listen, port, enableSsl } = options;
  if (listen.length === 0) return [{ kind: 'tcp', host: '', port, secure: enableSsl }];
  return listen.map((text) => listenAddressOf(text, port, enableSsl));
}

/**
 * Checks that the node can listen on an address. The threads share their port, so they would not
 * notice another program that listens on it: this check listens once without sharing.
 * @throws {CodedError} `ERR_PORT_TAKEN`, `ERR_PORT_FORBIDDEN`, `ERR_ADDRESS_UNAVAILABLE` or
 *   `ERR_SOCKET_PATH`.
 */
export async function checkAddress(address: ListenAddress, options: ListenOptions): Promise<void> {
  if (address.kind === 'unix') {
    await clearStaleSocket(address.path);
    return;
  }
  if (address.port === 0) return;
  const server = createServer();
  await listening(server, { ...tcpOptions(address, options), reusePort: false }, address);
  await new Promise((closed) => server.close(closed));
}

/** The handlers that a listener passes its connections to. */
interface AcceptHandlers {
  readonly plain: (socket: Socket, listenAddress: string) => void;
  /** Called after the handshake. */
  readonly secure: (socket: TLSSocket, listenAddress: string) => void;
  /** Creates a TLS server that does not listen yet. */
  readonly openSecure: () => Server;
}

const ACCEPTED = { pauseOnConnect: true, allowHalfOpen: true, noDelay: true };

/** Listens for one thread; resolves with the address, with the port that the kernel chose. */
export async function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: AcceptHandlers,
): Promise<{ server: Server; address: ListenAddress }> {
  const isSecure = address.kind === 'tcp' && address.secure;
  const server = isSecure ? accept.openSecure() : createServer(ACCEPTED);
  if (address.kind === 'unix') {
    await listening(server, { path: address.path, backlog: options.listenBacklog }, address);
    await chmod(address.path, options.unixMask);
    server.on('connection', (socket) => accept.plain(socket, `unix:${address.path}`));
    return { server, address };
  }
  await listening(server, tcpOptions(address, options), address);
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
  const host = address.host === '' ? '0.0.0.0' : address.host;
  const where = `tcp:${host}:${port}`;
  if (isSecure) server.on('secureConnection', (socket: TLSSocket) => accept.secure(socket, where));
  else server.on('connection', (socket) => accept.plain(socket, where));
  return { server, address: { ...address, port } };
}

function tcpOptions(
  address: { readonly host: string; readonly port: number },
  options: ListenOptions,
): SocketListenOptions {
  const host = address.host === '' ? {} : { host: address.host };
  const { port } = address;
  return { ...host, port, backlog: options.listenBacklog, reusePort: THREADS_SHARE_PORT };
}

function listening(server: Server, on: SocketListenOptions, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenErrorOf(error, address)));
    server.listen(on, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** Turns a system error into an error that says what failed and what to do. */
function listenErrorOf(error: NodeJS.ErrnoException, address: ListenAddress): Error {
  const cause = { cause: error };
  if (address.kind === 'unix') {
    const reason = error.code === 'EADDRINUSE' ? 'another program listens on it' : error.message;
    return new CodedError(
      'ERR_SOCKET_PATH',
      `Cannot listen on the Unix socket ${address.path}: ${reason}. Choose another path with -s.`,
      cause,
    );
  }
  const { host, port } = address;
  const where = host === '' ? `port ${port}` : `port ${port} of ${host}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new CodedError(
        'ERR_PORT_TAKEN',
        `Another program already listens on ${where}. Choose another port with -p (--port).`,
        cause,
      );
    case 'EACCES':
      return new CodedError(
        'ERR_PORT_FORBIDDEN',
        `The node may not listen on ${where}. Choose a port above 1023 with -p (--port).`,
        cause,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CodedError(
        'ERR_ADDRESS_UNAVAILABLE',
        `This machine has no address ${host}. Choose one of its addresses with -l (--listen).`,
        cause,
      );
    default:
      return error;
  }
}

/** Removes a socket file that no program listens on, as memcached does. */
async function clearStaleSocket(path: string): Promise<void> {
  const isInUse = await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
      resolve(false);
    });
  });
  const taken = Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
  if (isInUse) throw listenErrorOf(taken, { kind: 'unix', path });
}
