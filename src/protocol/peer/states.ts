import type { ByteSink, ViewedBytes } from '../../base/index.ts';
import { KEY_BYTES_MAX } from '../limits.ts';
import { type Frame, MalformedFrame } from './frame.ts';

/**
 * A batch of states is states one after the other; one state:
 *
 *   0     1      2     3    4       8     12     16       24       32       40      44
 *   | u8  | u8   | u8  | 0  | u32   | u32 | u32  | u64    | u64    | u64    | u32   | key, value
 *   | bits| key  | hits|    | client| ttl | idle | version| read   | own    | value |
 *   |     | bytes|     |    | flags |     | time |        | number | CAS id | bytes |
 *
 * A key that does not exist has only its read number: every other field is 0.
 */
const HEAD_BYTES = 44;
const KEY_LENGTH_AT = 1;
const HITS_AT = 2;
const ZERO_AT = 3;
const FLAGS_AT = 4;
const TTL_AT = 8;
const IDLE_AT = 12;
const CAS_AT = 16;
const READ_AT = 24;
const OWN_CAS_AT = 32;
const VALUE_LENGTH_AT = 40;

const BIT = { exists: 1, stale: 2, leased: 4, binary: 8, ownCas: 16, fetched: 32, kept: 64 };
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
  /** Seconds until the item expires; 0 is never. */
  ttl: number;
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

/**
 * Begins a state with the key `bytes[start, end)`. The caller appends the value to the sink, and
 * then calls `endState`. Returns where the state begins.
 */
export function beginState(sink: ByteSink, bytes: Buffer, start: number, end: number): number {
  const { at } = sink;
  sink.ensure(HEAD_BYTES + end - start);
  sink.at = at + HEAD_BYTES;
  sink.putRange(bytes, start, end);
  return at;
}

/** Completes the state that begins at `at`: the value is what was appended since `beginState`. */
export function endState(sink: ByteSink, at: number, state: Readonly<KeyState>): void {
  const { view } = sink;
  view.setUint8(at + KEY_LENGTH_AT, state.keyBytes);
  view.setUint8(at + ZERO_AT, 0);
  setPair(view, at + READ_AT, state.readHigh, state.readLow);
  if (state.exists) putItem(view, at, state);
  else clearItem(view, at);
  view.setUint32(at + VALUE_LENGTH_AT, sink.at - at - HEAD_BYTES - state.keyBytes);
}

function putItem(view: DataView, at: number, state: Readonly<KeyState>): void {
  view.setUint8(at, bitsOf(state));
  view.setUint8(at + HITS_AT, state.hits);
  view.setUint32(at + FLAGS_AT, state.clientFlags);
  view.setUint32(at + TTL_AT, state.ttl);
  view.setUint32(at + IDLE_AT, state.idleSeconds);
  setPair(view, at + CAS_AT, state.casHigh, state.casLow);
  if (state.ownCas) setPair(view, at + OWN_CAS_AT, state.ownCasHigh, state.ownCasLow);
  else setPair(view, at + OWN_CAS_AT, 0, 0);
}

function clearItem(view: DataView, at: number): void {
  view.setUint8(at, 0);
  view.setUint8(at + HITS_AT, 0);
  view.setUint32(at + FLAGS_AT, 0);
  view.setUint32(at + TTL_AT, 0);
  view.setUint32(at + IDLE_AT, 0);
  setPair(view, at + CAS_AT, 0, 0);
  setPair(view, at + OWN_CAS_AT, 0, 0);
}

function setPair(view: DataView, at: number, high: number, low: number): void {
  view.setUint32(at, high);
  view.setUint32(at + 4, low);
}

function bitsOf(state: Readonly<KeyState>): number {
  return (
    BIT.exists |
    (state.isStale ? BIT.stale : 0) |
    (state.isLeased ? BIT.leased : 0) |
    (state.keyBinary ? BIT.binary : 0) |
    (state.ownCas ? BIT.ownCas : 0) |
    (state.isFetched ? BIT.fetched : 0) |
    (state.isKept ? BIT.kept : 0)
  );
}

/** Reads the states of a batch, one after the other. */
export class StatesReader {
  /** The position of the last state in its batch, from 0; a refusal names it. */
  index = -1;
  #frame: Frame | undefined;
  #next = 0;

  /** Begins with the batch of a frame, which must stay valid until the last `next`. */
  open(frame: Frame): void {
    this.#frame = frame;
    this.#next = frame.start;
    this.index = -1;
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
    if (at + HEAD_BYTES > frame.end) throw new MalformedFrame('a state is too short');
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
  const keyBytes = view.getUint8(at + KEY_LENGTH_AT);
  const valueBytes = view.getUint32(at + VALUE_LENGTH_AT);
  if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX) {
    throw new MalformedFrame(`a state has a key of ${keyBytes} bytes`);
  }
  if (at + HEAD_BYTES + keyBytes + valueBytes > frame.end) {
    throw new MalformedFrame('a state is too short');
  }
  into.keySource = frame.bytes;
  into.keyStart = at + HEAD_BYTES;
  into.keyBytes = keyBytes;
  into.value = frame;
  into.valueStart = into.keyStart + keyBytes;
  into.valueBytes = valueBytes;
}

function readBits(view: DataView, at: number, into: KeyState): void {
  const bits = view.getUint8(at);
  if (bits > BITS_MAX || view.getUint8(at + ZERO_AT) !== 0) {
    throw new MalformedFrame('a state has unknown bits');
  }
  into.exists = (bits & BIT.exists) !== 0;
  into.isStale = (bits & BIT.stale) !== 0;
  into.isLeased = (bits & BIT.leased) !== 0;
  into.keyBinary = (bits & BIT.binary) !== 0;
  into.ownCas = (bits & BIT.ownCas) !== 0;
  into.isFetched = (bits & BIT.fetched) !== 0;
  into.isKept = (bits & BIT.kept) !== 0;
  if (!into.exists && (bits !== 0 || into.valueBytes > 0)) {
    throw new MalformedFrame('a key without an item has a value');
  }
}

function readItem(view: DataView, at: number, into: KeyState): void {
  into.hits = view.getUint8(at + HITS_AT);
  if (into.hits > HITS_MAX) throw new MalformedFrame(`a state has ${into.hits} hits`);
  into.clientFlags = view.getUint32(at + FLAGS_AT);
  into.ttl = view.getUint32(at + TTL_AT);
  into.idleSeconds = view.getUint32(at + IDLE_AT);
  into.casHigh = view.getUint32(at + CAS_AT);
  into.casLow = view.getUint32(at + CAS_AT + 4);
  into.readHigh = view.getUint32(at + READ_AT);
  into.readLow = view.getUint32(at + READ_AT + 4);
  if (into.casHigh > SEQUENCE_HIGH_MAX || into.readHigh > SEQUENCE_HIGH_MAX) {
    throw new MalformedFrame('a sequence number is too large');
  }
  into.ownCasHigh = view.getUint32(at + OWN_CAS_AT);
  into.ownCasLow = view.getUint32(at + OWN_CAS_AT + 4);
}
