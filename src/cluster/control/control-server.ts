import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { CodedError } from '../../base/index.ts';
import type { NodeChanges } from '../changes/node-changes.ts';
import type { LocalCluster } from '../local-cluster.ts';
import { LOCAL_PROXIES_MAX } from '../membership/local-proxies.ts';
import type { ChangeCause } from '../node/main-cluster.ts';
import { type RestartRequest, refusal, restartNodes } from '../rolling-restart.ts';
import { listMembers } from './member-list.ts';
import {
  type ControlReply,
  type ControlRequest,
  LINE_BYTES_MAX,
  type ProxyRequest,
  readRequest,
} from './messages.ts';

/** Those of commands. */
const CONNECTIONS_MAX = 16;
/** What a proxy may leave unread; then it has to begin again. */
const BACKLOG_BYTES_MAX = 4 * 2 ** 20;
/** A client sends its request at once. */
const REQUEST_MS_MAX = 5_000;
/** Permissions of the socket: only this user connects. */
const OWNER_ONLY = 0o177;

interface Supervised {
  readonly cluster: LocalCluster;
  /** The folder of the files that keep the items. */
  readonly folder: string;
  readonly changes: NodeChanges;
}

/**
 * Takes orders for a cluster on a Unix socket: one request in JSON on a line, then replies, each on
 * a line. A process that can connect may restart nodes, so the socket is for this user only.
 */
export class ControlServer {
  readonly #supervised: Supervised;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isChanging = false;

  private constructor(supervised: Supervised) {
    this.#supervised = supervised;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = CONNECTIONS_MAX + LOCAL_PROXIES_MAX;
  }

  /** @throws {CodedError} `ERR_CONTROL_SOCKET` if it cannot listen. */
  static async open(path: string, supervised: Supervised): Promise<ControlServer> {
    const control = new ControlServer(supervised);
    // A supervisor that was killed leaves its socket; the caller knows that nobody listens there.
    rmSync(path, { force: true });
    await control.#listen(path);
    return control;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const text = `The supervisor cannot listen on ${path}: ${cause.message}.`;
        reject(new CodedError('ERR_CONTROL_SOCKET', text, { cause }));
      });
      const mask = process.umask(OWNER_ONLY);
      this.#server.listen(path, resolve);
      process.umask(mask);
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setEncoding('utf8');
    socket.setTimeout(REQUEST_MS_MAX, () => socket.destroy());
    const ended = new AbortController();
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      ended.abort();
    });
    let text = '';
    const onData = (piece: string): void => {
      text += piece;
      if (text.length > LINE_BYTES_MAX) socket.destroy();
      if (!text.includes('\n')) return;
      socket.off('data', onData);
      socket.resume();
      socket.setTimeout(0);
      void this.#answer(text, socket, ended.signal);
    };
    socket.on('data', onData);
  }

  async #answer(line: string, socket: Socket, signal: AbortSignal): Promise<void> {
    const send = (reply: ControlReply): void => {
      if (socket.writableLength > BACKLOG_BYTES_MAX) socket.destroy();
      if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
    };
    try {
      const request = readRequest(line);
      if (request === undefined) throw refusal('The supervisor does not know this request.');
      await this.#execute(request, send, signal);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      send({ event: 'refused', reason: error.message });
    }
    socket.end();
  }

  async #execute(
    request: ControlRequest,
    send: (reply: ControlReply) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { cluster, changes, folder } = this.#supervised;
    switch (request.verb) {
      case 'status':
        return send({
          event: 'status',
          pid: process.pid,
          name: cluster.membership.identity.cluster,
          nodes: statusOf(cluster),
        });
      case 'members':
        return send(await listMembers(cluster));
      case 'identity':
        return send({ event: 'identity', ...cluster.membership.identity });
      case 'follow':
        return followAsProxy(request, cluster, send, signal);
      case 'change':
        return this.#alone(request.dryRun, () => changes.run(request, { onEvent: send, signal }));
      case 'cancel':
        return send({ event: 'given-up', what: await changes.cancel(request.dryRun) });
      case 'restart': {
        const context = { nodes: cluster.nodes, folder, onEvent: send, signal };
        return this.#alone(request.dryRun, () => restartWithItems(request, cluster, context));
      }
    }
  }

  /** One change of the nodes at a time; a dry run changes nothing. */
  async #alone(isDry: boolean, run: () => Promise<void>): Promise<void> {
    if (isDry) return run();
    if (this.#isChanging) {
      throw refusal('Another change of this cluster is under way: wait until it has ended.');
    }
    this.#isChanging = true;
    try {
      await run();
    } finally {
      this.#isChanging = false;
    }
  }
}

const statusOf = ({ nodes }: LocalCluster) =>
  nodes.map(({ name, address, pid, isUp }) => ({ node: name, address, pid, isUp }));

/** Resolves once the proxy has closed its connection. */
function followAsProxy(
  request: ProxyRequest,
  { membership }: LocalCluster,
  send: (reply: ControlReply) => void,
  signal: AbortSignal,
): Promise<void> {
  const publish = (text: string, cause: ChangeCause): void =>
    send({ event: 'topology', text, ...cause });
  const proxy = { ...request, publish };
  send({ event: 'identity', ...membership.identity });
  membership.proxies.join(proxy);
  return new Promise((resolve) => {
    const leave = (): void => {
      membership.proxies.leave(proxy);
      resolve();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}

/** A file keeps the items of one node; copies on other nodes would grow old in the meantime. */
async function restartWithItems(
  request: RestartRequest,
  { membership }: LocalCluster,
  context: Parameters<typeof restartNodes>[1],
): Promise<void> {
  const { replicas = 1 } = membership.keeper?.topology ?? {};
  if (replicas > 1) {
    throw refusal(
      `The cluster has ${replicas} copies of each key, so no node needs a file for its items: ` +
        'use slabring nodes restart.',
    );
  }
  await restartNodes(request, context);
}
