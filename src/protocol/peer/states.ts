import type { ByteSink, ViewedBytes } from '../../base/index.ts';
import { KEY_BYTES_MAX } from '../limits.ts';
import { type Frame, MalformedFrame } from './frame.ts';
import { STATE, STATE_BIT } from './state-layout.ts';

const TIME_BYTES = 8;
const BITS_MAX = 127;
const HITS_MAX = 3;
/** Sequence numbers have 47 bits. */
const SEQUENCE_HIGH_MAX = 0x7fff;

/** The state of a key, as far as it travels. The state of a store has these fields, and others. */
export interface KeyState {
  /** The key is `keySource[keyStart, keyStart + keyBytes)`. */
  keySource: Buffer;
  keyStart: number;
  keyBytes: number;
  readHigh: number;
  readLow: number;
  /** Whether the key has an item. If not, the fields below mean nothing. */
  exists: boolean;
  /** The value is `value.bytes[valueStart, valueStart + valueBytes)`. */
  value: ViewedBytes;
  valueStart: number;
  valueBytes: number;
  clientFlags: number;
  /** The Unix time, in seconds, at which the item expires, on the sender's clock; 0 is never. */
  expiry: number;
  /** Seconds since the last read or write. */
  idleSeconds: number;
  hits: number;
  casHigh: number;
  casLow: number;
  ownCas: boolean;
  ownCasHigh: number;
  ownCasLow: number;
  isFetched: boolean;
  isStale: boolean;
  isLeased: boolean;
  isKept: boolean;
  keyBinary: boolean;
}

/** Begins a batch of states that is sent at this Unix time. */
export function beginBatch(sink: ByteSink, unixMs: number): void {
  sink.ensure(TIME_BYTES);
  sink.view.setFloat64(sink.at, unixMs);
  sink.at += TIME_BYTES;
}

/** Puts a batch of states that are encoded already. */
export function putBatch(sink: ByteSink, unixMs: number, states: Buffer): void {
  beginBatch(sink, unixMs);
  sink.ensure(states.length);
  sink.putRange(states, 0, states.length);
}

/**
 * Begins a state with the key `bytes[start, end)`. The caller appends the value to the sink, and
 * then calls `endState`. Returns where the state begins.
 */
export function beginState(sink: ByteSink, bytes: Buffer, start: number, end: number): number {
  const { at } = sink;
  sink.ensure(STATE.headBytes + end - start);
  sink.at = at + STATE.headBytes;
  sink.putRange(bytes, start, end);
  return at;
}

/** Completes the state that begins at `at`: the value is what was appended since `beginState`. */
export function endState(sink: ByteSink, at: number, state: Readonly<KeyState>): void {
  const { view } = sink;
  view.setUint8(at + STATE.keyLength, state.keyBytes);
  view.setUint8(at + STATE.zero, 0);
  setPair(view, at + STATE.read, state.readHigh, state.readLow);
  if (state.exists) putItem(view, at, state);
  else clearItem(view, at);
  view.setUint32(at + STATE.valueLength, sink.at - at - STATE.headBytes - state.keyBytes);
}

function putItem(view: DataView, at: number, state: Readonly<KeyState>): void {
  view.setUint8(at, bitsOf(state));
  view.setUint8(at + STATE.hits, state.hits);
  view.setUint32(at + STATE.clientFlags, state.clientFlags);
  view.setUint32(at + STATE.expiry, state.expiry);
  view.setUint32(at + STATE.idle, state.idleSeconds);
  setPair(view, at + STATE.cas, state.casHigh, state.casLow);
  if (state.ownCas) setPair(view, at + STATE.ownCas, state.ownCasHigh, state.ownCasLow);
  else setPair(view, at + STATE.ownCas, 0, 0);
}

function clearItem(view: DataView, at: number): void {
  view.setUint8(at, 0);
  view.setUint8(at + STATE.hits, 0);
  view.setUint32(at + STATE.clientFlags, 0);
  view.setUint32(at + STATE.expiry, 0);
  view.setUint32(at + STATE.idle, 0);
  setPair(view, at + STATE.cas, 0, 0);
  setPair(view, at + STATE.ownCas, 0, 0);
}

function setPair(view: DataView, at: number, high: number, low: number): void {
  view.setUint32(at, high);
  view.setUint32(at + 4, low);
}

function bitsOf(state: Readonly<KeyState>): number {
  return (
    STATE_BIT.exists |
    (state.isStale ? STATE_BIT.stale : 0) |
    (state.isLeased ? STATE_BIT.leased : 0) |
    (state.keyBinary ? STATE_BIT.binary : 0) |
    (state.ownCas ? STATE_BIT.ownCas : 0) |
    (state.isFetched ? STATE_BIT.fetched : 0) |
    (state.isKept ? STATE_BIT.kept : 0)
  );
}

/** The keys of encoded states; it finds them when it is asked for the first. */
export class StateKeys {
  readonly bytes: Buffer;
  readonly count: number;
  #starts: Uint32Array | undefined;

  /** `states`: so many, which do not change any more. */
  constructor(states: Buffer, count: number) {
    this.bytes = states;
    this.count = count;
  }

  startOf(nth: number): number {
    this.#starts ??= this.#find();
    return this.#starts[nth]!;
  }

  endOf(nth: number): number {
    const start = this.startOf(nth);
    return start + this.bytes[start - STATE.headBytes + STATE.keyLength]!;
  }

  #find(): Uint32Array {
    const { bytes } = this;
    const starts = new Uint32Array(this.count);
    for (let nth = 0, at = 0; nth < starts.length; nth++) {
      starts[nth] = at + STATE.headBytes;
      const valueBytes = bytes.readUInt32BE(at + STATE.valueLength);
      at += STATE.headBytes + bytes[at + STATE.keyLength]! + valueBytes;
    }
    return starts;
  }
}

/** Reads the states of a batch, one after the other. */
export class StatesReader {
  /** The position of the last state in its batch, from 0; a refusal names it. */
  index = -1;
  /** The Unix time of the sender when it began the batch, in milliseconds. */
  sentMs = 0;
  #frame: Frame | undefined;
  #next = 0;

  /**
   * Begins with the batch of a frame, which must stay valid until the last `next`.
   * @throws {MalformedFrame} if it has no time.
   */
  open(frame: Frame): void {
    if (frame.start + TIME_BYTES > frame.end) throw new MalformedFrame('a batch is too short');
    this.sentMs = frame.view.getFloat64(frame.start);
    if (!Number.isFinite(this.sentMs)) throw new MalformedFrame('a batch has no time');
    this.#frame = frame;
    this.#next = frame.start + TIME_BYTES;
    this.index = -1;
  }

  /** Where the next state begins in the frame. */
  get at(): number {
    return this.#next;
  }

  /** Passes over `count` states; the next one begins at `at`. */
  skip(count: number, at: number): void {
    this.index += count;
    this.#next = at;
  }

  /** Calls `visit` for the keys of the next states, at most `count`; returns how many they are. */
  skim(count: number, visit: (bytes: Buffer, start: number, end: number) => void): number {
    const frame = this.#frame;
    let seen = 0;
    if (frame === undefined) return seen;
    for (let at = this.#next; seen < count && at + STATE.headBytes <= frame.end; seen++) {
      const keyAt = at + STATE.headBytes;
      const valueAt = keyAt + frame.view.getUint8(at + STATE.keyLength);
      at = valueAt + frame.view.getUint32(at + STATE.valueLength);
      if (at > frame.end) break;
      visit(frame.bytes, keyAt, valueAt);
    }
    return seen;
  }

  /**
   * Reads the next state; its key and its value are in the frame. False after the last state.
   * @throws {MalformedFrame} if the batch is malformed.
   */
  next(into: KeyState): boolean {
    const frame = this.#frame;
    if (frame === undefined || this.#next === frame.end) {
      this.#frame = undefined;
      return false;
    }
    const at = this.#next;
    if (at + STATE.headBytes > frame.end) throw new MalformedFrame('a state is too short');
    locate(frame, at, into);
    readBits(frame.view, at, into);
    readItem(frame.view, at, into);
    this.#next = into.valueStart + into.valueBytes;
    this.index++;
    return true;
  }
}

function locate(frame: Frame, at: number, into: KeyState): void {
  const { view } = frame;
  const keyBytes = view.getUint8(at + STATE.keyLength);
  const valueBytes = view.getUint32(at + STATE.valueLength);
  if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX) {
    throw new MalformedFrame(`a state has a key of ${keyBytes} bytes`);
  }
  if (at + STATE.headBytes + keyBytes + valueBytes > frame.end) {
    throw new MalformedFrame('a state is too short');
  }
  into.keySource = frame.bytes;
  into.keyStart = at + STATE.headBytes;
  into.keyBytes = keyBytes;
  into.value = frame;
  into.valueStart = into.keyStart + keyBytes;
  into.valueBytes = valueBytes;
}

function readBits(view: DataView, at: number, into: KeyState): void {
  const bits = view.getUint8(at);
  if (bits > BITS_MAX || view.getUint8(at + STATE.zero) !== 0) {
    throw new MalformedFrame('a state has unknown bits');
  }
  into.exists = (bits & STATE_BIT.exists) !== 0;
  into.isStale = (bits & STATE_BIT.stale) !== 0;
  into.isLeased = (bits & STATE_BIT.leased) !== 0;
  into.keyBinary = (bits & STATE_BIT.binary) !== 0;
  into.ownCas = (bits & STATE_BIT.ownCas) !== 0;
  into.isFetched = (bits & STATE_BIT.fetched) !== 0;
  into.isKept = (bits & STATE_BIT.kept) !== 0;
  if (!into.exists && (bits !== 0 || into.valueBytes > 0)) {
    throw new MalformedFrame('a key without an item has a value');
  }
}

function readItem(view: DataView, at: number, into: KeyState): void {
  into.hits = view.getUint8(at + STATE.hits);
  if (into.hits > HITS_MAX) throw new MalformedFrame(`a state has ${into.hits} hits`);
  into.clientFlags = view.getUint32(at + STATE.clientFlags);
  into.expiry = view.getUint32(at + STATE.expiry);
  into.idleSeconds = view.getUint32(at + STATE.idle);
  into.casHigh = view.getUint32(at + STATE.cas);
  into.casLow = view.getUint32(at + STATE.cas + 4);
  into.readHigh = view.getUint32(at + STATE.read);
  into.readLow = view.getUint32(at + STATE.read + 4);
  if (into.casHigh > SEQUENCE_HIGH_MAX || into.readHigh > SEQUENCE_HIGH_MAX) {
    throw new MalformedFrame('a sequence number is too large');
  }
  into.ownCasHigh = view.getUint32(at + STATE.ownCas);
  into.ownCasLow = view.getUint32(at + STATE.ownCas + 4);
}
