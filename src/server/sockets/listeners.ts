import { lookup } from 'node:dns/promises';
import { chmod } from 'node:fs/promises';
import {
  createServer,
  isIP,
  isIPv6,
  type Server,
  type Socket,
  type ListenOptions as SocketListenOptions,
} from 'node:net';
import type { TLSSocket } from 'node:tls';
import { CodedError } from '../../base/index.ts';
import {
  type ListenAddress,
  type ListenerProtocol,
  listenAddressOf,
  type TcpListenAddress,
} from './listen-address.ts';
import { clearStaleSocket, socketCloser, socketPathError } from './stale-socket.ts';

/** The options that say where a node listens. */
export interface ListenOptions {
  readonly unixSocket: string;
  readonly unixMask: number;
  /** Addresses of TCP listeners; none means every interface. */
  readonly listen: readonly string[];
  readonly port: number;
  readonly listenBacklog: number;
  /** Seconds of silence after which the kernel probes a client; 0 means never. */
  readonly tcpKeepalive: number;
  /** Whether TCP listeners use TLS. */
  readonly enableSsl: boolean;
  /** What clients may send to listeners that say nothing else. */
  readonly protocol: ListenerProtocol;
}

/** Whether the kernel balances connections over the threads that share a port (SO_REUSEPORT). */
export const THREADS_SHARE_PORT = process.platform === 'linux' || process.platform === 'freebsd';

/** The listeners that the options request; the kernel chooses the number of a port 0 later. */
export function listenAddressesOf(options: ListenOptions): readonly ListenAddress[] {
  const { unixSocket, listen, port, enableSsl, protocol } = options;
  const addresses: readonly ListenAddress[] =
    unixSocket === ''
      ? listen.map((text) => listenAddressOf(text, port, enableSsl))
      : [{ kind: 'unix', path: unixSocket }];
  const all = addresses.length > 0 ? addresses : [everyInterface(port, enableSsl)];
  return protocol === 'auto' ? all : all.map((address) => ({ protocol, ...address }));
}

function everyInterface(port: number, secure: boolean): ListenAddress {
  return { kind: 'tcp', host: '', port, secure };
}

/**
 * The addresses to listen on. A name can have several: those that this machine lacks, as an IPv6
 * one without IPv6, do not count while there is another.
 * @throws {CodedError} `ERR_PORT_TAKEN`, `ERR_PORT_FORBIDDEN`, `ERR_ADDRESS_UNAVAILABLE` or
 *   `ERR_SOCKET_PATH`.
 */
export async function usableAddresses(
  requested: readonly ListenAddress[],
  options: ListenOptions,
): Promise<readonly ListenAddress[]> {
  const usable: ListenAddress[] = [];
  for (const address of requested) {
    if (address.kind === 'unix') await clearStaleSocket(address.path);
    const found = address.kind === 'unix' ? [address] : await boundOf(address, options);
    const isNew = (each: ListenAddress) => !usable.some((other) => isSame(each, other));
    usable.push(...found.filter(isNew));
  }
  return usable;
}

async function boundOf(address: TcpListenAddress, options: ListenOptions) {
  const candidates = await resolve(address);
  const bound: TcpListenAddress[] = [];
  let refusal: unknown;
  for (const candidate of candidates) {
    try {
      await checkAddress(candidate, options);
      bound.push(candidate);
    } catch (error) {
      refusal ??= error;
      const isUnavailable = error instanceof CodedError && error.code === 'ERR_ADDRESS_UNAVAILABLE';
      if (!isUnavailable) throw error;
    }
  }
  if (bound.length === 0) throw refusal;
  return bound;
}

async function resolve(address: TcpListenAddress): Promise<readonly TcpListenAddress[]> {
  const { host } = address;
  if (host === '' || isIP(host) !== 0) return [address];
  const found = await lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => {
    throw listenErrorOf(error, address);
  });
  return found.map((each) => ({ ...address, host: each.address }));
}

function isSame(a: ListenAddress, b: ListenAddress): boolean {
  if (a.kind === 'unix') return b.kind === 'unix' && a.path === b.path;
  return b.kind === 'tcp' && a.host === b.host && a.port === b.port && a.port !== 0;
}

/**
 * Checks that the node can listen on an address. The threads share their port, so they would not
 * notice another program that listens on it: this check listens once without sharing.
 */
async function checkAddress(address: TcpListenAddress, options: ListenOptions): Promise<void> {
  const server = createServer();
  await listening(server, { ...tcpOptions(address, options), reusePort: false }, address);
  await new Promise((closed) => server.close(closed));
}

/** The handlers that a listener passes its connections to. */
interface AcceptHandlers {
  readonly plain: (socket: Socket, on: ListenAddress) => void;
  /** Called after the handshake. */
  readonly secure: (socket: TLSSocket, on: ListenAddress) => void;
  /** Creates a TLS server that does not listen yet. */
  readonly openSecure: (address: TcpListenAddress) => Server;
}

/** The options of all accepted sockets. */
export function acceptedOptions({ tcpKeepalive }: Pick<ListenOptions, 'tcpKeepalive'>) {
  return {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: tcpKeepalive > 0,
    keepAliveInitialDelay: tcpKeepalive * 1000,
  };
}

/** An open listener. */
interface Listener {
  readonly server: Server;
  /** With the port that the kernel chose. */
  readonly address: ListenAddress;
  /** Stops accepting. */
  readonly close: () => void;
}

/** Listens for one thread. */
export async function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: AcceptHandlers,
): Promise<Listener> {
  const accepted = { ...acceptedOptions(options), pauseOnConnect: true };
  if (address.kind === 'unix') {
    const server = createServer(accepted);
    await listening(server, { path: address.path, backlog: options.listenBacklog }, address);
    await chmod(address.path, options.unixMask);
    server.on('connection', (socket) => accept.plain(socket, address));
    return { server, address, close: socketCloser(server, address.path) };
  }
  const server = address.secure ? accept.openSecure(address) : createServer(accepted);
  await listening(server, tcpOptions(address, options), address);
  const found = server.address();
  const port = found !== null && typeof found === 'object' ? found.port : address.port;
  const bound = { ...address, port };
  if (address.secure)
    server.on('secureConnection', (socket: TLSSocket) => accept.secure(socket, bound));
  else server.on('connection', (socket) => accept.plain(socket, bound));
  return { server, address: bound, close: () => void server.close() };
}

function tcpOptions(
  address: { readonly host: string; readonly port: number },
  options: ListenOptions,
): SocketListenOptions {
  // As with memcached, a listener on an IPv6 address takes no IPv4 clients.
  const host = address.host === '' ? {} : { host: address.host, ipv6Only: isIPv6(address.host) };
  const { port } = address;
  return { ...host, port, backlog: options.listenBacklog, reusePort: THREADS_SHARE_PORT };
}

function listening(server: Server, on: SocketListenOptions, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenErrorOf(error, address)));
    server.listen(on, () => {
      server.removeAllListeners('error');
      // An accept that fails for want of memory (ENOBUFS) concerns one client.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** Turns a system error into an error that says what failed and what to do. */
function listenErrorOf(error: NodeJS.ErrnoException, address: ListenAddress): Error {
  const cause = { cause: error };
  if (address.kind === 'unix') {
    const reason = error.code === 'EINVAL' ? 'the path is too long' : error.message;
    return socketPathError(address.path, reason, error);
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
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CodedError(
        'ERR_ADDRESS_UNAVAILABLE',
        `The name ${host} has no address (${error.code}). Choose another one with -l (--listen).`,
        cause,
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new CodedError(
        'ERR_ADDRESS_UNAVAILABLE',
        `This machine has no address ${host}. Choose one of its addresses with -l (--listen).`,
        cause,
      );
    default:
      return error;
  }
}
