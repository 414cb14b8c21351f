import type { ByteSink, Logger } from '../../base/index.ts';
import { LINE_BYTES_MAX } from '../../protocol/index.ts';
import { COUNT, type Store } from '../../store/index.ts';
import type { SessionContext } from '../session/context.ts';
import { Session } from '../session/session.ts';
import { PAUSE, type Pause } from '../session/states.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { ListenerProtocol } from './listen-address.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { EventFeed, Watcher } from './watcher.ts';

const LF = 0x0a;
const CARRY_BYTES_MIN = 4096;
const NO_BYTES = Buffer.alloc(0);
/** Unused output buffers of a thread, for its next slow client; it frees more than these. */
const OUTPUT_POOL_MAX = 4;

/** The parts that the connections of one thread share. */
export interface ThreadContext {
  readonly session: SessionContext;
  readonly store: Store;
  readonly sink: ByteSink;
  readonly outputBufferBytes: number;
  readonly outputPool: Buffer[];
  readonly watchers: EventFeed;
  readonly table: ConnectionTable;
  readonly loginChecked: (slot: number, user: string, accepted: boolean) => void;
  /** Undefined unless the log shows connections (`-vv`). */
  readonly debugLog: Logger | undefined;
}

/**
 * The socket and the session of one client. The session reads the thread's read buffer directly;
 * the connection copies and carries over only an incomplete request. Sessions write replies into
 * the one output buffer of the thread, and each readable event ends with one write. If the kernel
 * does not accept that write at once, the connection keeps the buffer, the thread takes another
 * one, and the connection stops reading until the client has read its replies.
 */
export class Connection implements TransportEvents, Watcher {
  readonly #context: ThreadContext;
  readonly #session: Session;
  /** Its slot in the connection table. */
  readonly slot: number;
  /** The reason of its end, in memcached's words. */
  closeReason: 'normal' | 'error' = 'normal';
  readonly #onClosed: (connection: Connection) => void;
  #transport: Transport | undefined;
  /** Bytes of an incomplete request: `carry[carryStart, carryEnd)`. */
  #carry: Buffer | undefined;
  #carryStart = 0;
  #carryEnd = 0;
  /** Without a newline, the session sees the carried line again only once it is this long. */
  #retryAtBytes = 0;
  /** The output that the kernel has not accepted. */
  #unsentOutput: Buffer | undefined;
  /**
   * `waiting`: the connection does not read. `closing`: it has sent FIN and drops what it reads.
   */
  #state: 'reading' | 'waiting' | 'closing' | 'closed' = 'reading';
  #peerEnded = false;
  /** Whether the node stops while this connection sends a large value or waits for a promise. */
  #finishing = false;
  /** Whether the client has read blocked output since the last `takeProgress`. */
  #hasProgressed = false;

  constructor(
    context: ThreadContext,
    slot: number,
    protocol: ListenerProtocol,
    onClosed: (connection: Connection) => void,
  ) {
    this.#context = context;
    this.slot = slot;
    this.#onClosed = onClosed;
    this.#session = new Session(context.session, {
      id: slot,
      protocol,
      watch: (streams) => context.watchers.add(this, streams),
      flush: () => this.#flush(),
      wake: () => this.#resume(),
      loginChecked: (user, accepted) => context.loginChecked(slot, user, accepted),
    });
  }

  attach(transport: Transport): void {
    this.#transport = transport;
  }

  readonly data = (bytes: Buffer, length: number): boolean => {
    if (this.#state === 'closing' || this.#state === 'closed') return true;
    this.#context.store.counters.add(COUNT.bytes_read, length);
    this.#context.table.touch(this.slot, this.#context.store.clock.now());
    if (this.#carryEnd === this.#carryStart) return this.#advance(bytes, 0, length);
    this.#append(bytes, 0, length);
    if (this.#isLineIncomplete(bytes, length)) return true;
    return this.#advance(this.#carry!, this.#carryStart, this.#carryEnd);
  };

  readonly end = (): void => {
    this.#peerEnded = true;
    if (this.#state === 'reading') this.#close();
  };

  readonly drain = (): void => {
    this.#hasProgressed = true;
    this.#recycleOutput();
    this.#resume();
  };

  readonly close = (error: Error | undefined): void => {
    if (this.#state === 'closed') return;
    if (error !== undefined) this.closeReason = 'error';
    this.#state = 'closed';
    this.#context.watchers.remove(this);
    this.#recycleOutput();
    this.#session.abandon();
    this.#carry = undefined;
    this.#onClosed(this);
    this.#context.table.free(this.slot);
  };

  readonly isReady = (): boolean => this.#state === 'reading' && this.#transport!.isFlushed();

  /** Sends lines of events to a watching client. */
  readonly sendEvents = (lines: string): void => {
    const bytes = Buffer.from(lines, 'latin1');
    this.#context.store.counters.add(COUNT.bytes_written, bytes.length);
    this.#transport!.write(bytes, bytes.length);
  };

  /** The node stops: replies to every request already read, large values included, then closes. */
  finish(): void {
    // From here on, `takeProgress` tells whether the client still reads.
    if (!this.#finishing) this.#hasProgressed = false;
    this.#session.cutStream();
    while (
      this.#state === 'waiting' &&
      this.#unsentOutput === undefined &&
      !this.#session.isAwaiting
    ) {
      this.#advance(this.#carry ?? NO_BYTES, this.#carryStart, this.#carryEnd, false);
    }
    const { isStreaming, isAwaiting } = this.#session;
    this.#finishing = this.#state === 'waiting' && (isStreaming || isAwaiting);
    if (this.#finishing) return;
    if (this.#state === 'reading' || this.#state === 'waiting') this.#close();
  }

  /** Whether the client has read blocked output since the last call. */
  takeProgress(): boolean {
    const hasProgressed = this.#hasProgressed;
    this.#hasProgressed = false;
    return hasProgressed;
  }

  destroy(): void {
    this.#transport?.destroy();
  }

  /** Passes bytes to the session; returns whether the connection goes on reading. */
  #advance(bytes: Buffer, start: number, end: number, mayYield = true): boolean {
    const pause = this.#session.advance(bytes, start, end);
    this.#carryOver(bytes, this.#session.at, end);
    const flushed = this.#flush();
    return this.#applyPause(
      pause === PAUSE.needInput && !flushed ? PAUSE.outputBlocked : pause,
      mayYield,
    );
  }

  #applyPause(pause: Pause, mayYield: boolean): boolean {
    switch (pause) {
      case PAUSE.needInput:
        if (this.#state === 'waiting') this.#resumeReading();
        return true;
      case PAUSE.close:
        this.#close();
        return true;
      case PAUSE.yielded:
        this.#pauseReading();
        if (mayYield) {
          if (!this.#session.isStreaming) this.#context.store.counters.add(COUNT.conn_yields);
          setImmediate(() => this.#resume());
        }
        return false;
      default:
        this.#pauseReading();
        return false;
    }
  }

  #pauseReading(): void {
    if (this.#state !== 'reading') return;
    this.#state = 'waiting';
    this.#transport?.pause();
  }

  #resume(): void {
    if (this.#state !== 'waiting' || this.#unsentOutput !== undefined) return;
    if (this.#finishing) this.finish();
    else this.#advance(this.#carry ?? NO_BYTES, this.#carryStart, this.#carryEnd);
  }

  #resumeReading(): void {
    this.#state = 'reading';
    if (this.#peerEnded) this.#close();
    else this.#transport?.resume();
  }

  /** Carries over the rest of the input; `bytes` may be the carry itself. */
  #carryOver(bytes: Buffer, start: number, end: number): void {
    if (start === end) {
      this.#carryStart = 0;
      this.#carryEnd = 0;
      if (this.#carry !== undefined && this.#carry.length > CARRY_BYTES_MIN)
        this.#carry = undefined;
    } else if (bytes === this.#carry) {
      this.#carryStart = start;
    } else {
      this.#carryStart = 0;
      this.#carryEnd = 0;
      this.#append(bytes, start, end);
    }
    const length = end - start;
    this.#retryAtBytes = length <= LINE_BYTES_MAX ? LINE_BYTES_MAX + 1 : 2 * length;
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const have = this.#carryEnd - this.#carryStart;
    const need = have + end - start;
    if (this.#carry === undefined || this.#carryEnd + end - start > this.#carry.length) {
      const larger = Buffer.allocUnsafe(Math.max(CARRY_BYTES_MIN, need + have));
      this.#carry?.copy(larger, 0, this.#carryStart, this.#carryEnd);
      this.#carry = larger;
      this.#carryStart = 0;
      this.#carryEnd = have;
    }
    bytes.copy(this.#carry, this.#carryEnd, start, end);
    this.#carryEnd += end - start;
  }

  /**
   * Whether the new bytes cannot complete the carried line, so that parsing it again is useless.
   */
  #isLineIncomplete(bytes: Buffer, length: number): boolean {
    if (!this.#session.awaitsLine) return false;
    if (this.#carryEnd - this.#carryStart >= this.#retryAtBytes) return false;
    for (let i = 0; i < length; i++) if (bytes[i] === LF) return false;
    return true;
  }

  /** Sends the written output; returns whether the kernel has accepted all of it. */
  #flush(): boolean {
    const { sink } = this.#context;
    if (sink.at > 0) this.#send(sink);
    return this.#unsentOutput === undefined;
  }

  #send(sink: ByteSink): void {
    this.#context.store.counters.add(COUNT.bytes_written, sink.at);
    this.#transport!.write(sink.bytes, sink.at);
    if (this.#transport!.isFlushed()) {
      sink.at = 0;
      return;
    }
    const next =
      this.#context.outputPool.pop() ?? Buffer.allocUnsafeSlow(this.#context.outputBufferBytes);
    this.#unsentOutput = sink.swap(next);
  }

  #recycleOutput(): void {
    const { outputPool, outputBufferBytes } = this.#context;
    const sent = this.#unsentOutput;
    this.#unsentOutput = undefined;
    if (sent?.length !== outputBufferBytes) return;
    if (outputPool.length < OUTPUT_POOL_MAX) outputPool.push(sent);
  }

  /**
   * Sends the written output, then FIN. The connection still reads, and drops, what arrives: unread
   * input would make the kernel send a reset, which could overtake the last reply.
   */
  #close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    const wasWaiting = this.#state === 'waiting';
    this.#state = 'closing';
    this.#session.abandon();
    this.#carry = undefined;
    this.#carryStart = 0;
    this.#carryEnd = 0;
    if (wasWaiting) this.#transport?.resume();
    this.#transport?.end();
  }
}
