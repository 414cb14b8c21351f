import { machineClock } from '../../base/index.ts';
import type { EventCounts, EventLog } from '../../commands/index.ts';

/** The watchers of a node at the same time (memcached's bound). */
const WATCHERS_MAX = 20;
/** The size of a ring, and so the lag of a watcher that loses no event; a power of two. */
const RING_BYTES = 256 * 1024;
const ENTRY_HEAD_BYTES = 3;
const TEXT_BYTES_MAX = 4096;
const STREAMS = 8;

/**
 * Header words: the number of watchers, the streams that any of them watches, the number of the
 * last event, the events that watchers got, how often they missed some, and the watchers of each
 * stream.
 */
const WATCHERS = 0;
const WATCHED = 1;
const GID = 2;
const SENT = 3;
const GAPS = 4;
const WATCHERS_BY_STREAM = 8;
const HEADER_BYTES = 64;
/**
 * A slot: the head of the ring (all bytes ever written, modulo 2^32), then the bytes of the ring.
 */
const RING_AT = 64;
const SLOT_BYTES = RING_AT + RING_BYTES;

/**
 * The rings that carry events to watchers, in shared memory. Each thread writes its own ring and
 * never waits for readers. Each watcher reads all rings at its own pace, and misses the events that
 * the thread has overwritten.
 *
 *   an entry: ├ length, 2 bytes ┼ stream ┼ text ┤   it wraps at the end of the ring
 */
export class EventRings {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly threads: number;

  static allocate(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + threads * SLOT_BYTES);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.threads = (memory.byteLength - HEADER_BYTES) / SLOT_BYTES;
  }

  get watched(): number {
    return this.#words[WATCHED]!;
  }

  /** Counts of events since the start, modulo 2^32, and the number of watchers. */
  counts(): EventCounts {
    const count = (word: number): number => Atomics.load(this.#words, word) >>> 0;
    return {
      written: count(GID),
      gaps: count(GAPS),
      sent: count(SENT),
      watchers: count(WATCHERS),
    };
  }

  /** Counts what a watcher has read. */
  countRead(events: number, hasGap: boolean): void {
    Atomics.add(this.#words, SENT, events);
    if (hasGap) Atomics.add(this.#words, GAPS, 1);
  }

  /** Adds a watcher; returns false if the node already has its maximum. */
  addWatcher(streams: number): boolean {
    if (Atomics.add(this.#words, WATCHERS, 1) >= WATCHERS_MAX) {
      Atomics.sub(this.#words, WATCHERS, 1);
      return false;
    }
    this.#count(streams, 1);
    return true;
  }

  removeWatcher(streams: number): void {
    Atomics.sub(this.#words, WATCHERS, 1);
    this.#count(streams, -1);
  }

  nextGid(): number {
    return (Atomics.add(this.#words, GID, 1) + 1) >>> 0;
  }

  head(thread: number): number {
    return Atomics.load(this.#words, headWord(thread)) >>> 0;
  }

  write(thread: number, stream: number, text: Buffer): void {
    const length = Math.min(text.length, TEXT_BYTES_MAX);
    const base = ringByte(thread);
    let at = this.head(thread);
    const put = (byte: number): void => {
      this.#bytes[base + (at & (RING_BYTES - 1))] = byte;
      at = (at + 1) >>> 0;
    };
    put(length >>> 8);
    put(length & 0xff);
    put(stream);
    for (let i = 0; i < length; i++) put(text[i]!);
    Atomics.store(this.#words, headWord(thread), at | 0);
  }

  /** The entry at `cursor` and the cursor of the next; undefined if the thread overwrote it. */
  read(thread: number, cursor: number): { stream: number; text: string; next: number } | undefined {
    const base = ringByte(thread);
    const byteAt = (offset: number): number =>
      this.#bytes[base + ((cursor + offset) & (RING_BYTES - 1))]!;
    const length = (byteAt(0) << 8) | byteAt(1);
    const stream = byteAt(2);
    const text = Buffer.alloc(Math.min(length, TEXT_BYTES_MAX));
    for (let i = 0; i < text.length; i++) text[i] = byteAt(ENTRY_HEAD_BYTES + i);
    // The thread may have written one entry beyond the head.
    const lag = (this.head(thread) - cursor) >>> 0;
    if (lag > RING_BYTES - TEXT_BYTES_MAX - ENTRY_HEAD_BYTES) return undefined;
    const next = (cursor + ENTRY_HEAD_BYTES + length) >>> 0;
    return { stream, text: text.toString('latin1'), next };
  }

  #count(streams: number, by: number): void {
    for (let bit = 0; bit < STREAMS; bit++) {
      if ((streams & (1 << bit)) !== 0) Atomics.add(this.#words, WATCHERS_BY_STREAM + bit, by);
    }
    let watched = 0;
    for (let bit = 0; bit < STREAMS; bit++) {
      if (Atomics.load(this.#words, WATCHERS_BY_STREAM + bit) > 0) watched |= 1 << bit;
    }
    Atomics.store(this.#words, WATCHED, watched);
  }
}

function headWord(thread: number): number {
  return (HEADER_BYTES + thread * SLOT_BYTES) / 4;
}

function ringByte(thread: number): number {
  return HEADER_BYTES + thread * SLOT_BYTES + RING_AT;
}

/** The writing end of one thread's ring. */
export class RingLog implements EventLog {
  cfd = 0;
  readonly #rings: EventRings;
  readonly #thread: number;

  constructor(rings: EventRings, thread: number) {
    this.#rings = rings;
    this.#thread = thread;
  }

  get watchedStreams(): number {
    return this.#rings.watched;
  }

  publish(stream: number, text: string): void {
    const nowMs = machineClock.nowMs();
    const seconds = Math.floor(nowMs / 1000);
    const micros = String(Math.floor((nowMs % 1000) * 1000)).padStart(6, '0');
    const line = `ts=${seconds}.${micros} gid=${this.#rings.nextGid()} type=${text}\n`;
    this.#rings.write(this.#thread, stream, Buffer.from(line, 'latin1'));
  }
}
