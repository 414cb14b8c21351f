import type { Accept, PeerMachine, PeerPort } from '../../../src/cluster/peers/machine.ts';
import {
  type Transport,
  type TransportEvents,
  WRITTEN,
} from '../../../src/server/sockets/transport.ts';
import type { Actor, World } from './world.ts';

/** A message takes so long, and some so much longer. */
const LATENCY_MS = 0.3;
const SLOW_LATENCY_MS = 10;
const NONCE_BYTES = 32;
const READ_BYTES = 64 * 1024;

/** A thread of a host: it owns what it connects and accepts. */
export interface NetworkActor extends Actor {
  readonly host: string;
}

interface Listener {
  readonly actor: NetworkActor;
  readonly accept: Accept;
}

/**
 * The network of a simulated cluster. Bytes of one connection stay in order and arrive late;
 * connections overtake each other. A connection can be cut: its ends notice at different times, and
 * what is on the way may still arrive. A host can lose sight of another one for a while.
 */
export class Network {
  readonly #world: World;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #connections = new Set<Connection>();
  /** By sender and receiver: nothing passes before this time. */
  readonly #dark = new Map<string, number>();
  /** One message in so many is slow. */
  readonly #slowOneIn: number;

  constructor(world: World) {
    this.#world = world;
    this.#slowOneIn = world.random.pick([2, 4, 12]);
  }

  /** The sockets, timers and random numbers of an actor. */
  machineOf(actor: NetworkActor): PeerMachine {
    const { random } = this.#world;
    return {
      connect: (address, events) => this.connect(actor, address, events),
      listen: async (host, port, _alone, accept) => this.listen(actor, `${host}:${port}`, accept),
      setTimer: (run, delayMs) => this.#world.plan(actor, delayMs, run),
      soon: (run) => void this.#world.plan(actor, 0, run),
      nowMs: () => this.#world.nowMs,
      unixMs: () => this.#world.unixMs,
      sharedMs: () => this.#world.nowMs,
      random: () => random.fraction(),
      nonce: () => random.bytes(NONCE_BYTES),
    };
  }

  /** Several threads may listen on one address: a connection gets one of them. */
  listen(actor: NetworkActor, address: string, accept: Accept): PeerPort {
    const listener = { actor, accept };
    const others = this.#listeners.get(address)?.filter((one) => !one.actor.isDead) ?? [];
    this.#listeners.set(address, [...others, listener]);
    const close = (): void => {
      const all = this.#listeners.get(address) ?? [];
      this.#listeners.set(
        address,
        all.filter((one) => one !== listener),
      );
    };
    return { port: Number(address.split(':').at(-1)), close };
  }

  connect(actor: NetworkActor, address: string, events: TransportEvents): Transport {
    const connection = new Connection(this.#world, this);
    const near = new End(connection, actor);
    near.events = events;
    connection.near = near;
    this.#connections.add(connection);
    this.#world.plan(OUTSIDE, this.delayMs(), () => this.#accept(connection, address));
    return near;
  }

  /** How long a message takes now. */
  delayMs(): number {
    const { random } = this.#world;
    const limit = random.oneIn(this.#slowOneIn) ? SLOW_LATENCY_MS : LATENCY_MS;
    return random.fraction() * limit;
  }

  /** Until when nothing passes from one host to the other. */
  darkUntilMs(from: string, to: string): number {
    return this.#dark.size === 0 ? 0 : (this.#dark.get(`${from} ${to}`) ?? 0);
  }

  /** Nothing passes from one host to the other for so long; connections stay, and bytes wait. */
  darken(from: string, to: string, ms: number): void {
    this.#dark.set(`${from} ${to}`, this.#world.nowMs + ms);
  }

  /** All hosts see each other again. */
  heal(): void {
    this.#dark.clear();
  }

  /** Cuts some of the connections. */
  cut(share: number): number {
    const { random } = this.#world;
    const chosen = [...this.#connections].filter(() => random.fraction() < share);
    for (const connection of chosen) connection.break();
    return chosen.length;
  }

  /** The process of these actors has ended: the other ends notice, later. */
  ended(actors: ReadonlySet<Actor>): void {
    for (const connection of this.#connections) {
      const { near, far } = connection;
      if (actors.has(near.actor) || (far !== undefined && actors.has(far.actor)))
        connection.break();
    }
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  #accept(connection: Connection, address: string): void {
    const { near } = connection;
    const listeners = this.#listeners.get(address)?.filter(({ actor }) => !actor.isDead) ?? [];
    if (near.isClosed) return;
    if (listeners.length === 0) {
      near.closeSoon(new Error('connect ECONNREFUSED'));
      return;
    }
    const { actor, accept } = this.#world.random.pick(listeners);
    const far = new End(connection, actor);
    connection.far = far;
    this.#world.plan(actor, 0, () => {
      if (far.isClosed) return;
      const open = (events: TransportEvents): Transport => {
        far.events = events;
        return far;
      };
      accept(open, `${near.actor.host}:1`);
      far.opened();
    });
    near.opened();
  }
}

/** What happens between processes, and outside of them. */
export const OUTSIDE: NetworkActor = { host: '', isDead: false, heldUntilMs: 0 };

class Connection {
  readonly world: World;
  readonly network: Network;
  near!: End;
  far: End | undefined;

  constructor(world: World, network: Network) {
    this.world = world;
    this.network = network;
  }

  otherOf(end: End): End | undefined {
    return end === this.near ? this.far : this.near;
  }

  /** Both ends close, each when it notices. */
  break(): void {
    this.network.forget(this);
    for (const end of [this.near, this.far]) end?.closeSoon(new Error('read ECONNRESET'));
  }
}

/** One end of a connection. */
class End implements Transport {
  readonly #connection: Connection;
  readonly actor: NetworkActor;
  events: TransportEvents | undefined;
  isClosed = false;
  heldBytes = 0;
  #isOpen = false;
  #isPaused = false;
  /** Written before the other end was there. */
  #unsent: Buffer[] = [];
  #unread: Buffer[] = [];
  /** When the bytes that were written last arrive. */
  #lastArrivalMs = 0;

  constructor(connection: Connection, actor: NetworkActor) {
    this.#connection = connection;
    this.actor = actor;
  }

  write(bytes: Buffer, length: number): 0 {
    if (this.isClosed) return WRITTEN.flushed;
    this.#unsent.push(Buffer.copyBytesFrom(bytes, 0, length));
    if (this.#isOpen) this.#sendAll();
    return WRITTEN.flushed;
  }

  freeCopy(): void {}

  isFlushed(): boolean {
    return true;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#readSoon();
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.isClosed) return;
    const { world, network } = this.#connection;
    const other = this.#connection.otherOf(this);
    network.forget(this.#connection);
    this.#close(undefined);
    const atMs = Math.max(world.nowMs, this.#lastArrivalMs) + network.delayMs();
    if (other !== undefined) {
      world.planAt(OUTSIDE, atMs, () => other.#close(undefined));
    }
  }

  /** It notices that the connection has broken. */
  closeSoon(error: Error): void {
    const { world, network } = this.#connection;
    world.plan(OUTSIDE, network.delayMs(), () => this.#close(error));
  }

  opened(): void {
    this.#isOpen = true;
    this.#sendAll();
    const other = this.#connection.otherOf(this);
    if (other !== undefined) other.#readSoon();
    this.#readSoon();
  }

  #close(error: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#unsent = [];
    this.#connection.world.plan(this.actor, 0, () => this.events?.close(error));
  }

  #sendAll(): void {
    const { world, network } = this.#connection;
    const other = this.#connection.otherOf(this);
    if (other === undefined) return;
    const all = this.#unsent;
    this.#unsent = [];
    for (const bytes of all) {
      const dark = network.darkUntilMs(this.actor.host, other.actor.host);
      const atMs = Math.max(world.nowMs, dark, this.#lastArrivalMs) + network.delayMs();
      this.#lastArrivalMs = atMs;
      world.planAt(OUTSIDE, atMs, () => other.#receive(bytes));
    }
  }

  #receive(bytes: Buffer): void {
    if (this.isClosed) return;
    this.#unread.push(bytes);
    this.#connection.world.follow(this.actor, () => this.#read());
  }

  #readSoon(): void {
    if (this.#unread.length > 0) this.#connection.world.plan(this.actor, 0, () => this.#read());
  }

  #read(): void {
    if (this.#isPaused || this.isClosed || this.events === undefined) return;
    if (this.#unread.length === 0) return;
    const all = this.#unread.length === 1 ? this.#unread[0]! : Buffer.concat(this.#unread);
    const { random } = this.#connection.world;
    const available = Math.min(READ_BYTES, all.length);
    const length = random.oneIn(8) ? random.int(1, available) : available;
    const piece = all.subarray(0, length);
    const rest = all.subarray(length);
    this.#unread = rest.length === 0 ? [] : [rest];
    if (this.events.data(piece, length) === false) this.#isPaused = true;
    // The buffer of a thread holds other bytes after the call.
    piece.fill(0xee);
    if (rest.length > 0) this.#readSoon();
  }
}
