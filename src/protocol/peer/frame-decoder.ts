import { FRAME_HEADER_BYTES, Frame } from './frame.ts';

const CARRY_BYTES_MIN = 4096;
/** A frame of up to this size gets all of its memory at once; a larger carry is freed after it. */
const CARRY_BYTES_KEPT = 256 * 1024;
const NO_BYTES = Buffer.alloc(0);

/**
 * Cuts the bytes of a connection into frames. It passes a frame in the bytes that arrived, without
 * a copy; it copies only a frame that arrives in parts, and what arrives while it is paused.
 */
export class FrameDecoder {
  readonly #take: (frame: Frame) => boolean;
  readonly #frame = new Frame();
  /** The largest payload that it accepts. */
  payloadBytesMax: number;
  /** `#carry[#start, #end)`: an incomplete frame, or frames after the one that paused. */
  #carry = NO_BYTES;
  #start = 0;
  #end = 0;
  #isPaused = false;
  #isClosed = false;

  /** `take` gets each frame; it returns false to pause after it. */
  constructor(take: (frame: Frame) => boolean, payloadBytesMax: number) {
    this.#take = take;
    this.payloadBytesMax = payloadBytesMax;
  }

  /** The memory that it holds. */
  get heldBytes(): number {
    return this.#carry.length;
  }

  /**
   * Decodes `bytes[0, length)`. False: it is paused, and keeps the rest until `resume`.
   * @throws {MalformedFrame} if they are no frames.
   */
  feed(bytes: Buffer, length: number): boolean {
    let at = 0;
    if (this.#end > this.#start && !this.#isPaused) at = this.#complete(bytes, length);
    if (!this.#isPaused) at = this.#run(bytes, at, length);
    if (at < length && !this.#isClosed) this.#append(bytes, at, length);
    return !this.#isPaused;
  }

  /** Decodes what it has kept. False: it is paused again. */
  resume(): boolean {
    if (this.#isClosed) return false;
    this.#isPaused = false;
    this.#start = this.#run(this.#carry, this.#start, this.#end);
    if (this.#start >= this.#end) this.#clear();
    return !this.#isPaused;
  }

  /** Frees its memory and passes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#isPaused = true;
    this.#carry = NO_BYTES;
    this.#start = 0;
    this.#end = 0;
  }

  /** Passes the frames of `bytes[at, end)`; returns where the first one begins that is left. */
  #run(bytes: Buffer, at: number, end: number): number {
    const frame = this.#frame;
    frame.show(bytes);
    let from = at;
    while (end - from >= FRAME_HEADER_BYTES) {
      frame.readHeader(from, this.payloadBytesMax);
      if (frame.end > end) break;
      from = frame.end;
      if (this.#take(frame)) continue;
      this.#isPaused = true;
      break;
    }
    return from;
  }

  /** Adds what the carried frame lacks, and passes it if it is whole; returns where it ended. */
  #complete(bytes: Buffer, length: number): number {
    let at = 0;
    for (let missing = this.#missing(); at < length; missing = this.#missing()) {
      const end = Math.min(length, at + missing);
      this.#append(bytes, at, end);
      at = end;
      if (this.#missing() === 0) {
        this.#start = this.#run(this.#carry, this.#start, this.#end);
        this.#clear();
        break;
      }
    }
    return at;
  }

  /** The bytes that the carried frame, or its header, lacks. */
  #missing(): number {
    const have = this.#end - this.#start;
    if (have < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES - have;
    const frame = this.#frame;
    frame.show(this.#carry);
    frame.readHeader(this.#start, this.payloadBytesMax);
    return frame.end - this.#end;
  }

  #append(bytes: Buffer, at: number, end: number): void {
    if (this.#end + end - at > this.#carry.length) this.#grow(end - at);
    bytes.copy(this.#carry, this.#end, at, end);
    this.#end += end - at;
  }

  /** The memory of a large frame follows the bytes that arrived, not the announced length. */
  #grow(more: number): void {
    const have = this.#end - this.#start;
    const ahead = Math.min(Math.max(2 * have, CARRY_BYTES_KEPT), this.#frameBytes());
    const capacity = Math.max(CARRY_BYTES_MIN, have + more, ahead);
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.#carry.copy(larger, 0, this.#start, this.#end);
    this.#carry = larger;
    this.#start = 0;
    this.#end = have;
  }

  #frameBytes(): number {
    const have = this.#end - this.#start;
    return have < FRAME_HEADER_BYTES ? have : have + this.#missing();
  }

  #clear(): void {
    if (this.#carry.length > CARRY_BYTES_KEPT) this.#carry = NO_BYTES;
    this.#start = 0;
    this.#end = 0;
  }
}
