import type { Transport } from '../../../src/server/sockets/transport.ts';
import type { History, KeyOperation, KeyReply, KeyRequest } from './history.ts';
import type { Network, NetworkActor } from './network.ts';
import type { Timer, World } from './world.ts';

/** A client that has no reply by then closes its connection. */
const REPLY_MS_MAX = 4000;
const THINK_MS_MAX = 12;

/** What is on its way: the operations of one request, each of one key. */
interface Asked {
  readonly operations: readonly KeyOperation[];
  readonly timer: Timer;
}

export interface Plan {
  readonly keys: readonly string[];
  /** The addresses of nodes, one of which the client connects to. */
  addresses(): readonly string[];
  /** How many requests the client has on its way at most. */
  readonly depth: number;
  /** A number that no other request sets. */
  newValue(): string;
}

/** A client that speaks Memcached's text protocol with any node, and takes down what it gets. */
export class Client {
  readonly name: string;
  readonly #world: World;
  readonly #network: Network;
  readonly #history: History;
  readonly #plan: Plan;
  readonly #actor: NetworkActor;
  readonly #asked: Asked[] = [];
  /** The CAS ids that it has seen last, by key. */
  readonly #ids = new Map<string, string>();
  #transport: Transport | undefined;
  #connection = 0;
  #input = '';
  errors: string[] = [];
  isStopping = false;

  constructor(name: string, world: World, network: Network, history: History, plan: Plan) {
    this.name = name;
    this.#world = world;
    this.#network = network;
    this.#history = history;
    this.#plan = plan;
    this.#actor = { host: name, isDead: false, heldUntilMs: 0 };
    this.#next();
  }

  /** Whether it waits for nothing. */
  get isIdle(): boolean {
    return this.#asked.length === 0;
  }

  /** Asks for a key, over a connection of its own to this node. */
  static read(
    world: World,
    network: Network,
    history: History,
    address: string,
    key: string,
  ): Client {
    const plan = { keys: [key], addresses: () => [address], depth: 0, newValue: () => '' };
    const client = new Client(`reader ${address}`, world, network, history, plan);
    client.#send([key], { kind: 'get' });
    return client;
  }

  #next(): void {
    if (this.#plan.depth === 0) return;
    this.#world.plan(this.#actor, this.#world.random.fraction() * THINK_MS_MAX, () => {
      if (this.isStopping) return;
      if (this.#asked.length < this.#plan.depth) this.#ask();
      this.#next();
    });
  }

  #ask(): void {
    const { random } = this.#world;
    const key = random.pick(this.#plan.keys);
    const value = this.#plan.newValue();
    const id = this.#ids.get(key);
    const request = random.weighted<KeyRequest | 'getAll'>([
      [5, { kind: 'get' }],
      [1, 'getAll'],
      [3, { kind: 'set', value }],
      [1, { kind: 'add', value }],
      [4, { kind: 'incr', by: 1 }],
      [1, { kind: 'delete' }],
      [id === undefined ? 0 : 2, { kind: 'cas', value, id: id ?? '' }],
    ]);
    if (request === 'getAll') this.#send(this.#plan.keys, { kind: 'get' });
    else this.#send([key], request);
  }

  #send(keys: readonly string[], request: KeyRequest): void {
    this.#transport ??= this.#connect();
    const operations = keys.map((key) => this.#history.begin(this.name, key, request));
    const timer = this.#world.plan(this.#actor, REPLY_MS_MAX, () => this.#disconnect('no reply'));
    this.#asked.push({ operations, timer });
    const bytes = Buffer.from(textOf(keys, request));
    this.#transport.write(bytes, bytes.length);
  }

  #connect(): Transport {
    const connection = ++this.#connection;
    const address = this.#world.random.pick(this.#plan.addresses());
    return this.#network.connect(this.#actor, address, {
      data: (bytes, length) => {
        if (connection === this.#connection) this.#received(bytes.toString('latin1', 0, length));
        return true;
      },
      end: () => {},
      drain: () => {},
      close: () => {
        if (connection === this.#connection) this.#disconnect('closed');
      },
    });
  }

  /** What is on its way has an unknown outcome. */
  #disconnect(reason: string): void {
    const transport = this.#transport;
    this.#transport = undefined;
    this.#connection++;
    this.#input = '';
    for (const { timer } of this.#asked.splice(0)) {
      timer.cancel();
      this.errors.push(reason);
    }
    transport?.destroy();
  }

  #received(text: string): void {
    this.#input += text;
    for (let first = this.#asked[0]; first !== undefined; first = this.#asked[0]) {
      const isGet = first.operations[0]!.request.kind === 'get';
      const end = isGet ? endOfGet(this.#input) : endOfLine(this.#input);
      if (end === 0) return;
      const reply = this.#input.slice(0, end);
      this.#input = this.#input.slice(end);
      this.#asked.shift();
      first.timer.cancel();
      this.#replied(first.operations, reply);
    }
    if (this.#input !== '') throw new Error(`unexpected bytes: ${this.#input}`);
  }

  #replied(operations: readonly KeyOperation[], reply: string): void {
    if (/^(SERVER_)?ERROR|^CLIENT_ERROR/m.test(reply)) {
      this.errors.push(reply.trim());
      return;
    }
    for (const operation of operations) {
      const parsed = replyOf(operation, reply);
      if (parsed.kind === 'hit') this.#ids.set(operation.key, parsed.id);
      this.#history.end(operation, parsed);
    }
  }
}

function textOf(keys: readonly string[], request: KeyRequest): string {
  const [key] = keys;
  switch (request.kind) {
    case 'get':
      return `gets ${keys.join(' ')}\r\n`;
    case 'set':
    case 'add':
      return `${request.kind} ${key} 0 0 ${request.value.length}\r\n${request.value}\r\n`;
    case 'cas':
      return `cas ${key} 0 0 ${request.value.length} ${request.id}\r\n${request.value}\r\n`;
    case 'incr':
      return `incr ${key} ${request.by}\r\n`;
    case 'delete':
      return `delete ${key}\r\n`;
    case 'vanish':
    case 'undo':
      throw new Error('no client asks for that');
  }
}

function replyOf({ key, request }: KeyOperation, reply: string): KeyReply {
  if (request.kind === 'get') {
    const hit = new RegExp(`^VALUE ${key} 0 \\d+ (\\d+)\\r\\n(\\d+) *\\r\\n`, 'm').exec(reply);
    return hit === null ? { kind: 'miss' } : { kind: 'hit', value: hit[2]!, id: hit[1]! };
  }
  const line = reply.trim();
  if (line === 'STORED' || line === 'DELETED') return { kind: 'done' };
  if (line === 'NOT_FOUND') return { kind: 'miss' };
  if (line === 'EXISTS' || line === 'NOT_STORED') return { kind: 'exists' };
  if (/^\d+$/.test(line)) return { kind: 'number', value: line };
  throw new Error(`unexpected reply: ${line}`);
}

/** The end of the first line; 0 if it is not whole. */
const endOfLine = (text: string): number => (text.includes('\r\n') ? text.indexOf('\r\n') + 2 : 0);

/** The end of the reply to a get; 0 if it is not whole. */
function endOfGet(text: string): number {
  const end = /(^|\r\n)END\r\n/.exec(text);
  if (end !== null) return end.index + end[0].length;
  return /^SERVER_ERROR/.test(text) ? endOfLine(text) : 0;
}
