const LF = 0x0a;
const BLANK = 0x20;
const CR = 0x0d;
const ZERO = 0x30;
const NINE = 0x39;
const BINARY_HEADER_BYTES = 24;
const BODY_LENGTH_AT = 8;
const REPLY_MAGIC = 0x81;
const CRLF_BYTES = 2;
const VALUE = Buffer.from('VALUE ');
const VA = Buffer.from('VA ');

/** A line of a reply, without values. */
const LINE_BYTES_MAX = 8192;
/** A longer reply ends the connection: the node was asked for too many values at once. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;
const CARRY_BYTES = 16 * 1024;
/** A larger buffer is freed when the reply is complete. */
const CARRY_BYTES_KEPT = 256 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** A node sent something that is no reply. */
export class BadReply extends Error {
  override readonly name = 'BadReply';
}

/**
 * Cuts what a node sends into whole replies. A complete reply in one read is not copied; the rest
 * of a read is kept, and each of its bytes is looked at once.
 */
export class ReplyFrames {
  readonly #isBinary: boolean;
  readonly #take: (reply: Buffer) => void;
  #carry: Buffer = NO_BYTES;
  #carried = 0;
  /** How far the blocks of the first reply in the carry were read. */
  #scanned = 0;
  /** The carry must have so many bytes before it is worth reading further. */
  #needed = 0;

  /** Calls `take` with each reply, which is valid only during the call. */
  constructor(isBinary: boolean, take: (reply: Buffer) => void) {
    this.#isBinary = isBinary;
    this.#take = take;
  }

  /** @throws {BadReply} */
  feed(bytes: Buffer, length: number): void {
    if (this.#carried === 0) {
      const rest = this.#takeAll(bytes, length);
      if (rest < length) this.#keep(bytes, rest, length);
      return;
    }
    this.#keep(bytes, 0, length);
    if (this.#carried < this.#needed) return;
    const [carry, carried] = [this.#carry, this.#carried];
    const rest = this.#takeAll(carry, carried);
    if (rest === 0) return;
    this.#carried = 0;
    this.#carry = carry.length > CARRY_BYTES_KEPT ? NO_BYTES : carry;
    if (rest < carried) this.#keep(carry, rest, carried);
  }

  /** Takes all whole replies; returns where the rest begins. */
  #takeAll(bytes: Buffer, length: number): number {
    let at = 0;
    while (at < length) {
      const end = this.#isBinary
        ? this.#binaryEnd(bytes, at, length)
        : this.#textEnd(bytes, at, length);
      if (end < 0) break;
      this.#scanned = 0;
      this.#needed = 0;
      this.#take(bytes.subarray(at, end));
      at = end;
    }
    return at;
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const total = this.#carried + to - from;
    if (total > REPLY_BYTES_MAX) {
      throw new BadReply(`it sent a reply of more than ${REPLY_BYTES_MAX} bytes: get fewer keys`);
    }
    if (total > this.#carry.length) {
      const room = Math.max(
        CARRY_BYTES,
        total,
        Math.min(this.#needed, REPLY_BYTES_MAX),
        2 * this.#carry.length,
      );
      const larger = Buffer.allocUnsafeSlow(room);
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    bytes.copy(this.#carry, this.#carried, from, to);
    this.#carried = total;
  }

  /** The end of the reply that begins at `at`; -1 if it is not complete. */
  #binaryEnd(bytes: Buffer, at: number, length: number): number {
    if (bytes[at] !== REPLY_MAGIC) throw new BadReply('it sent no reply of the binary protocol');
    this.#needed = BINARY_HEADER_BYTES;
    if (length - at < BINARY_HEADER_BYTES) return -1;
    this.#needed = BINARY_HEADER_BYTES + bytes.readUInt32BE(at + BODY_LENGTH_AT);
    return length - at < this.#needed ? -1 : at + this.#needed;
  }

  #textEnd(bytes: Buffer, at: number, length: number): number {
    for (;;) {
      const lineAt = at + this.#scanned;
      const lf = bytes.indexOf(LF, lineAt);
      if (lf < 0 || lf >= length) {
        if (length - lineAt > LINE_BYTES_MAX) throw new BadReply('it sent a line without an end');
        this.#needed = 0;
        return -1;
      }
      const next = lf + 1;
      const isValue = startsWith(bytes, lineAt, VALUE);
      if (!isValue && !startsWith(bytes, lineAt, VA)) return next;
      // VALUE <key> <flags> <bytes> …, VA <bytes> …
      const size = numberOfWord(bytes, lineAt, isValue ? 3 : 1);
      const end = next + size + CRLF_BYTES;
      if (end > length) {
        this.#needed = end - at;
        return -1;
      }
      if (!isValue) return end;
      this.#scanned = end - at;
      if (end === length) {
        this.#needed = 0;
        return -1;
      }
    }
  }
}

function startsWith(bytes: Buffer, at: number, start: Buffer): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start[i]) return false;
  return true;
}

/** The number in word `nth` of a line; word 0 is the first. */
function numberOfWord(bytes: Buffer, lineAt: number, nth: number): number {
  let at = lineAt;
  for (let word = 0; word < nth; word++) {
    while (bytes[at] !== BLANK) {
      if (bytes[at] === LF) throw new BadReply('it sent a value without a size');
      at++;
    }
    at++;
  }
  const start = at;
  let number = 0;
  for (; bytes[at]! >= ZERO && bytes[at]! <= NINE; at++) number = 10 * number + bytes[at]! - ZERO;
  const isNumber = at > start && at - start < 11 && (bytes[at] === BLANK || bytes[at] === CR);
  if (!isNumber) throw new BadReply('it sent a value without a size');
  return number;
}
