/** The socket of a running manager for its access keys: it holds the state file alone. */
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CodedError, type Logger, sha256 } from '../../base/index.ts';
import { openPrivateFolder } from '../../cluster/index.ts';
import { readPolicy } from '../access/iam-policy.ts';
import { failureOf } from '../reconciler/failures.ts';
import { hasState, openState } from '../state/open-state.ts';
import type { StateFile } from '../state/state-file.ts';
import { executeKeyOrder, type KeyOrder, type KeyReply, readKeyOrder } from './key-orders.ts';

const SOCKET = 'keys.sock';
/** A system takes no longer path of a socket: 108 bytes with Linux, 104 with macOS. */
const PATH_BYTES_MAX = 100;
const NAME_CHARS = 24;
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

  /** Undefined if it cannot listen, with a warning: then only a stopped manager gets keys. */
  static async open(data: string, state: StateFile, log: Logger): Promise<KeySocket | undefined> {
    const socket = new KeySocket(state);
    try {
      const path = socketOf(data);
      // A manager that was killed has left it: nobody else has the state file now.
      rmSync(path, { force: true });
      await socket.#listen(path);
      return socket;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, `Access keys cannot change while this manager runs: ${reason}.`);
      return undefined;
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
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
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      return { code: failure.code, reason: failure.message };
    }
  }
}

/** The path of the socket for a folder, which exists. A long one is replaced by a short one. */
function socketOf(data: string): string {
  const folder = realpathSync(data);
  const path = join(folder, SOCKET);
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const short = openPrivateFolder(join(tmpdir(), `slabring-managers-${userInfo().uid}`));
  return join(short, sha256(Buffer.from(folder)).slice(0, NAME_CHARS));
}

/**
 * Has an order made by the manager that runs with a folder, or in the state of the folder if none
 * runs.
 * @throws {CodedError} what the order throws, `ERR_STATE_FILE`, or `ERR_CONTROL_SOCKET`
 */
export async function orderKeys(data: string, order: KeyOrder): Promise<KeyReply> {
  // A text that is too long would not fit into the order.
  if (order.verb === 'add') readPolicy(order.policy);
  const answer = await askManager(data, order);
  if (answer !== undefined) {
    if ('reply' in answer) return answer.reply;
    throw new CodedError(answer.code, answer.reason);
  }
  if (order.verb !== 'add' && !hasState(data)) {
    const sentence = `No manager has run with ${data}: name its folder with --data.`;
    throw new CodedError('ERR_STATE_FILE', sentence);
  }
  const state = openState(data);
  try {
    return executeKeyOrder(order, state);
  } finally {
    state.close();
  }
}

/** Undefined: no manager listens. */
async function askManager(data: string, order: KeyOrder): Promise<Answer | undefined> {
  if (!existsSync(data)) return undefined;
  const path = socketOf(data);
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
