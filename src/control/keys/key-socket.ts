/** The socket of a running manager for its access keys: it holds the state file alone. */
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CodedError } from '../../base/index.ts';
import { StateFile } from '../state/state-file.ts';
import { executeKeyOrder, type KeyOrder, type KeyReply, readKeyOrder } from './key-orders.ts';

const SOCKET = 'keys.sock';
export const STATE = 'slabring.db';
const CONNECTIONS_MAX = 4;
const LINE_CHARS_MAX = 16 * 1024;
const REQUEST_MS_MAX = 5000;
/** Permissions of the socket: only this user connects. */
const OWNER_ONLY = 0o177;

type Answer = { readonly reply: KeyReply } | { readonly code: string; readonly reason: string };

/** Takes orders for the access keys, each on a line, from processes of this user. */
export class KeySocket {
  readonly #server: Server;
  readonly #state: StateFile;

  private constructor(state: StateFile) {
    this.#state = state;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** @throws {CodedError} `ERR_CONTROL_SOCKET` if it cannot listen. */
  static async open(data: string, state: StateFile): Promise<KeySocket> {
    const socket = new KeySocket(state);
    const path = join(data, SOCKET);
    // A manager that was killed has left it: nobody else has the state file now.
    rmSync(path, { force: true });
    await socket.#listen(path);
    return socket;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const why = `slabring manage cannot listen on ${path}: ${cause.message}.`;
        reject(new CodedError('ERR_CONTROL_SOCKET', why, { cause }));
      });
      const mask = process.umask(OWNER_ONLY);
      this.#server.listen(path, resolve);
      process.umask(mask);
    });
  }

  #accept(socket: Socket): void {
    socket.setEncoding('utf8');
    socket.setTimeout(REQUEST_MS_MAX, () => socket.destroy());
    socket.on('error', () => {});
    let line = '';
    socket.on('data', (piece: string) => {
      line += piece;
      if (line.length > LINE_CHARS_MAX) socket.destroy();
      else if (line.endsWith('\n')) socket.end(JSON.stringify(this.#answer(line)));
    });
  }

  #answer(line: string): Answer {
    try {
      const order = readKeyOrder(line);
      if (order === undefined) throw new CodedError('ERR_USAGE', 'There is no such order.');
      return { reply: executeKeyOrder(order, this.#state) };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return { code: error.code, reason: error.message };
    }
  }
}

/**
 * Has an order made by the manager that runs with a folder, or in the state of the folder if none
 * runs.
 * @throws {CodedError} what the order throws, `ERR_STATE_FILE`, or `ERR_CONTROL_SOCKET`
 */
export async function orderKeys(data: string, order: KeyOrder): Promise<KeyReply> {
  const answer = await askManager(join(data, SOCKET), order);
  if (answer !== undefined) {
    if ('reply' in answer) return answer.reply;
    throw new CodedError(answer.code, answer.reason);
  }
  const state = StateFile.open(join(data, STATE));
  try {
    return executeKeyOrder(order, state);
  } finally {
    state.close();
  }
}

/** Undefined: no manager listens. */
async function askManager(path: string, order: KeyOrder): Promise<Answer | undefined> {
  const socket = createConnection({ path });
  socket.setTimeout(REQUEST_MS_MAX, () => socket.destroy(new Error('it does not reply')));
  try {
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (!isThere) return undefined;
    socket.write(`${JSON.stringify(order)}\n`);
    return JSON.parse(await text(socket)) as Answer;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const sentence = `The manager at ${path} gave no answer: ${why}. See whether it runs.`;
    throw new CodedError('ERR_CONTROL_SOCKET', sentence, { cause });
  } finally {
    socket.destroy();
  }
}
