import type { ConnectionView } from '../../commands/index.ts';

/** Header words: the number of connections, its peak, and the end of the slots used so far. */
const COUNT = 0;
const PEAK = 1;
const SLOTS_END = 2;
const HEADER_WORDS = 16;

/**
 * A slot: used (1) or free (0), the clock at the last input, two text lengths in bytes, two texts.
 */
const SLOT_WORDS = 32;
const USED = 0;
const LAST = 1;
const ADDRESS_LENGTH = 2;
const LISTEN_LENGTH = 3;
const ADDRESS_BYTE = 16;
const ADDRESS_BYTES_MAX = 60;
const LISTEN_BYTE = ADDRESS_BYTE + ADDRESS_BYTES_MAX;
const LISTEN_BYTES_MAX = SLOT_WORDS * 4 - LISTEN_BYTE;

/**
 * The connections of all threads, in shared memory: `-c` limits their total, and every thread shows
 * all of them in `stats conns`. Only the thread of a connection writes its slot.
 */
export class ConnectionTable {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #limit: number;

  /** Allocates the memory for a table of `limit` connections. */
  static allocate(limit: number): SharedArrayBuffer {
    return new SharedArrayBuffer((HEADER_WORDS + limit * SLOT_WORDS) * 4);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#bytes = Buffer.from(memory);
    this.#limit = (this.#words.length - HEADER_WORDS) / SLOT_WORDS;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Takes a slot; returns -1 if the table has `limit` connections. */
  take(address: string, listenAddress: string, now: number): number {
    const count = Atomics.add(this.#words, COUNT, 1) + 1;
    if (count > this.#limit) {
      Atomics.sub(this.#words, COUNT, 1);
      return -1;
    }
    if (count > Atomics.load(this.#words, PEAK)) Atomics.store(this.#words, PEAK, count);
    for (let slot = 0; ; slot = (slot + 1) % this.#limit) {
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      if (Atomics.compareExchange(this.#words, at + USED, 0, 1) !== 0) continue;
      if (slot >= this.slotsEnd()) this.#raiseSlotsEnd(slot + 1);
      this.#words[at + LAST] = now;
      this.#words[at + ADDRESS_LENGTH] = this.#bytes.write(
        address,
        at * 4 + ADDRESS_BYTE,
        ADDRESS_BYTES_MAX,
      );
      this.#words[at + LISTEN_LENGTH] = this.#bytes.write(
        listenAddress,
        at * 4 + LISTEN_BYTE,
        LISTEN_BYTES_MAX,
      );
      return slot;
    }
  }

  free(slot: number): void {
    Atomics.store(this.#words, HEADER_WORDS + slot * SLOT_WORDS + USED, 0);
    Atomics.sub(this.#words, COUNT, 1);
  }

  /** Notes that the slot's connection received input. */
  touch(slot: number, now: number): void {
    this.#words[HEADER_WORDS + slot * SLOT_WORDS + LAST] = now;
  }

  /** The clock at the last input of the slot's connection. */
  lastInputAt(slot: number): number {
    return this.#words[HEADER_WORDS + slot * SLOT_WORDS + LAST]!;
  }

  count(): number {
    return Atomics.load(this.#words, COUNT);
  }

  peak(): number {
    return Atomics.load(this.#words, PEAK);
  }

  /** The address of the slot's client. */
  addressOf(slot: number): string {
    const at = HEADER_WORDS + slot * SLOT_WORDS;
    return this.#text(at * 4 + ADDRESS_BYTE, this.#words[at + ADDRESS_LENGTH]!);
  }

  /** How many connections have sent nothing for this many seconds. */
  countSilent(seconds: number, now: number): number {
    let silent = 0;
    const end = HEADER_WORDS + this.slotsEnd() * SLOT_WORDS;
    for (let at = HEADER_WORDS; at < end; at += SLOT_WORDS) {
      if (this.#words[at + USED] === 1 && now - this.#words[at + LAST]! >= seconds) silent++;
    }
    return silent;
  }

  /** Above all slots that were ever in use: connections take the lowest free slot. */
  slotsEnd(): number {
    return Atomics.load(this.#words, SLOTS_END);
  }

  #raiseSlotsEnd(end: number): void {
    for (;;) {
      const before = this.slotsEnd();
      if (before >= end) return;
      if (Atomics.compareExchange(this.#words, SLOTS_END, before, end) === before) return;
    }
  }

  /** The connections in the slots `first` … `end` - 1. */
  views(first: number, end: number, now: number): readonly ConnectionView[] {
    const views: ConnectionView[] = [];
    for (let slot = first; slot < Math.min(end, this.#limit); slot++) {
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      if (Atomics.load(this.#words, at + USED) === 0) continue;
      views.push({
        id: slot,
        address: this.#text(at * 4 + ADDRESS_BYTE, this.#words[at + ADDRESS_LENGTH]!),
        listenAddress: this.#text(at * 4 + LISTEN_BYTE, this.#words[at + LISTEN_LENGTH]!),
        state: 'conn_read',
        idleSeconds: Math.max(0, now - this.#words[at + LAST]!),
      });
    }
    return views;
  }

  #text(start: number, length: number): string {
    return this.#bytes.toString('utf8', start, start + length);
  }
}
