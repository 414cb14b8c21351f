import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { NodeAddress } from '../../topology/index.ts';
import { decodeConfigReply } from './config-reply.ts';

const COMMAND = 'config get cluster\r\n';
/** For engines older than 1.4.14, which store the cluster config as an ordinary item. */
const LEGACY_COMMAND = 'get AmazonElastiCache:cluster\r\n';

/** How to connect to the endpoints. */
export interface EndpointAccess {
  /** Use TLS with these options of `tls.connect`; the server name is the endpoint's host. */
  readonly tls?: ConnectionOptions;
  /**
   * For endpoints that require memcached's ASCII login; the username may not contain a blank. Other
   * endpoints do not receive it: they would store it as a value that every client can read.
   */
  readonly login?: { readonly username: string; readonly password: string };
}

/**
 * Queries one node for its cluster config, on a new connection that closes at the end. The query
 * ends at the latest when `signal` aborts.
 * @throws {Error} with the reason when the node does not send a cluster config.
 */
export async function queryEndpoint(
  endpoint: NodeAddress,
  access: EndpointAccess,
  signal: AbortSignal,
): Promise<Buffer> {
  const socket = open(endpoint, access);
  const abort = (): void => void socket.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    await once(socket, access.tls === undefined ? 'connect' : 'secureConnect');
    return await queryConfig(new EndpointConnection(socket), access);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

function open({ connect }: NodeAddress, { tls }: EndpointAccess): Socket {
  const socket = tls === undefined ? connectTcp(connect) : connectTls(tlsOptionsOf(connect, tls));
  // `once` and the iterator report socket errors; without a listener they would crash the process.
  socket.on('error', () => {});
  return socket;
}

function tlsOptionsOf(connect: NodeAddress['connect'], tls: ConnectionOptions): ConnectionOptions {
  const isName = 'host' in connect && isIP(connect.host) === 0;
  return { ...(isName && { servername: connect.host }), ...tls, ...connect };
}

async function queryConfig(
  connection: EndpointConnection,
  { login }: EndpointAccess,
): Promise<Buffer> {
  let data = await connection.request(COMMAND, decodeEntry);
  if (data === LOGIN_REQUIRED && login !== undefined) {
    await logIn(connection, login);
    data = await connection.request(COMMAND, decodeEntry);
  }
  if (data === NO_ENTRY) data = await connection.request(LEGACY_COMMAND, decodeEntry);
  if (typeof data !== 'symbol') return data;
  if (data === LOGIN_REQUIRED) throw new Error('it requires a login: it replied "unauthenticated"');
  throw new Error('it has no cluster config (start it with --cluster-nodes)');
}

async function logIn(
  connection: EndpointConnection,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const token = `${username} ${password}`;
  const request = `set auth 0 0 ${Buffer.byteLength(token)}\r\n${token}\r\n`;
  const line = await connection.request(request, decodeLine);
  if (line !== 'STORED') throw new Error(`it refused the login: ${line}`);
}

const NO_ENTRY = Symbol('no entry');
/** The node refuses commands before a login. */
const LOGIN_REQUIRED = Symbol('login required');

/** The cluster config, the reason why there is none, or undefined while the reply is incomplete. */
function decodeEntry(
  received: Buffer,
): Buffer | typeof NO_ENTRY | typeof LOGIN_REQUIRED | undefined {
  const reply = decodeConfigReply(received);
  switch (reply.kind) {
    case 'incomplete':
      return undefined;
    case 'entry':
      return reply.data;
    case 'none':
      return NO_ENTRY;
    case 'refused':
      if (/unauthenticated/.test(reply.line)) return LOGIN_REQUIRED;
      throw new Error(`it replied ${JSON.stringify(reply.line)}`);
    case 'malformed':
      throw new Error(`it sent a malformed reply: ${reply.reason}`);
  }
}

function decodeLine(received: Buffer): string | undefined {
  const end = received.indexOf('\r\n');
  if (end < 0 && received.length > 512) throw new Error('it sent a line without an end');
  return end < 0 ? undefined : received.toString('latin1', 0, end);
}

/** A connection for one request after the other. */
class EndpointConnection {
  readonly #socket: Socket;
  readonly #pieces: AsyncIterator<unknown>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#pieces = socket[Symbol.asyncIterator]();
  }

  /**
   * Sends `request` and collects bytes until `decode` returns a reply; `decode` bounds the size.
   */
  async request<T>(request: string, decode: (received: Buffer) => T | undefined): Promise<T> {
    this.#socket.write(request);
    let received: Buffer = Buffer.alloc(0);
    for (;;) {
      const { done, value } = await this.#pieces.next();
      if (done === true) throw new Error('it closed the connection');
      received = Buffer.concat([received, value as Buffer]);
      const reply = decode(received);
      if (reply !== undefined) return reply;
    }
  }
}
