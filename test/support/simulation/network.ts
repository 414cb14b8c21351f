import type { ClientSocket, SocketEvents } from '../../../src/client/connection/socket.ts';
import { SessionHarness, testShare } from '../session-harness.ts';

/**
 * One connection. A request that the client writes is in the node's queue at once. The simulation
 * decides when the node executes it and when the reply arrives.
 */
export class SimConnection implements ClientSocket {
  readonly remote = undefined;
  readonly node: SimNode;
  readonly #events: SocketEvents;
  readonly replies: string[] = [];
  state: 'connecting' | 'open' | 'closed' = 'connecting';
  readonly writableLength = 0;

  constructor(node: SimNode, events: SocketEvents) {
    this.node = node;
    this.#events = events;
  }

  write(bytes: Buffer): void {
    if (this.state !== 'open') return;
    for (const text of requestsIn(bytes.toString('latin1'))) {
      this.node.queue.push({ connection: this, text });
    }
  }

  /**
   * The client closes the connection. The node still executes the requests that it has received.
   */
  destroy(): void {
    this.state = 'closed';
  }

  abandon(): void {
    this.destroy();
  }

  pause(): void {}

  resume(): void {}

  ref(): void {}

  unref(): void {}

  /** The node's kernel accepts the connection, or refuses it. */
  accept(): void {
    if (this.node.isDisconnected) {
      this.reset();
      return;
    }
    this.state = 'open';
    this.#events.connect();
  }

  deliver(): void {
    const bytes = Buffer.from(this.replies.shift()!, 'latin1');
    this.#events.data(bytes, bytes.length);
  }

  /** The connection is reset. */
  reset(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#events.close(new Error('reset'));
  }

  /**
   * The node closes the connection cleanly (FIN): its last replies arrive, and the requests that it
   * has not read are lost.
   */
  closeCleanly(): void {
    this.node.dropRequests(this, 0);
    while (this.replies.length > 0 && this.state === 'open') this.deliver();
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#events.close(undefined);
  }
}

/** A node: its items, and its requests in the order of their arrival. */
export class SimNode {
  readonly name: string;
  readonly queue: { readonly connection: SimConnection; readonly text: string }[] = [];
  readonly #harness: SessionHarness;
  /** No client can connect to the node. */
  isDisconnected = false;
  /** The node receives requests and executes none. */
  isFrozen = false;

  constructor(name: string, harness: SessionHarness) {
    this.name = name;
    this.#harness = harness;
  }

  /** Executes the request at this index of the queue. */
  execute(at: number): void {
    const [{ connection, text } = { connection: undefined, text: '' }] = this.queue.splice(at, 1);
    const reply = this.#harness.send(text);
    if (connection?.state === 'open') connection.replies.push(reply);
  }

  /** Drops the requests of a connection except the first `keptCount`. */
  dropRequests(connection: SimConnection, keptCount: number): void {
    let seen = 0;
    const kept = this.queue.filter(
      (queued) => queued.connection !== connection || seen++ < keptCount,
    );
    this.queue.splice(0, this.queue.length, ...kept);
  }

  /** The value of the key at this node; undefined if there is none. */
  valueOf(key: string): string | undefined {
    return this.#harness.send(`get ${key}\r\n`).split('\r\n').at(-3);
  }

  evict(key: string): void {
    this.#harness.send(`delete ${key}\r\n`);
  }

  /** Removes every item and every request. */
  flush(): void {
    this.queue.length = 0;
    this.#harness.send('flush_all\r\n');
  }
}

const HARNESSES: SessionHarness[] = [];

/** Nodes and the connections to them, which the simulation advances. */
export class SimNetwork {
  readonly nodes: readonly SimNode[];
  #connections: SimConnection[] = [];

  constructor(names: readonly string[]) {
    this.nodes = names.map((name, i) => {
      HARNESSES[i] ??= new SessionHarness(testShare({ memoryLimitBytes: 2 << 20 }));
      const node = new SimNode(name, HARNESSES[i]);
      node.flush();
      return node;
    });
  }

  /** The connections that are not closed. */
  get connections(): readonly SimConnection[] {
    this.#connections = this.#connections.filter(({ state }) => state !== 'closed');
    return this.#connections;
  }

  open(name: string, events: SocketEvents): SimConnection {
    const connection = new SimConnection(this.nodes.find((node) => node.name === name)!, events);
    this.#connections.push(connection);
    return connection;
  }
}

/** The classic verbs whose request line is followed by a value. */
const STORAGE_VERBS = ['set', 'add', 'replace', 'append', 'prepend', 'cas'];

/** Splits what the client wrote into requests. */
function* requestsIn(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = text.indexOf('\r\n', at) + 2;
    const [verb = '', , ...args] = text.slice(at, end - 2).split(' ');
    if (verb === 'ms') end += Number(args[0]) + 2;
    else if (STORAGE_VERBS.includes(verb)) end += Number(args[2]) + 2;
    yield text.slice(at, end);
    at = end;
  }
}
