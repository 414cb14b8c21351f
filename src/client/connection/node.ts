import type { NodeAddress } from '../../topology/index.ts';
import type { CacheError, FailureCode } from '../base/errors.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Operation } from './operation.ts';
import { jittered, probeDelayMs } from './probe-delay.ts';
import type { ClientRuntime, ClientTimer } from './runtime.ts';

export interface NodeOptions extends ConnectionOptions {
  /** At most this many operations may be pending, over all connections. */
  readonly maxPending: number;
  /** At most this many bytes of values may wait to be sent, over all connections. */
  readonly maxPendingBytes: number;
  /** More than one connection helps only where large values delay small ones. */
  readonly connectionCount: number;
}

/** The events that a node reports to its owner. */
interface NodeEvents {
  /** `isMember`: the node is a member of a cluster of slabring. */
  readonly up: (isMember: boolean) => void;
  readonly down: (reason: CacheError) => void;
  /** Receives each operation before the node sends or refuses it. */
  readonly beforeSend: (operation: Operation) => void;
  /** Whether no other node is up, so that operations may wait for a probe of this one. */
  readonly isLastResort: () => boolean;
}

/** Operations start a probe of the last resort at most once in this time (with jitter). */
const LAST_RESORT_PROBE_GAP_MS = 100;

/**
 * One node: its connections, and whether it is up.
 *
 *   up ──a connection broke──▶ down ──pause──▶ probing ──handshake──▶ up
 *                                ▲────────────────┘ broken
 *
 * While the node is down its operations fail at once: only probes find out whether it is up again.
 * When no other node is up, this node is the last resort: an operation may start the next probe,
 * and operations that arrive during the probe wait for its result. At most one probe runs at a
 * time.
 */
export class NodeConnection {
  readonly #address: NodeAddress;
  readonly #options: NodeOptions;
  readonly #runtime: ClientRuntime;
  readonly #events: NodeEvents;
  readonly #connections: readonly Connection[];
  #state: 'new' | 'up' | 'down' | 'probing' | 'closed' = 'new';
  #downReason: CacheError | undefined;
  #probeCount = 0;
  /** An operation may start a probe from this time on; milliseconds, monotonic clock. */
  #nextProbeAllowedAt = 0;
  #probeTimer: ClientTimer | undefined;
  #closing: Promise<void> | undefined;
  /** Lets `close` proceed: every operation has settled. */
  #onSettled: (() => void) | undefined;

  constructor(
    address: NodeAddress,
    options: NodeOptions,
    runtime: ClientRuntime,
    events: NodeEvents,
  ) {
    this.#address = address;
    this.#options = options;
    this.#runtime = runtime;
    this.#events = events;
    const connectionEvents = {
      up: (isMember: boolean) => this.#comeUp(isMember),
      broken: (connection: Connection, reason: CacheError) => this.#goDown(connection, reason),
      settled: () => this.#resolveCloseIfSettled(),
    };
    this.#connections = Array.from(
      { length: options.connectionCount },
      () => new Connection(address, options, runtime, connectionEvents),
    );
  }

  get name(): string {
    return this.#address.name;
  }

  /** Undefined before the first connection attempt has ended. */
  get isUp(): boolean | undefined {
    return this.#state === 'new' ? undefined : this.#state === 'up';
  }

  get isDown(): boolean {
    return this.#state === 'down' || this.#state === 'probing';
  }

  /** The dialect of the node; undefined before the first handshake. */
  get dialect(): Connection['dialect'] {
    return this.#connections.find(({ dialect }) => dialect !== undefined)?.dialect;
  }

  /** Takes an operation, which settles by its deadline at the latest. */
  send(operation: Operation): void {
    this.#events.beforeSend(operation);
    const isSingle = this.#connections.length === 1;
    const connection = isSingle ? this.#connections[0]! : leastBusy(this.#connections);
    if (this.#state === 'closed' || this.#onSettled !== undefined) {
      operation.fail('ERR_CLOSED', this.name);
    } else if (this.isDown && !this.#mayWaitForProbe()) {
      operation.fail(this.#downCode(), this.name, { cause: this.#downCause() });
    } else if (this.#isFull(connection, operation)) {
      operation.fail('ERR_QUEUE_FULL', this.name);
    } else {
      connection.send(operation);
    }
  }

  /** Waits until pending operations settle (each by its deadline), then closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#isSettled()) {
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve;
      });
    }
    this.#state = 'closed';
    this.#probeTimer?.cancel();
    for (const connection of this.#connections) connection.close();
  }

  /** Each connection has an equal share of the bounds; the least busy one decides. */
  #isFull({ pendingCount, waitingBytes }: Connection, { requestValueBytes }: Operation): boolean {
    const { maxPending, maxPendingBytes, connectionCount } = this.#options;
    if (pendingCount * connectionCount >= maxPending) return true;
    const bytes = (waitingBytes + requestValueBytes) * connectionCount;
    return waitingBytes > 0 && bytes > maxPendingBytes;
  }

  #comeUp(isMember: boolean): void {
    const wasUp = this.#state === 'up';
    this.#probeCount = 0;
    this.#state = 'up';
    if (!wasUp) this.#events.up(isMember);
  }

  #goDown(connection: Connection, reason: CacheError): void {
    const wasDown = this.isDown;
    this.#state = 'down';
    this.#downReason = reason;
    for (const each of this.#connections) {
      if (each === connection || !each.isUp) {
        each.failWaiting(this.#downCode(), this.#downCause());
      }
    }
    if (!wasDown) this.#events.down(reason);
    this.#resolveCloseIfSettled();
    this.#scheduleProbe();
  }

  /** The client probes a node that is down whether or not operations wait for it. */
  #scheduleProbe(): void {
    if (this.#onSettled !== undefined || this.#closing !== undefined) return;
    this.#probeTimer?.cancel();
    const delayMs = probeDelayMs(this.#probeCount++, () => this.#runtime.random());
    this.#probeTimer = this.#runtime.setTimer(() => this.#probe(), delayMs);
    // No operation waits for a background probe, so it must not keep the process alive.
    this.#probeTimer.unref();
  }

  /** Only a complete handshake on a new connection makes the node up again. */
  #probe(): void {
    if (this.#state !== 'down') return;
    const idle = this.#connections.find((connection) => !connection.isUp);
    if (idle === undefined) return;
    this.#state = 'probing';
    const gapMs = jittered(LAST_RESORT_PROBE_GAP_MS, () => this.#runtime.random());
    this.#nextProbeAllowedAt = this.#runtime.now() + gapMs;
    idle.open(false);
  }

  /** Whether a probe runs that an operation may wait for; starts one if that is allowed. */
  #mayWaitForProbe(): boolean {
    if (!this.#events.isLastResort()) return false;
    if (this.#state === 'down' && this.#runtime.now() >= this.#nextProbeAllowedAt) {
      this.#probeTimer?.cancel();
      this.#probe();
    }
    return this.#state === 'probing';
  }

  #isSettled(): boolean {
    return this.#connections.every((connection) => connection.isSettled());
  }

  #resolveCloseIfSettled(): void {
    if (this.#onSettled !== undefined && this.#isSettled()) this.#onSettled();
  }

  /** Reports a refused login as ERR_LOGIN, because waiting does not help. */
  #downCode(): FailureCode {
    return this.#downReason?.code === 'ERR_LOGIN' ? 'ERR_LOGIN' : 'ERR_NODE_DOWN';
  }

  #downCause(): unknown {
    return this.#downReason?.cause ?? this.#downReason;
  }
}

/** The connection with the fewest pending operations. */
function leastBusy(connections: readonly Connection[]): Connection {
  let least = connections[0]!;
  for (const each of connections) if (each.pendingCount < least.pendingCount) least = each;
  return least;
}
