import { MalformedReply, type Reply } from '../client/reply.ts';

const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** Numbers of so many digits are exact as they are; longer ones (CAS ids) become bigints. */
const EXACT_DIGITS = 15;
const LENGTH_DIGITS_MAX = 10;

/** Reads the flags of a meta reply, each a letter with or without a number, into the reply. */
export class MetaFlags {
  /** The number that `O` gave back, or -1. */
  opaque = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #digits = 0;

  /** ` <bytes>`, then flags; returns how many bytes the value has. */
  readValue(bytes: Buffer, at: number, end: number, reply: Reply): number {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = at + 1;
    const length = this.#number();
    if (bytes[at] !== SPACE || this.#digits === 0 || this.#digits > LENGTH_DIGITS_MAX) {
      throw this.#strange();
    }
    this.read(bytes, this.#at, end, reply);
    return length;
  }

  /** ` <flag>` as often as there is one. */
  read(bytes: Buffer, at: number, end: number, reply: Reply): void {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.opaque = -1;
    while (this.#at < end) {
      if (bytes[this.#at] !== SPACE) throw this.#strange();
      // 1.6.18 leaves a blank at the end of some lines.
      if (++this.#at < end) this.#flag(bytes[this.#at++]!, reply);
    }
  }

  #flag(letter: number, reply: Reply): void {
    const start = this.#at;
    switch (letter) {
      case 0x4f: // O
        this.opaque = this.#number();
        if (this.#digits === 0) throw this.#strange();
        return;
      case 0x66: // f
        reply.flags = this.#number();
        return;
      case 0x63: // c
        reply.cas = this.#long(start);
        return;
      case 0x74: // t
        reply.ttlSeconds = this.#number();
        return;
      case 0x73: // s
        reply.sizeBytes = this.#number();
        return;
      case 0x68: // h
        reply.wasRead = this.#number() === 1;
        return;
      case 0x6c: // l
        reply.idleSeconds = this.#number();
        return;
      case 0x57: // W
        reply.won = true;
        return;
      case 0x5a: // Z
        reply.isTaken = true;
        return;
      case 0x58: // X
        reply.isStale = true;
        return;
      default:
        this.#skip();
    }
  }

  /** A decimal number, with a minus or not; `#digits` says how long it was. */
  #number(): number {
    const bytes = this.#bytes;
    const negative = bytes[this.#at] === MINUS;
    const start = negative ? this.#at + 1 : this.#at;
    let at = start;
    let value = 0;
    for (; at < this.#end; at++) {
      const digit = bytes[at]!;
      if (digit < ZERO || digit > NINE) break;
      value = value * 10 + (digit - ZERO);
    }
    this.#digits = at - start;
    this.#at = at;
    return negative ? -value : value;
  }

  #long(start: number): bigint {
    const value = this.#number();
    if (this.#digits <= EXACT_DIGITS) return BigInt(value);
    return BigInt(this.#bytes.toString('latin1', start, this.#at));
  }

  /** The token of a flag that we do not know. */
  #skip(): void {
    while (this.#at < this.#end && this.#bytes[this.#at] !== SPACE) this.#at++;
  }

  #strange(): MalformedReply {
    return new MalformedReply('a reply whose flags make no sense');
  }
}
