import { ClassicDialect, type Dialect } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import { CacheError, type FailureCode } from '../base/errors.ts';
import type { ProtocolChoice } from '../option-types/client.ts';
import { ConnectTimer } from './connect-timer.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { Handshake } from './handshake.ts';
import type { Operation } from './operation.ts';
import { Pipeline, tokenReturn } from './pipeline.ts';
import type { ClientRuntime } from './runtime.ts';
import type { ClientSocket, SocketEvents, TlsResumption } from './socket.ts';
import { WRITE_BYTES_MAX, WriteBuffer } from './write-buffer.ts';

/** Back-pressure: above this many unsent bytes in the socket, requests wait in the pipeline. */
const UNSENT_BYTES_MAX = 1024 * 1024;

/** The events that a connection reports to its node. */
interface ConnectionEvents {
  /** `isMember`: the node is a member of a cluster of slabring. */
  readonly up: (isMember: boolean) => void;
  /**
   * The connection broke. A clean close (FIN) while it is up is not a failure and is not reported:
   * the connection opens again when the next operation needs it.
   */
  readonly broken: (connection: Connection, reason: CacheError) => void;
  /** An operation may have settled. */
  readonly settled: () => void;
}

/**
 * One connection to a node.
 *
 *   idle ──open──▶ opening ──handshake──▶ up ──clean close (FIN)──▶ idle
 *                     └── broken ◀─────────┘ reset, silence, malformed reply
 *
 * An operation fails when its deadline passes; the connection drops the late reply. A missed
 * deadline does not break the connection, silence does: a node that sends late replies is alive.
 */
export class Connection {
  readonly #address: NodeAddress;
  readonly #options: ConnectionOptions;
  readonly #runtime: ClientRuntime;
  readonly #events: ConnectionEvents;
  readonly #pipeline: Pipeline;
  #state: 'idle' | 'opening' | 'up' | 'closed' = 'idle';
  #socket: ClientSocket | undefined;
  #handshake: Handshake | undefined;
  /** The protocol to try at the next connect. */
  #nextProtocol: ProtocolChoice;
  #dialect: Dialect['name'] | undefined;
  readonly #output = new WriteBuffer();
  #isFlushScheduled = false;
  /** The TLS session of the previous connection: resuming it shortens the TLS handshake. */
  readonly #tlsResumption: TlsResumption = {};
  readonly #connectTimer: ConnectTimer;
  readonly #deadlineTimer: DeadlineTimer;
  /** The time of the last received byte, or of the first request if no reply was outstanding. */
  #silentSince = 0;

  constructor(
    address: NodeAddress,
    options: ConnectionOptions,
    runtime: ClientRuntime,
    events: ConnectionEvents,
  ) {
    this.#address = address;
    this.#options = options;
    this.#runtime = runtime;
    this.#connectTimer = new ConnectTimer(runtime, options.connectTimeoutMs, () =>
      this.#onConnectTimeout(),
    );
    this.#events = events;
    this.#nextProtocol = options.protocol;
    const returnToken = (key: string): void =>
      this.send(tokenReturn(key, runtime, options.silenceMs));
    this.#pipeline = new Pipeline(
      address.name,
      new ClassicDialect(),
      returnToken,
      options.maxValueBytes,
    );
    this.#deadlineTimer = new DeadlineTimer(runtime, options.silenceMs, {
      oldest: () => this.#pipeline.oldest,
      check: (now) => this.#onDeadlineTimer(now),
    });
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** The dialect that the last handshake chose. */
  get dialect(): Dialect['name'] | undefined {
    return this.#dialect;
  }

  get pendingCount(): number {
    return this.#pipeline.count;
  }

  get waitingBytes(): number {
    return this.#pipeline.waitingBytes;
  }

  /** Whether no operation of this connection waits for its result. */
  isSettled(): boolean {
    return this.#pipeline.count === 0 || this.#pipeline.isSettled();
  }

  /** Takes an operation, which settles by its deadline at the latest. */
  send(operation: Operation): void {
    this.#pipeline.add(operation);
    this.#deadlineTimer.armBy(operation.deadlineAt);
    if (this.#state === 'up') this.#scheduleFlush();
    else if (this.#state === 'idle') this.open(true);
  }

  /** @param keepProcessAlive true when an operation waits for the connection. */
  open(keepProcessAlive: boolean): void {
    if (this.#state !== 'idle') return;
    this.#state = 'opening';
    this.#connect();
    this.#connectTimer.start(keepProcessAlive);
    if (!keepProcessAlive) this.#socket?.unref();
  }

  /** Closes at once: pending operations fail. */
  close(): void {
    this.#dropSocket();
    this.#deadlineTimer.stop();
    this.#state = 'closed';
    this.#failAll(this.#pipeline.takeSent(), 'ERR_REPLY_LOST');
    this.failWaiting('ERR_CLOSED');
  }

  failWaiting(code: FailureCode, cause?: unknown): void {
    this.#failAll(this.#pipeline.takeWaiting(), code, cause);
  }

  #onConnectTimeout(): void {
    const message = `no connection within ${this.#options.connectTimeoutMs} ms`;
    const cause = Object.assign(new Error(message), { code: 'ETIMEDOUT' });
    this.#break(this.#error('ERR_NODE_DOWN', cause));
  }

  #connect(): void {
    const handshake = new Handshake(this.#address.name, this.#nextProtocol, this.#options.login);
    this.#handshake = handshake;
    const events: SocketEvents = {
      connect: () => this.#sendHandshakeRequest(socket),
      data: (bytes, length) => this.#receive(socket, bytes, length),
      drain: () => this.#flush(),
      close: (error) => {
        if (this.#socket === socket) this.#onSocketClosed(error);
      },
    };
    const socket: ClientSocket = this.#runtime.openSocket(
      this.#address,
      this.#options,
      this.#tlsResumption,
      events,
    );
    this.#socket = socket;
  }

  #sendHandshakeRequest(socket: ClientSocket): void {
    if (this.#socket !== socket) return;
    this.#handshake?.encodeRequest(this.#output.sink);
    this.#output.writeTo(socket);
  }

  #receive(socket: ClientSocket, bytes: Buffer, length: number): void {
    if (this.#socket !== socket) return;
    try {
      if (this.#handshake !== undefined) {
        this.#continueHandshake(socket, this.#handshake, bytes, length);
        return;
      }
      this.#silentSince = this.#runtime.now();
      this.#pipeline.receive(bytes, length, this.#silentSince);
    } catch (cause) {
      this.#break(cause instanceof CacheError ? cause : this.#error('ERR_PROTOCOL', cause));
      return;
    }
    this.#events.settled();
  }

  #continueHandshake(
    socket: ClientSocket,
    handshake: Handshake,
    bytes: Buffer,
    length: number,
  ): void {
    const next = handshake.receive(bytes, length);
    if (next === 'next-request') this.#sendHandshakeRequest(socket);
    else if (next !== undefined) this.#becomeUp(socket, next, handshake.isMember);
  }

  #becomeUp(socket: ClientSocket, dialect: Dialect, isMember: boolean): void {
    this.#connectTimer.cancel();
    socket.ref();
    this.#handshake = undefined;
    this.#dialect = dialect.name;
    this.#state = 'up';
    this.#pipeline.begin(dialect);
    this.#events.up(isMember);
    this.#flush();
  }

  /** Everything that this tick sends leaves in one write. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    process.nextTick(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const socket = this.#socket;
    if (this.#state !== 'up' || socket === undefined || this.#pipeline.waitingCount === 0) return;
    if (this.#pipeline.sentCount === 0) this.#silentSince = this.#runtime.now();
    while (this.#pipeline.waitingCount > 0 && socket.writableLength < UNSENT_BYTES_MAX) {
      this.#pipeline.encodeWaiting(this.#output.sink, WRITE_BYTES_MAX);
      if (this.#output.sink.at > 0) this.#output.writeTo(socket);
      // None of them was sent: they had settled, or cannot be encoded.
      else this.#events.settled();
    }
  }

  /** The node or the network closed the socket. */
  #onSocketClosed(cause: Error | undefined): void {
    const wasUp = this.#state === 'up';
    const fallback = wasUp ? undefined : this.#handshake?.protocolAfterClose(cause === undefined);
    if (wasUp && cause === undefined && !this.#pipeline.hasLateInvalidation(this.#runtime.now())) {
      // A clean close, such as an idle timeout, is not a failure. Waiting operations were never
      // sent; reads that crossed with the close are sent again, once.
      this.#dropSocket();
      this.#failAll(this.#pipeline.takeNotResendable(), 'ERR_REPLY_LOST');
      if (this.#pipeline.waitingCount > 0) this.open(true);
      this.#events.settled();
    } else if (fallback !== undefined) {
      this.#nextProtocol = fallback;
      this.#connect();
    } else {
      this.#break(this.#error(wasUp ? 'ERR_REPLY_LOST' : 'ERR_NODE_DOWN', cause));
    }
  }

  /** Makes the connection idle after a failure: sent operations fail, the node goes down. */
  #break(reason: CacheError): void {
    if (reason.code === 'ERR_DEADLINE') this.#socket?.abandon();
    this.#dropSocket();
    const code = reason.code === 'ERR_PROTOCOL' ? 'ERR_PROTOCOL' : 'ERR_REPLY_LOST';
    const sent = this.#pipeline.takeSent();
    // The node must be down before operations fail: a caller that retries must not reopen it.
    this.#events.broken(this, reason);
    this.#failAll(sent, code, reason.cause);
  }

  /** Destroys the socket and returns to the idle state. */
  #dropSocket(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#handshake = undefined;
    this.#nextProtocol = this.#options.protocol;
    this.#state = 'idle';
    this.#connectTimer.cancel();
    socket?.destroy();
  }

  #failAll(operations: readonly Operation[], code: FailureCode, cause?: unknown): void {
    for (const operation of operations) operation.fail(code, this.#address.name, { cause });
  }

  #onDeadlineTimer(now: number): void {
    this.#pipeline.expire(now);
    if (this.#isUnresponsive(now)) this.#break(this.#error('ERR_DEADLINE'));
    else this.#deadlineTimer.armBy(this.#nextCheckAt(now));
    this.#events.settled();
  }

  /** The node is silent for too long, and no caller still waits for the oldest reply. */
  #isUnresponsive(now: number): boolean {
    const isSilent = now >= this.#silentSince + this.#options.silenceMs;
    return this.#state === 'up' && this.#pipeline.isOldestAbandoned(now) && isSilent;
  }

  #nextCheckAt(now: number): number {
    const deadline = this.#pipeline.earliestDeadline(now);
    if (!this.#pipeline.isOldestAbandoned(now)) return deadline;
    return Math.min(deadline, this.#silentSince + this.#options.silenceMs);
  }

  #error(code: FailureCode, cause?: unknown): CacheError {
    return new CacheError(code, { node: this.#address.name, cause });
  }
}
