import type { Accept, PeerMachine, PeerPort, PeerTimer } from '../../src/cluster/peers/machine.ts';
import {
  type Transport,
  type TransportEvents,
  WRITTEN,
} from '../../src/server/sockets/transport.ts';
import type { Random } from './random.ts';

/** What the kernel of a receiver keeps of bytes that it has not read. */
const KERNEL_BYTES = 256 * 1024;
const READ_BYTES = 64 * 1024;

interface PlannedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * A network in memory, with its own time: peers connect, read in random pieces, stop reading, and
 * lose each other without a word. Nothing happens but in `run` and `advance`.
 */
export class PeerNetwork {
  nowMs = 0;
  readonly random: Random;
  readonly listeners = new Map<string, Accept>();
  /** All connections, each by the end that connected. */
  readonly ends: PeerEnd[] = [];
  #order = 0;
  readonly #planned = new Set<PlannedEvent>();

  constructor(random: Random) {
    this.random = random;
  }

  plan(delayMs: number, run: () => void): PeerTimer {
    const event = { atMs: this.nowMs + delayMs, order: this.#order++, run };
    this.#planned.add(event);
    return { cancel: () => void this.#planned.delete(event) };
  }

  /** Timers and other events that are planned. */
  get plannedCount(): number {
    return this.#planned.size;
  }

  /** Runs all that happens now. */
  run(): void {
    this.advance(0);
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#planned.delete(next);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  /** The machine of a node: its sockets, timers and random numbers. */
  machine(): PeerMachine {
    const { random } = this;
    return {
      connect: (address, events) => this.#connect(address, events),
      listen: async (host, port, _alone, accept): Promise<PeerPort> => {
        this.listeners.set(`${host}:${port}`, accept);
        return { port, close: () => void this.listeners.delete(`${host}:${port}`) };
      },
      setTimer: (run, delayMs) => this.plan(delayMs, run),
      nowMs: () => this.nowMs,
      unixMs: () => this.nowMs,
      sharedMs: () => this.nowMs,
      soon: (run) => void this.plan(0, run),
      random: () => random.fraction(),
      nonce: () => random.bytes(32),
    };
  }

  #connect(address: string, events: TransportEvents): PeerEnd {
    const near = new PeerEnd(this);
    near.events = events;
    this.ends.push(near);
    this.plan(0, () => this.#accept(address, near));
    return near;
  }

  #accept(address: string, near: PeerEnd): void {
    const accept = this.listeners.get(address);
    if (near.isClosed) return;
    if (accept === undefined) {
      near.close(new Error('connect ECONNREFUSED'));
      return;
    }
    const far = new PeerEnd(this);
    far.other = near;
    near.other = far;
    const open = (events: TransportEvents): Transport => {
      far.events = events;
      return far;
    };
    accept(open, `address ${this.ends.length}`);
    near.pump();
  }

  #next(endMs: number): PlannedEvent | undefined {
    let first: PlannedEvent | undefined;
    for (const event of this.#planned) {
      if (event.atMs > endMs) continue;
      const isEarlier =
        first === undefined ||
        event.atMs < first.atMs ||
        (event.atMs === first.atMs && event.order < first.order);
      if (isEarlier) first = event;
    }
    return first;
  }
}

/** One end of a connection. */
export class PeerEnd implements Transport {
  readonly #network: PeerNetwork;
  events: TransportEvents | undefined;
  other: PeerEnd | undefined;
  isClosed = false;
  /** The other end gets nothing more from this one, and does not notice. */
  isMute = false;
  /** It does not read, although its owner wants to. */
  isStuck = false;
  writes = 0;
  #isPaused = false;
  /** What the other end's kernel has not taken, and what the own kernel keeps for reading. */
  #unsent = Buffer.alloc(0);
  #unread = Buffer.alloc(0);
  #isReadPlanned = false;

  constructor(network: PeerNetwork) {
    this.#network = network;
  }

  get heldBytes(): number {
    return this.#unsent.length;
  }

  write(bytes: Buffer, length: number): 0 | 1 {
    if (this.isClosed) return WRITTEN.flushed;
    this.writes++;
    this.#unsent = Buffer.concat([this.#unsent, bytes.subarray(0, length)]);
    this.pump();
    return this.isFlushed() ? WRITTEN.flushed : WRITTEN.copied;
  }

  freeCopy(): void {}

  isFlushed(): boolean {
    return this.#unsent.length === 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#planRead();
  }

  /** Reads again after `isStuck`. */
  unstick(): void {
    this.isStuck = false;
    this.#planRead();
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.isClosed) return;
    const { other } = this;
    this.close(undefined);
    if (other !== undefined && !this.isMute) this.#network.plan(0, () => other.close(undefined));
  }

  /** The connection closes at this end. */
  close(error: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#unsent = Buffer.alloc(0);
    this.#network.plan(0, () => this.events?.close(error));
  }

  /** Moves bytes to the kernel of the other end, as far as it has room. */
  pump(): void {
    const { other } = this;
    if (other === undefined || this.isClosed || this.isFlushed()) return;
    const room = this.isMute ? this.#unsent.length : KERNEL_BYTES - other.#unread.length;
    if (room <= 0) return;
    if (!this.isMute) other.#receive(this.#unsent.subarray(0, room));
    this.#unsent = this.#unsent.subarray(room);
    if (this.isFlushed()) this.#network.plan(0, () => this.isClosed || this.events?.drain());
  }

  #receive(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    this.#planRead();
  }

  #planRead(): void {
    if (this.#isReadPlanned) return;
    this.#isReadPlanned = true;
    this.#network.plan(0, () => this.#read());
  }

  #read(): void {
    this.#isReadPlanned = false;
    const available = Math.min(READ_BYTES, this.#unread.length);
    if (this.#isPaused || this.isStuck || this.isClosed || available === 0) return;
    const { random } = this.#network;
    const length = random.oneIn(3) ? random.int(1, available) : available;
    const piece = Buffer.from(this.#unread.subarray(0, length));
    this.#unread = this.#unread.subarray(length);
    if (this.events?.data(piece, length) === false) this.#isPaused = true;
    // The buffer of a thread holds other bytes after the call.
    piece.fill(0xee);
    this.other?.pump();
    if (this.#unread.length > 0) this.#planRead();
  }
}
