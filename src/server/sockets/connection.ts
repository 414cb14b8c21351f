import type { ByteSink, Logger } from '../../base/index.ts';
import { LINE_BYTES_MAX } from '../../protocol/index.ts';
import { COUNT, type Store } from '../../store/index.ts';
import type { SessionContext } from '../session/context.ts';
import { Session } from '../session/session.ts';
import { PAUSE, type Pause } from '../session/states.ts';
import { Carry } from './carry.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { ListenerProtocol } from './listen-address.ts';
import type { Refusal } from './refusal-log.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { EventFeed, Watcher } from './watcher.ts';

const LF = 0x0a;
/** Unused output buffers of a thread, for its next slow client; it frees more than these. */
const OUTPUT_POOL_MAX = 4;

type CloseReason = 'normal' | 'error' | 'idle_timeout' | 'login_timeout';

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
  /** Logs that the node closed a connection to protect itself. */
  readonly refused: (refusal: Refusal) => void;
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
  closeReason: CloseReason = 'normal';
  /** Seconds of the store's clock. */
  readonly acceptedAt: number;
  /** When the node sent FIN; the client has not closed since. */
  closingSince: number | undefined;
  readonly #onClosed: (connection: Connection) => void;
  #transport: Transport | undefined;
  readonly #carry = new Carry();
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
    this.acceptedAt = context.store.clock.now();
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
    const carry = this.#carry;
    if (carry.end === carry.start) return this.#advance(bytes, 0, length);
    carry.append(bytes, 0, length);
    if (this.#isLineIncomplete(bytes, length)) return true;
    return this.#advance(carry.bytes, carry.start, carry.end);
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
    this.#carry.clear();
    this.#onClosed(this);
    this.#context.table.free(this.slot);
  };

  /** Whether the client must log in, and has no login in progress. */
  get isAnonymous(): boolean {
    return this.#session.isAnonymous;
  }

  /** Whether the connection waits for the client to send something. */
  get isIdle(): boolean {
    return this.#state === 'reading' && !this.#session.isWatching;
  }

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
      this.#advanceCarried(false);
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

  /** Closes the connection at once, whatever it does. */
  expel(reason: CloseReason): void {
    this.closeReason = reason;
    this.destroy();
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

  #advanceCarried(mayYield = true): boolean {
    const { bytes, start, end } = this.#carry;
    return this.#advance(bytes, start, end, mayYield);
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
    else this.#advanceCarried();
  }

  #resumeReading(): void {
    this.#state = 'reading';
    if (this.#peerEnded) this.#close();
    else this.#transport?.resume();
  }

  /** Carries over the rest of the input; `bytes` may be the carry itself. */
  #carryOver(bytes: Buffer, start: number, end: number): void {
    this.#carry.replace(bytes, start, end);
    const length = end - start;
    this.#retryAtBytes = length <= LINE_BYTES_MAX ? LINE_BYTES_MAX + 1 : 2 * length;
  }

  /**
   * Whether the new bytes cannot complete the carried line, so that parsing it again is useless.
   */
  #isLineIncomplete(bytes: Buffer, length: number): boolean {
    if (!this.#session.awaitsLine) return false;
    if (this.#carry.length >= this.#retryAtBytes) return false;
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
    this.closingSince = this.#context.store.clock.now();
    this.#session.abandon();
    this.#carry.clear();
    if (wasWaiting) this.#transport?.resume();
    this.#transport?.end();
  }
}
