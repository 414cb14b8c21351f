import type { CacheError, FailureCode } from '../errors.ts';
import type { NodeAddress } from '../topology.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { jittered, probeDelayMs } from './health.ts';
import type { Operation } from './operation.ts';

export interface NodeOptions extends ConnectionOptions {
  /** Operations that may be pending here, over all connections. */
  readonly maxPending: number;
  /** Bytes of values that may wait to be sent, over all connections. */
  readonly maxPendingBytes: number;
  /** How many connections; more than one only helps where large values hold up small ones. */
  readonly connections: number;
}

/** What a node tells its owner. */
export interface NodeEvents {
  readonly up: () => void;
  readonly down: (reason: CacheError) => void;
  /** Sees each operation before it goes anywhere. */
  readonly begin: (operation: Operation) => void;
  /** Whether it is to be tried although it is down, because no other is left. */
  readonly isLastResort: () => boolean;
}

/** A node that is down is tried at the wish of an operation once in so long, give or take. */
const LAST_RESORT_GAP_MS = 100;

/**
 * One node: its connections, and whether it can be used.
 *
 *   up ──a connection broke──▶ down ──pause──▶ probing ──handshake──▶ up
 *                                ▲────────────────┘ broken
 *
 * While it is down operations fail at once: they are not the ones who find out whether it is back.
 * The last resort is never ejected: when no other node is up, an operation may start the next probe, and
 * those that come meanwhile wait for how it ends. There is one probe at a time.
 */
export class NodeConnection {
  readonly #address: NodeAddress;
  readonly #options: NodeOptions;
  readonly #events: NodeEvents;
  readonly #connections: readonly Connection[];
  #state: 'new' | 'up' | 'down' | 'probing' | 'closed' = 'new';
  /** Why it is down. */
  #reason: CacheError | undefined;
  #probes = 0;
  /** When an operation may start a probe, on the monotonic clock, milliseconds. */
  #nextTryAt = 0;
  #probeTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  /** Settles `close` when nothing is pending. */
  #onQuiet: (() => void) | undefined;

  constructor(address: NodeAddress, options: NodeOptions, events: NodeEvents) {
    this.#address = address;
    this.#options = options;
    this.#events = events;
    const told = {
      up: () => this.#comeUp(),
      broken: (connection: Connection, reason: CacheError) => this.#goDown(connection, reason),
      settled: () => this.#tellIfQuiet(),
    };
    this.#connections = Array.from(
      { length: options.connections },
      () => new Connection(address, options, told),
    );
  }

  get name(): string {
    return this.#address.name;
  }

  get isDown(): boolean {
    return this.#state === 'down' || this.#state === 'probing';
  }

  /** What its nodes speak, as far as it was found out. */
  get dialect(): Connection['dialect'] {
    return this.#connections.find(({ dialect }) => dialect !== undefined)?.dialect;
  }

  /** Takes an operation; it is settled by its deadline at the latest. */
  send(operation: Operation): void {
    this.#events.begin(operation);
    const only = this.#connections.length === 1;
    const connection = only ? this.#connections[0]! : leastBusy(this.#connections);
    if (this.#state === 'closed' || this.#onQuiet !== undefined) {
      operation.fail('ERR_CLOSED', this.name);
    } else if (this.isDown && !this.#isTried()) {
      operation.fail(this.#downCode(), this.name, { cause: this.#downCause() });
    } else if (this.#isFull(connection, operation)) {
      operation.fail('ERR_QUEUE_FULL', this.name);
    } else {
      connection.send(operation);
    }
  }

  /** Lets what is pending finish (each by its deadline), then closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#isQuiet()) {
      await new Promise<void>((quiet) => {
        this.#onQuiet = quiet;
      });
    }
    this.#state = 'closed';
    clearTimeout(this.#probeTimer);
    for (const connection of this.#connections) connection.close();
  }

  /** Judged by the connection with the fewest pending: each has its share. */
  #isFull({ pendingCount, waitingBytes }: Connection, { sentBytes }: Operation): boolean {
    const { maxPending, maxPendingBytes, connections } = this.#options;
    if (pendingCount * connections >= maxPending) return true;
    return waitingBytes > 0 && (waitingBytes + sentBytes) * connections > maxPendingBytes;
  }

  #comeUp(): void {
    const wasUp = this.#state === 'up';
    this.#probes = 0;
    this.#state = 'up';
    if (!wasUp) this.#events.up();
  }

  #goDown(connection: Connection, reason: CacheError): void {
    const wasDown = this.isDown;
    this.#state = 'down';
    this.#reason = reason;
    for (const each of this.#connections) {
      if (each === connection || !each.isUp) {
        each.failWaiting(this.#downCode(), this.#downCause());
      }
    }
    if (!wasDown) this.#events.down(reason);
    this.#tellIfQuiet();
    this.#probeLater();
  }

  /** A node that is down is tried again, whoever waits or not. */
  #probeLater(): void {
    if (this.#onQuiet !== undefined || this.#closing !== undefined) return;
    clearTimeout(this.#probeTimer);
    this.#probeTimer = setTimeout(() => this.#probe(), probeDelayMs(this.#probes++));
    // A probe is nobody's pending work: it does not keep a process alive.
    this.#probeTimer.unref();
  }

  /** Half open: only a whole handshake on a new connection makes the node up again. */
  #probe(): void {
    if (this.#state !== 'down') return;
    const idle = this.#connections.find((connection) => !connection.isUp);
    if (idle === undefined) return;
    this.#state = 'probing';
    this.#nextTryAt = performance.now() + jittered(LAST_RESORT_GAP_MS);
    idle.open(false);
  }

  /** Whether a probe is under way that an operation may wait for. */
  #isTried(): boolean {
    if (!this.#events.isLastResort()) return false;
    if (this.#state === 'down' && performance.now() >= this.#nextTryAt) {
      clearTimeout(this.#probeTimer);
      this.#probe();
    }
    return this.#state === 'probing';
  }

  #isQuiet(): boolean {
    return this.#connections.every((connection) => connection.isQuiet());
  }

  #tellIfQuiet(): void {
    if (this.#onQuiet !== undefined && this.#isQuiet()) this.#onQuiet();
  }

  /** A login that was refused is told as such: no waiting mends it. */
  #downCode(): FailureCode {
    return this.#reason?.code === 'ERR_LOGIN' ? 'ERR_LOGIN' : 'ERR_NODE_DOWN';
  }

  #downCause(): unknown {
    return this.#reason?.cause ?? this.#reason;
  }
}

/** The one with the fewest pending. */
function leastBusy(connections: readonly Connection[]): Connection {
  let best = connections[0]!;
  for (const each of connections) if (each.pendingCount < best.pendingCount) best = each;
  return best;
}
