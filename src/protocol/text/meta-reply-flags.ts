import { MalformedReply, type Reply } from '../client/reply.ts';
import { LineReader } from './line-reader.ts';

const LENGTH_DIGITS_MAX = 10;

/** Decodes the flags of a meta reply, each a letter with or without a number, into the reply. */
export class MetaFlags {
  /** The number of the flag `O`, or -1 without one. */
  opaque = -1;
  readonly #line = new LineReader();

  /** Decodes ` <bytes>`, then flags; returns the length of the value. */
  readValue(bytes: Buffer, at: number, end: number, reply: Reply): number {
    const line = this.#line;
    line.begin(bytes, at, end);
    const hasSpace = line.takeSpace();
    const length = line.takeNumber();
    if (!hasSpace || line.digits === 0 || line.digits > LENGTH_DIGITS_MAX) throw malformedFlags();
    this.#readFlags(reply);
    return length;
  }

  /** Decodes ` <flag>`*. */
  read(bytes: Buffer, at: number, end: number, reply: Reply): void {
    this.#line.begin(bytes, at, end);
    this.#readFlags(reply);
  }

  #readFlags(reply: Reply): void {
    const line = this.#line;
    this.opaque = -1;
    while (!line.isAtEnd) {
      if (!line.takeSpace()) throw malformedFlags();
      // memcached 1.6.18 leaves a blank at the end of some lines.
      if (!line.isAtEnd) this.#readFlag(line.takeByte(), reply);
    }
  }

  #readFlag(letter: number, reply: Reply): void {
    const line = this.#line;
    switch (letter) {
      case 0x4f: // O
        this.opaque = line.takeNumber();
        if (line.digits === 0) throw malformedFlags();
        return;
      case 0x66: // f
        reply.flags = line.takeNumber();
        return;
      case 0x63: // c
        reply.cas = line.takeBigInt();
        return;
      case 0x74: // t
        reply.ttl = line.takeNumber();
        return;
      case 0x73: // s
        reply.sizeBytes = line.takeNumber();
        return;
      case 0x68: // h
        reply.wasRead = line.takeNumber() === 1;
        return;
      case 0x6c: // l
        reply.idleSeconds = line.takeNumber();
        return;
      case 0x57: // W
        reply.wonLease = true;
        return;
      case 0x5a: // Z
        reply.leaseHeldByOther = true;
        return;
      case 0x58: // X
        reply.isStale = true;
        return;
      default:
        line.skipWord();
    }
  }
}

function malformedFlags(): MalformedReply {
  return new MalformedReply('a reply with malformed flags');
}
