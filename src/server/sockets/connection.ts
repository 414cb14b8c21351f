import { COUNT } from '../../store/index.ts';
import { RequestTiming } from '../session/request-timing.ts';
import { Session } from '../session/session.ts';
import { PAUSE, type Pause, STATE } from '../session/states.ts';
import { ConnectionBuffers } from './connection-buffers.ts';
import { ConnectionOutput } from './connection-output.ts';
import type { ListenerProtocol } from './listen-address.ts';
import { pauseAfter } from './pause-after.ts';
import type { ThreadContext } from './thread-context.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { Watcher } from './watcher.ts';

type CloseReason = 'normal' | 'error' | 'idle_timeout' | 'login_timeout' | 'memory';

/**
 * The socket and the session of one client. The session reads the thread's read buffer directly;
 * the connection copies and carries over only an incomplete request. Sessions write replies into
 * the one output buffer of the thread, and each readable event ends with one write. If the kernel
 * does not accept that write at once, the connection keeps the buffer, the thread takes another
 * one, and the connection stops reading until the client has read its replies.
 */
export class Connection implements TransportEvents, Watcher {
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
  readonly #buffers: ConnectionBuffers;
  readonly #output: ConnectionOutput;
  /**
   * `waiting`: the connection does not read. `closing`: it has sent FIN and drops what it reads.
   */
  #state: 'reading' | 'waiting' | 'closing' | 'closed' = 'reading';
  #peerEnded = false;
  /** Why the session has paused. */
  #pause: Pause = PAUSE.needInput;
  /** Whether the connection serves no further request, and closes after the last reply. */
  #closesAfterReplies = false;
  /** Whether the node stops while this connection sends a large value or waits for a promise. */
  #finishing = false;

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
    this.#output = new ConnectionOutput(context);
    this.#buffers = new ConnectionBuffers(context.buffers, {
      otherBytes: () => this.#output.bytes + this.session.parkedBytes,
      wantedBytes: () => this.session.cluster?.wantedBytes ?? 0,
      isWaiting: () => this.#state === 'waiting',
      admitted: () => this.#resumeReading(),
      expelled: (reason) => this.expel(reason),
    });
    this.session = new Session(context.session, {
      id: slot,
      protocol,
      watch: (streams) => context.watchers.add(this, streams),
      flush: () => this.#output.flush(),
      wake: () => this.#resume(),
      replied: () => this.#replied(),
      loginChecked: (user, accepted) => context.loginChecked(slot, user, accepted),
    });
    this.#output.order(this.session.cluster?.replies);
    this.#timing = new RequestTiming(context.samples, this);
  }

  attach(transport: Transport): void {
    this.#transport = transport;
    this.#output.attach(transport);
  }

  /** The bytes of replies that it has written. */
  get sentBytes(): number {
    return this.#output.sentBytes;
  }

  readonly data = (bytes: Buffer, length: number): boolean => {
    if (this.#state === 'closing' || this.#state === 'closed') return true;
    this.#timing.begin();
    this.#context.store.counters.add(COUNT.bytes_read, length);
    this.#context.table.touch(this.slot, this.#context.store.clock.now());
    const { carry } = this.#buffers;
    if (carry.end === carry.start) return this.#advance(bytes, 0, length);
    carry.append(bytes, 0, length);
    if (!this.session.awaitsLine || carry.mayBeComplete(bytes, length)) {
      return this.#advance(carry.bytes, carry.start, carry.end);
    }
    this.#buffers.count();
    return this.#buffers.makeRoom() || this.#pauseReading();
  };

  readonly end = (): void => {
    this.#peerEnded = true;
    if (this.#state === 'reading') this.#closeAfterReplies();
  };

  readonly drain = (): void => {
    this.#output.clear();
    this.#buffers.count();
    this.#timing.resume();
    if (this.session.cluster === undefined || this.#pause === PAUSE.awaiting) this.#resume();
    else if (this.#pause !== PAUSE.close) this.#pause = PAUSE.replies;
    this.#replied();
  };

  readonly close = (error: Error | undefined): void => {
    if (this.#state === 'closed') return;
    if (error !== undefined) this.closeReason = 'error';
    this.#state = 'closed';
    this.#context.watchers.remove(this);
    this.#output.clear();
    this.session.abandon();
    this.#timing.abandon();
    this.#buffers.release();
    this.#onClosed(this);
    this.#context.table.free(this.slot);
  };

  /** Whether the client must log in, and has no login in progress. */
  get isAnonymous(): boolean {
    return this.session.isAnonymous;
  }

  /** Whether the connection waits for the client to send something. */
  get isIdle(): boolean {
    const { state, cluster } = this.session;
    return this.#state === 'reading' && state !== STATE.watching && cluster?.isIdle !== false;
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
    if (!this.#finishing) this.#output.takeProgress();
    if (this.#closesAfterReplies) return;
    const { cluster } = this.session;
    this.session.cutStream();
    while (
      this.#state === 'waiting' &&
      this.#output.isFlushed &&
      !this.#closesAfterReplies &&
      !this.#buffers.awaitsRoom &&
      !this.session.isAwaiting &&
      cluster?.mayGoOn !== false
    ) {
      this.#advanceCarried(false);
    }
    const { state, isAwaiting } = this.session;
    const isBusy = this.#state === 'waiting' && (state === STATE.streaming || isAwaiting);
    this.#finishing = isBusy || cluster?.isIdle === false;
    if (this.#finishing) this.#pauseReading();
    else if (this.#state === 'reading' || this.#state === 'waiting') this.#close();
  }

  /** Whether the client has read blocked output, or replies have come, since the last call. */
  takeProgress(): boolean {
    return this.#output.takeProgress();
  }

  destroy(): void {
    this.#transport?.destroy();
  }

  /** Closes the connection at once, whatever it does. */
  expel(reason: CloseReason): void {
    this.closeReason = reason;
    this.#buffers.stop();
    this.#state = 'closing';
    this.destroy();
  }

  /** Passes bytes to the session; returns whether the connection goes on reading. */
  #advance(bytes: Buffer, start: number, end: number, mayYield = true): boolean {
    const session = this.session;
    const served = session.advance(bytes, start, end);
    session.cluster?.sendRun();
    const flushed = this.#output.flush();
    if (this.#output.hasFailed) {
      this.expel('error');
      return false;
    }
    this.#pause = pauseAfter(served, flushed, this.#output.isFlushed, session.cluster);
    this.#timing.end(bytes, start, this.#pause);
    const { carry } = this.#buffers;
    if (carry.replace(bytes, session.at, end)) this.#context.session.requests.trim();
    this.#buffers.count();
    return this.#applyPause(this.#pause, mayYield);
  }

  #advanceCarried(mayYield = true): boolean {
    const { bytes, start, end } = this.#buffers.carry;
    return this.#advance(bytes, start, end, mayYield);
  }

  #applyPause(pause: Pause, mayYield: boolean): boolean {
    switch (pause) {
      case PAUSE.needInput:
        if (!this.#buffers.makeRoom()) return this.#pauseReading();
        if (this.#state === 'waiting') this.#resumeReading();
        return true;
      case PAUSE.close:
        this.#closeAfterReplies();
        return this.#state !== 'waiting';
      case PAUSE.yielded:
        if (mayYield) this.#yield();
        return this.#pauseReading();
      default:
        return this.#pauseReading();
    }
  }

  /** In a cluster: sends the replies that may leave, and goes on if the session waited for them. */
  #replied(): void {
    const { cluster } = this.session;
    if (cluster === undefined || this.#state === 'closing' || this.#state === 'closed') return;
    this.#output.sendReady();
    this.#buffers.count();
    if (this.#output.hasFailed) this.expel('error');
    else if (!this.#output.isFlushed) this.#pauseReading();
    else if (this.#closesAfterReplies) this.#closeAfterReplies();
    else if (this.#finishing) this.finish();
    else if (this.#pause === PAUSE.replies && cluster.mayGoOn) this.#resume();
  }

  #closeAfterReplies(): void {
    this.#closesAfterReplies = this.session.cluster?.replies.isEmpty === false;
    if (this.#closesAfterReplies) this.#pauseReading();
    else this.#close();
  }

  /** Other connections are next. */
  #yield(): void {
    const isStreaming = this.session.state === STATE.streaming;
    if (!isStreaming) this.#context.store.counters.add(COUNT.conn_yields);
    setImmediate(() => this.#pause === PAUSE.yielded && this.#resume());
  }

  #pauseReading(): false {
    if (this.#state === 'reading') {
      this.#state = 'waiting';
      this.#transport?.pause();
    }
    return false;
  }

  #resume(): void {
    if (this.#state !== 'waiting' || !this.#output.isFlushed) return;
    if (this.#finishing) this.finish();
    else this.#advanceCarried();
  }

  #resumeReading(): void {
    this.#state = 'reading';
    if (this.#peerEnded) this.#closeAfterReplies();
    else this.#transport?.resume();
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
    this.#buffers.carry.clear();
    this.#buffers.count();
    if (wasWaiting) this.#transport?.resume();
    this.#transport?.end();
  }
}
