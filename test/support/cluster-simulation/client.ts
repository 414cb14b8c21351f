import type { Transport } from '../../../src/server/sockets/transport.ts';
import { repliesIn, replyOf, textOf } from './client-text.ts';
import type { History, KeyOperation, KeyRequest } from './history.ts';
import type { Network, NetworkActor } from './network.ts';
import type { Timer, World } from './world.ts';

/** A client that has no reply by then closes its connection. */
const REPLY_MS_MAX = 6000;

/** What clients ask, and how often beside the others; `getAll` asks for all keys at once. */
export type RequestMix = Readonly<
  Record<'get' | 'getAll' | 'peek' | 'set' | 'add' | 'incr' | 'delete' | 'cas' | 'flush', number>
>;

/** What is on its way: the operations of one request, each of one key. */
interface Asked {
  readonly operations: readonly KeyOperation[];
  readonly timer: Timer;
}

export interface Plan {
  readonly keys: readonly string[];
  readonly mix: RequestMix;
  /** The addresses of nodes, one of which the client connects to. */
  addresses(): readonly string[];
  /** How many requests the client has on its way at most. */
  readonly depth: number;
  /** The time between two requests, at most. */
  readonly thinkMs: number;
  /** A value that no other request sets; a number, unless it is long. */
  newValue(): string;
  /** Seconds until an item expires; 0 is never. */
  newTtl(): number;
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
  readonly errors: string[] = [];
  readonly #failed: string[] = [];
  isStopping = false;

  constructor(name: string, world: World, network: Network, history: History, plan: Plan) {
    this.name = name;
    this.#world = world;
    this.#network = network;
    this.#history = history;
    this.#plan = plan;
    this.#actor = { host: name, isDead: false, heldUntilMs: 0 };
    if (plan.depth > 0) this.#next();
  }

  /** Whether it waits for nothing. */
  get isIdle(): boolean {
    return this.#asked.length === 0;
  }

  /** Asks for these keys, one after the other. */
  read(keys: readonly string[]): void {
    for (const key of keys) this.#send([key], { kind: 'get' });
  }

  /** The keys of the requests that have failed since the last call. */
  takeFailed(): readonly string[] {
    return this.#failed.splice(0);
  }

  #next(): void {
    this.#world.plan(this.#actor, this.#world.random.fraction() * this.#plan.thinkMs, () => {
      if (this.isStopping) return;
      if (this.#asked.length < this.#plan.depth) this.#ask();
      this.#next();
    });
  }

  #ask(): void {
    const { random } = this.#world;
    const { keys, mix } = this.#plan;
    const key = random.pick(keys);
    const id = this.#ids.get(key);
    const kind = random.weighted(
      (Object.keys(mix) as (keyof RequestMix)[]).map((name) => [mix[name], name] as const),
    );
    if (kind === 'getAll') this.#send(keys, { kind: 'get' });
    else if (kind === 'flush') this.#send(keys, { kind });
    else if (kind === 'cas' && id === undefined) this.#send([key], { kind: 'get' });
    else this.#send([key], this.#requestOf(kind, id ?? ''));
  }

  #requestOf(kind: Exclude<keyof RequestMix, 'getAll' | 'flush'>, id: string): KeyRequest {
    switch (kind) {
      case 'set':
        return { kind, value: this.#plan.newValue(), ttl: this.#plan.newTtl() };
      case 'add':
        return { kind, value: this.#plan.newValue() };
      case 'cas':
        return { kind, value: this.#plan.newValue(), id };
      case 'incr':
        return { kind, by: 1 };
      default:
        return { kind };
    }
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
    for (const { timer, operations } of this.#asked.splice(0)) {
      timer.cancel();
      this.#fail(operations, reason);
    }
    transport?.destroy();
  }

  #received(text: string): void {
    this.#input += text;
    for (let first = this.#asked[0]; first !== undefined; first = this.#asked[0]) {
      const end = repliesIn(this.#input, first.operations[0]!.request);
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
    const isRefused = /^CLIENT_ERROR/.test(reply);
    if (isRefused) for (const operation of operations) this.#history.cancel(operation);
    if (isRefused || /^(SERVER_)?ERROR/m.test(reply)) {
      this.#fail(operations, reply.trim());
      return;
    }
    for (const operation of operations) {
      const parsed = replyOf(operation, reply);
      if (parsed.kind === 'hit' && parsed.id !== '') this.#ids.set(operation.key, parsed.id);
      this.#history.end(operation, parsed);
    }
  }

  #fail(operations: readonly KeyOperation[], error: string): void {
    this.errors.push(error);
    this.#failed.push(...operations.map(({ key }) => key));
  }
}
