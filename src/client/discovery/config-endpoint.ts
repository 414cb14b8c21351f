import { once } from 'node:events';
import { connect as connectPlainly, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';
import type { NodeAddress } from '../topology.ts';
import { decodeConfigReply } from './config-reply.ts';

const COMMAND = 'config get cluster\r\n';
/** For engines older than 1.4.14, which keep the list as an ordinary item. */
const LEGACY_COMMAND = 'get AmazonElastiCache:cluster\r\n';

/** How the endpoints are spoken to. */
export interface EndpointAccess {
  /** Speak TLS, with these options of `tls.connect`; the server's name is the endpoint's host. */
  readonly tls?: ConnectionOptions;
  /**
   * For endpoints that want memcached's ASCII login; the name may have no blank. Others are not
   * sent it: to them it would be a value, for everyone to read.
   */
  readonly login?: { readonly user: string; readonly password: string };
}

/**
 * Asks one node for the data of its cluster entry, on a connection of its own. It has until `signal`,
 * whatever it waits for; afterwards nothing of it is left.
 * @throws {Error} when there is no such data to be had, saying why.
 */
export async function askEndpoint(
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
    return await askForList(new Dialogue(socket), access);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

function open({ connect }: NodeAddress, { tls }: EndpointAccess): Socket {
  const socket =
    tls === undefined ? connectPlainly(connect) : connectSecurely(secure(connect, tls));
  // Whoever waits on the socket is told by what it waits with.
  socket.on('error', () => {});
  return socket;
}

function secure(connect: NodeAddress['connect'], tls: ConnectionOptions): ConnectionOptions {
  const named = 'host' in connect && isIP(connect.host) === 0 ? { servername: connect.host } : {};
  return { ...named, ...tls, ...connect };
}

async function askForList(dialogue: Dialogue, { login }: EndpointAccess): Promise<Buffer> {
  let data = await dialogue.ask(COMMAND, entryOf);
  if (data === LOCKED && login !== undefined) {
    await logIn(dialogue, login);
    data = await dialogue.ask(COMMAND, entryOf);
  }
  if (data === NO_ENTRY) data = await dialogue.ask(LEGACY_COMMAND, entryOf);
  if (typeof data !== 'symbol') return data;
  if (data === LOCKED) throw new Error('it wants a login: it answered "unauthenticated"');
  throw new Error('it has no list of nodes (is it told of its cluster?)');
}

async function logIn(
  dialogue: Dialogue,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<void> {
  const token = `${user} ${password}`;
  const request = `set auth 0 0 ${Buffer.byteLength(token)}\r\n${token}\r\n`;
  const line = await dialogue.ask(request, lineOf);
  if (line !== 'STORED') throw new Error(`it refused the login: ${line}`);
}

const NO_ENTRY = Symbol('no entry');
/** Nothing is answered before a login. */
const LOCKED = Symbol('locked');

/** The entry's data, why there is none, or undefined while it is not all there. */
function entryOf(received: Buffer): Buffer | typeof NO_ENTRY | typeof LOCKED | undefined {
  const reply = decodeConfigReply(received);
  switch (reply.kind) {
    case 'incomplete':
      return undefined;
    case 'entry':
      return reply.data;
    case 'none':
      return NO_ENTRY;
    case 'refused':
      if (/unauthenticated/.test(reply.line)) return LOCKED;
      throw new Error(`it answered ${JSON.stringify(reply.line)}`);
    case 'malformed':
      throw new Error(`it answered nonsense: ${reply.reason}`);
  }
}

function lineOf(received: Buffer): string | undefined {
  const end = received.indexOf('\r\n');
  if (end < 0 && received.length > 512) throw new Error('it answered a line without an end');
  return end < 0 ? undefined : received.toString('latin1', 0, end);
}

/** One request after the other, and what comes back for each. */
class Dialogue {
  readonly #socket: Socket;
  readonly #pieces: AsyncIterator<unknown>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#pieces = socket[Symbol.asyncIterator]();
  }

  /** Sends `request` and collects bytes until `read` makes something of them; it bounds them. */
  async ask<T>(request: string, read: (received: Buffer) => T | undefined): Promise<T> {
    this.#socket.write(request);
    let received: Buffer = Buffer.alloc(0);
    for (;;) {
      const { done, value } = await this.#pieces.next();
      if (done === true) throw new Error('it closed the connection');
      received = Buffer.concat([received, value as Buffer]);
      const answer = read(received);
      if (answer !== undefined) return answer;
    }
  }
}
