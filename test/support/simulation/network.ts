import type { Socket } from 'node:net';
import type { SocketEvents } from '../../../src/client/connection/socket.ts';
import type { NodeAddress } from '../../../src/client/topology.ts';
import { Talker, testShare } from '../talker.ts';
import type { SimClock } from './clock.ts';

/**
 * One connection. What the client writes is at once in the node's queue; when it is carried out, and when the
 * reply arrives, is up to who moves the network.
 */
export class SimWire {
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
      this.node.queue.push({ wire: this, text });
    }
  }

  /** The client closes. What it wrote is in the node's hands, and is carried out. */
  destroy(): void {
    this.state = 'closed';
  }

  ref(): void {}

  unref(): void {}

  /** The node's kernel accepts, or refuses. */
  accept(): void {
    if (this.node.isCut) {
      this.fail();
      return;
    }
    this.state = 'open';
    this.#events.connect();
  }

  deliver(): void {
    const bytes = Buffer.from(this.replies.shift()!, 'latin1');
    this.#events.data(bytes, bytes.length);
  }

  /** Reset. */
  fail(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#events.close(new Error('reset'));
  }

  /** Closed by the node in peace: its last replies arrive, what it has not read is nowhere. */
  end(): void {
    this.node.drop(this, 0);
    while (this.replies.length > 0 && this.state === 'open') this.deliver();
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#events.close(undefined);
  }
}

/** A node: what it holds, and what it is to do, in the order in which it came. */
export class SimNode {
  readonly name: string;
  readonly queue: { readonly wire: SimWire; readonly text: string }[] = [];
  readonly #talker: Talker;
  /** Nobody reaches it. */
  isCut = false;
  /** It takes everything and does nothing. */
  isFrozen = false;

  constructor(name: string, talker: Talker) {
    this.name = name;
    this.#talker = talker;
  }

  /** Carries out the request at this place of the queue. */
  execute(at: number): void {
    const [{ wire, text } = { wire: undefined, text: '' }] = this.queue.splice(at, 1);
    const reply = this.#talker.say(text);
    if (wire?.state === 'open') wire.replies.push(reply);
  }

  /** Loses what came by a wire, but for the first so many. */
  drop(wire: SimWire, keptCount: number): void {
    let seen = 0;
    const kept = this.queue.filter((each) => each.wire !== wire || seen++ < keptCount);
    this.queue.splice(0, this.queue.length, ...kept);
  }

  /** Evicts a key. */
  evict(key: string): void {
    this.#talker.say(`delete ${key}\r\n`);
  }

  /** It has nothing any more. */
  wipe(): void {
    this.queue.length = 0;
    this.#talker.say('flush_all\r\n');
  }
}

const TALKERS: Talker[] = [];

/** Nodes, and connections to them that are moved by hand. */
export class SimNetwork {
  readonly nodes: readonly SimNode[];
  #wires: SimWire[] = [];

  constructor(names: readonly string[]) {
    this.nodes = names.map((name, i) => {
      TALKERS[i] ??= new Talker(testShare({ memoryLimitBytes: 2 << 20 }));
      const node = new SimNode(name, TALKERS[i]);
      node.wipe();
      return node;
    });
  }

  /** Those that are not closed. */
  get wires(): readonly SimWire[] {
    this.#wires = this.#wires.filter(({ state }) => state !== 'closed');
    return this.#wires;
  }

  open(name: string, events: SocketEvents): SimWire {
    const wire = new SimWire(this.nodes.find((node) => node.name === name)!, events);
    this.#wires.push(wire);
    return wire;
  }
}

/** The world that clients are in. */
let current: { readonly network: SimNetwork; readonly clock: SimClock } | undefined;

/** In the place of `openSocket`. */
export function openSimulated(
  { name }: NodeAddress,
  _options: unknown,
  _memory: unknown,
  events: SocketEvents,
): Socket {
  return current!.network.open(name, events) as unknown as Socket;
}

/** From now on this is the network, and the time. */
export function enter(network: SimNetwork, clock: SimClock): void {
  current = { network, clock };
  Object.assign(globalThis, clock.globals);
}

/** With a value behind the line, at the nodes that do not know the meta commands. */
const STORES = ['set', 'add', 'replace', 'append', 'prepend', 'cas'];

/** What the client wrote, a request at a time. */
function* requestsIn(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = text.indexOf('\r\n', at) + 2;
    const [verb = '', , ...terms] = text.slice(at, end - 2).split(' ');
    if (verb === 'ms') end += Number(terms[0]) + 2;
    else if (STORES.includes(verb)) end += Number(terms[2]) + 2;
    yield text.slice(at, end);
    at = end;
  }
}
