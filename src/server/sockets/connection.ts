import { COUNT } from '../../store/index.ts';
import { RequestTiming } from '../session/request-timing.ts';
import { Session } from '../session/session.ts';
import { PAUSE, type Pause, STATE } from '../session/states.ts';
import { Carry } from './carry.ts';
import type { ListenerProtocol } from './listen-address.ts';
import { UnsentOutput } from './output.ts';
import type { BufferHolder } from './thread-buffers.ts';
import type { ThreadContext } from './thread-context.ts';
import { READ_BUFFER_BYTES, type Transport, type TransportEvents } from './transport.ts';
import type { Watcher } from './watcher.ts';

type CloseReason = 'normal' | 'error' | 'idle_timeout' | 'login_timeout' | 'memory';

/**
 * The socket and the session of one client. The session reads the thread's read buffer directly;
 * the connection copies and carries over only an incomplete request. Sessions write replies into
 * the one output buffer of the thread, and each readable event ends with one write. If the kernel
 * does not accept that write at once, the connection keeps the buffer, the thread takes another
 * one, and the connection stops reading until the client has read its replies.
 */
export class Connection implements TransportEvents, Watcher, BufferHolder {
  readonly #context: ThreadContext;
  readonly session: Session;
  readonly #timing: RequestTiming;
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
  readonly #unsent: UnsentOutput;
  heldKib = 0;
  /** The bytes of replies that it has written. */
  sentBytes = 0;
  /** The bytes of its buffers that ThreadBuffers has counted. */
  #countedBytes = 0;
  /** Whether the connection pauses until a long line may grow. */
  #awaitsRoom = false;
  #isExpelled = false;
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
    this.#unsent = new UnsentOutput(context.output);
    this.session = new Session(context.session, {
      id: slot,
      protocol,
      watch: (streams) => context.watchers.add(this, streams),
      flush: () => this.#flush(),
      wake: () => this.#resume(),
      loginChecked: (user, accepted) => context.loginChecked(slot, user, accepted),
    });
    this.#timing = new RequestTiming(context.samples, this);
  }

  attach(transport: Transport): void {
    this.#transport = transport;
  }

  readonly data = (bytes: Buffer, length: number): boolean => {
    if (this.#state === 'closing' || this.#state === 'closed') return true;
    this.#timing.begin();
    this.#context.store.counters.add(COUNT.bytes_read, length);
    this.#context.table.touch(this.slot, this.#context.store.clock.now());
    const carry = this.#carry;
    if (carry.end === carry.start) return this.#advance(bytes, 0, length);
    carry.append(bytes, 0, length);
    if (!this.session.awaitsLine || carry.mayBeComplete(bytes, length)) {
      return this.#advance(carry.bytes, carry.start, carry.end);
    }
    this.#countBuffers();
    return this.#makeRoom();
  };

  readonly end = (): void => {
    this.#peerEnded = true;
    if (this.#state === 'reading') this.#close();
  };

  readonly drain = (): void => {
    this.#hasProgressed = true;
    this.#unsent.clear(this.#transport!);
    this.#countBuffers();
    this.#timing.resume();
    this.#resume();
  };

  readonly close = (error: Error | undefined): void => {
    if (this.#state === 'closed') return;
    if (error !== undefined) this.closeReason = 'error';
    this.#state = 'closed';
    this.#context.watchers.remove(this);
    this.#unsent.clear(this.#transport!);
    this.session.abandon();
    this.#timing.abandon();
    this.#carry.clear();
    this.#context.buffers.release(this);
    this.#onClosed(this);
    this.#context.table.free(this.slot);
  };

  /** Whether the client must log in, and has no login in progress. */
  get isAnonymous(): boolean {
    return this.session.isAnonymous;
  }

  /** Whether the connection waits for the client to send something. */
  get isIdle(): boolean {
    return this.#state === 'reading' && this.session.state !== STATE.watching;
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
    this.session.cutStream();
    while (
      this.#state === 'waiting' &&
      this.#unsent.isEmpty &&
      !this.#awaitsRoom &&
      !this.session.isAwaiting
    ) {
      this.#advanceCarried(false);
    }
    const { state, isAwaiting } = this.session;
    this.#finishing = this.#state === 'waiting' && (state === STATE.streaming || isAwaiting);
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
    this.#isExpelled = true;
    this.#state = 'closing';
    this.destroy();
  }

  /** The long line of this connection may grow. */
  admit(): void {
    this.#awaitsRoom = false;
    if (this.#state !== 'waiting') return;
    this.#carry.grow(READ_BUFFER_BYTES);
    this.#countBuffers();
    this.#resumeReading();
  }

  /** Passes bytes to the session; returns whether the connection goes on reading. */
  #advance(bytes: Buffer, start: number, end: number, mayYield = true): boolean {
    const session = this.session;
    const served = session.advance(bytes, start, end);
    const flushed = this.#flush();
    const pause = served === PAUSE.needInput && !flushed ? PAUSE.outputBlocked : served;
    this.#timing.end(bytes, start, pause);
    if (this.#carry.replace(bytes, session.at, end)) this.#context.session.requests.trim();
    this.#countBuffers();
    return this.#applyPause(pause, mayYield);
  }

  #advanceCarried(mayYield = true): boolean {
    const { bytes, start, end } = this.#carry;
    return this.#advance(bytes, start, end, mayYield);
  }

  #applyPause(pause: Pause, mayYield: boolean): boolean {
    switch (pause) {
      case PAUSE.needInput:
        if (!this.#makeRoom()) return false;
        if (this.#state === 'waiting') this.#resumeReading();
        return true;
      case PAUSE.close:
        this.#close();
        return true;
      case PAUSE.yielded:
        this.#pauseReading();
        if (mayYield) {
          const isStreaming = this.session.state === STATE.streaming;
          if (!isStreaming) this.#context.store.counters.add(COUNT.conn_yields);
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
    if (this.#state !== 'waiting' || !this.#unsent.isEmpty) return;
    if (this.#finishing) this.finish();
    else this.#advanceCarried();
  }

  #resumeReading(): void {
    this.#state = 'reading';
    if (this.#peerEnded) this.#close();
    else this.#transport?.resume();
  }

  /** Sends the written output; returns whether the kernel has accepted all of it. */
  #flush(): boolean {
    const { output, store } = this.#context;
    const { at } = output.sink;
    if (at > 0) {
      store.counters.add(COUNT.bytes_written, at);
      this.sentBytes += at;
      this.#unsent.send(this.#transport!);
    }
    return this.#unsent.isEmpty;
  }

  /** Tells the budget when the memory of the buffers has changed. */
  #countBuffers(): void {
    const bytes = this.#carry.bytes.length + this.#unsent.bytes + this.session.parkedBytes;
    if (bytes === this.#countedBytes || this.#isExpelled) return;
    this.#countedBytes = bytes;
    this.#context.buffers.hold(this, bytes);
  }

  /** Makes room for the next read of a long line; otherwise pauses until there is some. */
  #makeRoom(): boolean {
    const growth = this.#carry.growthFor(READ_BUFFER_BYTES);
    if (growth === 0) return true;
    this.#awaitsRoom = !this.#context.buffers.admitsOrPauses(this, growth);
    if (this.#awaitsRoom) {
      this.#pauseReading();
      return false;
    }
    this.#carry.grow(READ_BUFFER_BYTES);
    this.#countBuffers();
    return true;
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
    this.session.abandon();
    this.#carry.clear();
    this.#countBuffers();
    if (wasWaiting) this.#transport?.resume();
    this.#transport?.end();
  }
}
