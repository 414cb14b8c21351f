import { randomBytes } from 'node:crypto';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { CodedError, machineClock, threadClock } from '../../base/index.ts';
import { NONCE_BYTES } from '../../protocol/peer.ts';
import {
  adoptSocket,
  connectSocket,
  READ_BUFFER_BYTES,
  THREADS_SHARE_PORT,
  type Transport,
  type TransportEvents,
} from '../../server/index.ts';
import { parseAddress } from '../../topology/index.ts';
import { hrtimeMs } from '../thread/cluster-share.ts';

export interface PeerTimer {
  cancel(): void;
}

/** Opens an accepted connection; it reports nothing before this call returns. */
export type Accept = (open: (events: TransportEvents) => Transport, from: string) => void;

/** An open port. */
export interface PeerPort {
  readonly port: number;
  /** Stops accepting; accepted connections stay. */
  close(): void;
}

/**
 * What links and listeners take from the machine: sockets, timers and random numbers. A simulation
 * has one of its own. Transports report nothing before the call that creates them returns.
 */
export interface PeerMachine {
  /** Connects to `host:port`. A connection that cannot be made closes with an error, later. */
  connect(address: string, events: TransportEvents): Transport;
  /**
   * Listens. Several threads may listen on one port (`THREADS_SHARE_PORT`): the first of them is
   * `alone`, and checks that no other program has the port; port 0 lets the kernel choose.
   */
  listen(host: string, port: number, alone: boolean, accept: Accept): Promise<PeerPort>;
  setTimer(onFire: () => void, delayMs: number): PeerTimer;
  /** Milliseconds; never falls. */
  nowMs(): number;
  /** The Unix time in milliseconds. */
  unixMs(): number;
  /** The same of a clock that all threads of the process share. */
  sharedMs(): number;
  /** Runs it soon, after what has arrived was read. */
  soon(run: () => void): void;
  /** A random number in [0, 1), for jitter. */
  random(): number;
  /** NONCE_BYTES bytes that nobody can guess and that never come again. */
  nonce(): Buffer;
}

const BACKLOG = 511;
/** After so long without traffic the kernel asks whether the other machine is still there. */
const KEEP_ALIVE_MS = 10_000;
const SOCKET_OPTIONS = {
  ...{ allowHalfOpen: true, noDelay: true },
  ...{ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
};

/** The machine that runs the process. Each thread has one, with one read buffer. */
export function peerMachine(): PeerMachine {
  const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  return {
    connect: (address, events) =>
      connectSocket({ ...hostAndPort(address), ...SOCKET_OPTIONS }, readBuffer, events),
    listen: (host, port, alone, accept) => listenOn(host, port, alone, readBuffer, accept),
    setTimer: startTimer,
    nowMs: () => threadClock.nowMs(),
    unixMs: () => machineClock.nowMs(),
    sharedMs: hrtimeMs,
    soon: (run) => void setImmediate(run),
    random: () => Math.random(),
    nonce: () => randomBytes(NONCE_BYTES),
  };
}

/** A timer fires after what has arrived by then was read: an unread reply is not a late one. */
function startTimer(onFire: () => void, delayMs: number): PeerTimer {
  let immediate: NodeJS.Immediate | undefined;
  const timeout = setTimeout(() => {
    immediate = setImmediate(onFire);
  }, delayMs);
  return {
    cancel: () => {
      clearTimeout(timeout);
      clearImmediate(immediate);
    },
  };
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const address = parseAddress(text);
  if ('path' in address || address.port === undefined) {
    throw new CodedError('ERR_PEER_ADDRESS', `The peer address ${text} is not host:port.`);
  }
  return { host: address.host, port: address.port };
}

async function listenOn(
  host: string,
  port: number,
  alone: boolean,
  readBuffer: Buffer,
  accept: Accept,
): Promise<PeerPort> {
  if (alone && port !== 0 && THREADS_SHARE_PORT) {
    const probe = await listening(createServer(), host, port, false);
    await new Promise((closed) => probe.close(closed));
  }
  const server = createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true });
  server.on('connection', (socket: Socket) => {
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    accept((events) => adoptSocket(socket, readBuffer, events), from);
  });
  await listening(server, host, port, THREADS_SHARE_PORT);
  const found = server.address();
  const bound = found !== null && typeof found === 'object' ? found.port : port;
  return { port: bound, close: () => void server.close() };
}

function listening(
  server: Server,
  host: string,
  port: number,
  reusePort: boolean,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenErrorOf(error, host, port));
    });
    const on = host === '' ? {} : { host, ipv6Only: isIPv6(host) };
    server.listen({ ...on, port, backlog: BACKLOG, reusePort }, () => {
      server.removeAllListeners('error');
      // An accept that fails for want of memory (ENOBUFS) concerns one peer.
      server.on('error', () => {});
      resolve(server);
    });
  });
}

function listenErrorOf(cause: NodeJS.ErrnoException, host: string, port: number): CodedError {
  const where = host === '' ? `port ${port}` : `port ${port} of ${host}`;
  if (cause.code === 'EADDRINUSE') {
    const text = `Another program already listens on ${where}, the peer port. Choose another one.`;
    return new CodedError('ERR_PORT_TAKEN', text, { cause });
  }
  const text = `Cannot listen on ${where} for peers: ${cause.message}.`;
  return new CodedError('ERR_PEER_PORT', text, { cause });
}
