import type { ByteSink } from '../../base/index.ts';
import { type Frame, MalformedFrame } from './frame.ts';

/**
 * The reply to a batch of states lists only the states that were not taken:
 *
 *   u32 index in the batch | u32 reason | u64 number of the slot
 */
const REFUSAL_BYTES = 16;
const REASON_AT = 4;
const SLOT_AT = 8;

/** Sequence numbers have 47 bits. */
const SEQUENCE_HIGH_MAX = 0x7fff;

/** Why a state was not taken. */
export const REFUSAL = {
  /** The slot of the key has a higher read number: raise the sequence above it, and send again. */
  older: 1,
  /** The node has no memory for the item; it has no item of the key now. */
  noMemory: 2,
} as const;
export type Refusal = (typeof REFUSAL)[keyof typeof REFUSAL];

export function putRefusal(
  sink: ByteSink,
  index: number,
  reason: Refusal,
  slotHigh: number,
  slotLow: number,
): void {
  sink.ensure(REFUSAL_BYTES);
  const { at, view } = sink;
  view.setUint32(at, index);
  view.setUint32(at + REASON_AT, reason);
  view.setUint32(at + SLOT_AT, slotHigh);
  view.setUint32(at + SLOT_AT + 4, slotLow);
  sink.at = at + REFUSAL_BYTES;
}

/** Reads the refusals of a reply, one after the other, into its own fields. */
export class RefusalsReader {
  index = 0;
  reason: Refusal = REFUSAL.older;
  slotHigh = 0;
  slotLow = 0;
  #frame: Frame | undefined;
  #next = 0;

  /** Begins with the reply of a frame, which must stay valid until the last `next`. */
  open(frame: Frame): void {
    this.#frame = frame;
    this.#next = frame.start;
  }

  /**
   * Reads the next refusal; false after the last one.
   * @throws {MalformedFrame} if the reply is malformed.
   */
  next(): boolean {
    const frame = this.#frame;
    if (frame === undefined || this.#next === frame.end) {
      this.#frame = undefined;
      return false;
    }
    const at = this.#next;
    const { view } = frame;
    if (at + REFUSAL_BYTES > frame.end) throw new MalformedFrame('a refusal is too short');
    const reason = view.getUint32(at + REASON_AT);
    if (reason !== REFUSAL.older && reason !== REFUSAL.noMemory) {
      throw new MalformedFrame(`a refusal has the reason ${reason}`);
    }
    this.index = view.getUint32(at);
    this.reason = reason;
    this.slotHigh = view.getUint32(at + SLOT_AT);
    if (this.slotHigh > SEQUENCE_HIGH_MAX) throw new MalformedFrame('a slot number is too large');
    this.slotLow = view.getUint32(at + SLOT_AT + 4);
    this.#next = at + REFUSAL_BYTES;
    return true;
  }
}
