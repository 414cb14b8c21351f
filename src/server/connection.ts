import type { ByteSink } from '../base/index.ts';
import { LINE_BYTES_MAX } from '../protocol/index.ts';
import { COUNT, type Store } from '../store/index.ts';
import type { ConnectionTable } from './connection-table.ts';
import { PAUSE, type Pause, Session, type SessionTools } from './session.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { Watcher, Watchers } from './watchers.ts';

const LF = 0x0a;
const CARRY_BYTES_MIN = 4096;
const NO_BYTES = Buffer.alloc(0);
/** Output buffers kept for the next slow client, so that these cost no allocation each. */
const SPARES_MAX = 4;

/** What the connections of one thread share. */
export interface ConnectionTools {
  readonly session: SessionTools;
  readonly store: Store;
  readonly sink: ByteSink;
  readonly sinkBytes: number;
  readonly spares: Buffer[];
  readonly watchers: Watchers;
  readonly table: ConnectionTable;
  readonly loginFailed: (slot: number, user: string) => void;
}

/**
 * One client's socket and session. Input goes from the thread's read buffer straight through the
 * session; only what cannot be understood yet is carried over. Replies are written into the
 * thread's one output buffer and leave in one write per readable event; when the kernel does not
 * take them at once, the buffer stays with this connection and the thread goes on with another,
 * and this client is not read again until it has taken them.
 */
export class Connection implements TransportEvents, Watcher {
  readonly #tools: ConnectionTools;
  readonly #session: Session;
  /** Its place in the table of connections. */
  readonly slot: number;
  /** Why it ended, in memcached's words. */
  reason: 'normal' | 'error' = 'normal';
  readonly #onGone: (connection: Connection) => void;
  #transport: Transport | undefined;
  /** Bytes not yet understood: `carry[carryStart, carryEnd)`. */
  #carry: Buffer | undefined;
  #carryStart = 0;
  #carryEnd = 0;
  /** While no newline comes, the carried line is not looked at again before it is this long. */
  #lookAgainBytes = 0;
  /** The output that the kernel has not taken. */
  #held: Buffer | undefined;
  #state: 'reading' | 'waiting' | 'ending' | 'gone' = 'reading';
  #peerEnded = false;
  /** Whether the node stops, and a large value is still on its way. */
  #finishing = false;
  /** Whether the client took what had to wait for it, since `hasTaken` was last asked. */
  #taken = false;

  constructor(tools: ConnectionTools, slot: number, onGone: (connection: Connection) => void) {
    this.#tools = tools;
    this.slot = slot;
    this.#onGone = onGone;
    this.#session = new Session(tools.session, {
      id: slot,
      watch: (streams) => tools.watchers.add(this, streams),
      flush: () => this.#flush(),
      wake: () => this.#goOn(),
      loginFailed: (user) => tools.loginFailed(slot, user),
    });
  }

  attach(transport: Transport): void {
    this.#transport = transport;
  }

  readonly data = (bytes: Buffer, length: number): boolean => {
    if (this.#state === 'ending' || this.#state === 'gone') return true;
    this.#tools.store.counters.add(COUNT.bytes_read, length);
    this.#tools.table.touch(this.slot, this.#tools.store.lifetimes.now());
    if (this.#carryEnd === this.#carryStart) return this.#work(bytes, 0, length);
    this.#append(bytes, 0, length);
    if (this.#mustWait(bytes, length)) return true;
    return this.#work(this.#carry!, this.#carryStart, this.#carryEnd);
  };

  readonly end = (): void => {
    this.#peerEnded = true;
    if (this.#state === 'reading') this.#close();
  };

  readonly drain = (): void => {
    this.#taken = true;
    this.#releaseHeld();
    if (this.#state !== 'waiting') return;
    if (this.#finishing) this.finish();
    else this.#goOn();
  };

  readonly close = (error: Error | undefined): void => {
    if (this.#state === 'gone') return;
    if (error !== undefined) this.reason = 'error';
    this.#state = 'gone';
    this.#tools.watchers.remove(this);
    this.#releaseHeld();
    this.#session.abandon();
    this.#carry = undefined;
    this.#onGone(this);
    this.#tools.table.free(this.slot);
  };

  readonly isReady = (): boolean => this.#state === 'reading' && this.#transport!.isFlushed();

  /** Events, for a client that watches. */
  readonly tell = (lines: string): void => {
    const bytes = Buffer.from(lines, 'latin1');
    this.#tools.store.counters.add(COUNT.bytes_written, bytes.length);
    this.#transport!.write(bytes, bytes.length);
  };

  /** The node stops: answers what has been read, be it with a large value, then says goodbye. */
  finish(): void {
    // From now on it counts whether the client takes anything.
    if (!this.#finishing) this.#taken = false;
    this.#session.cutStream();
    while (this.#state === 'waiting' && this.#held === undefined && !this.#session.isAsking) {
      this.#work(this.#carry ?? NO_BYTES, this.#carryStart, this.#carryEnd, false);
    }
    this.#finishing = this.#state === 'waiting' && this.#session.isStreaming;
    if (this.#finishing) return;
    if (this.#state === 'reading' || this.#state === 'waiting') this.#close();
  }

  /** Whether the client has taken anything since it was last asked. */
  hasTaken(): boolean {
    const taken = this.#taken;
    this.#taken = false;
    return taken;
  }

  destroy(): void {
    this.#transport?.destroy();
  }

  /** Lets the session work on bytes; returns whether to go on reading. */
  #work(bytes: Buffer, start: number, end: number, mayYield = true): boolean {
    const pause = this.#session.advance(bytes, start, end);
    this.#keep(bytes, this.#session.at, end);
    const flushed = this.#flush();
    return this.#pauseFor(pause === PAUSE.hungry && !flushed ? PAUSE.blocked : pause, mayYield);
  }

  #pauseFor(pause: Pause, mayYield: boolean): boolean {
    switch (pause) {
      case PAUSE.hungry:
        if (this.#state === 'waiting') this.#resumeReading();
        return true;
      case PAUSE.closing:
        this.#close();
        return true;
      case PAUSE.turnOver:
        this.#wait();
        if (mayYield) {
          if (!this.#session.isStreaming) this.#tools.store.counters.add(COUNT.conn_yields);
          setImmediate(() => this.#goOn());
        }
        return false;
      default:
        this.#wait();
        return false;
    }
  }

  #wait(): void {
    if (this.#state !== 'reading') return;
    this.#state = 'waiting';
    this.#transport?.pause();
  }

  #goOn(): void {
    if (this.#state !== 'waiting' || this.#held !== undefined) return;
    this.#work(this.#carry ?? NO_BYTES, this.#carryStart, this.#carryEnd);
  }

  #resumeReading(): void {
    this.#state = 'reading';
    if (this.#peerEnded) this.#close();
    else this.#transport?.resume();
  }

  /** Keeps what is left of the input; `bytes` may be the carry itself. */
  #keep(bytes: Buffer, start: number, end: number): void {
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
    this.#lookAgainBytes = length <= LINE_BYTES_MAX ? LINE_BYTES_MAX + 1 : 2 * length;
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const have = this.#carryEnd - this.#carryStart;
    const need = have + end - start;
    if (this.#carry === undefined || this.#carryEnd + end - start > this.#carry.length) {
      const roomier = Buffer.allocUnsafe(Math.max(CARRY_BYTES_MIN, need + have));
      this.#carry?.copy(roomier, 0, this.#carryStart, this.#carryEnd);
      this.#carry = roomier;
      this.#carryStart = 0;
      this.#carryEnd = have;
    }
    bytes.copy(this.#carry, this.#carryEnd, start, end);
    this.#carryEnd += end - start;
  }

  /** Whether the new bytes cannot finish the carried line: looking at it again would be in vain. */
  #mustWait(bytes: Buffer, length: number): boolean {
    if (!this.#session.awaitsLine) return false;
    if (this.#carryEnd - this.#carryStart >= this.#lookAgainBytes) return false;
    for (let i = 0; i < length; i++) if (bytes[i] === LF) return false;
    return true;
  }

  /** Sends what is written; returns whether the client takes it. */
  #flush(): boolean {
    const { sink } = this.#tools;
    if (sink.at > 0) this.#send(sink);
    return this.#held === undefined;
  }

  #send(sink: ByteSink): void {
    this.#tools.store.counters.add(COUNT.bytes_written, sink.at);
    this.#transport!.write(sink.bytes, sink.at);
    if (this.#transport!.isFlushed()) {
      sink.at = 0;
      return;
    }
    const next = this.#tools.spares.pop() ?? Buffer.allocUnsafeSlow(this.#tools.sinkBytes);
    this.#held = sink.swap(next);
  }

  #releaseHeld(): void {
    const { spares, sinkBytes } = this.#tools;
    const held = this.#held;
    this.#held = undefined;
    if (held?.length === sinkBytes && spares.length < SPARES_MAX) spares.push(held);
  }

  /** Sends what is written, then FIN; what still arrives is read and dropped, so that no reset
   * overtakes the last reply. */
  #close(): void {
    if (this.#state === 'ending' || this.#state === 'gone') return;
    const waited = this.#state === 'waiting';
    this.#state = 'ending';
    this.#session.abandon();
    this.#carry = undefined;
    this.#carryStart = 0;
    this.#carryEnd = 0;
    if (waited) this.#transport?.resume();
    this.#transport?.end();
  }
}
