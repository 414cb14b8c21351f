import { MalformedReply, type Reply } from '../client/reply.ts';
import { LineReader } from './line-reader.ts';

const LENGTH_DIGITS_MAX = 10;

/** Reads the flags of a meta reply, each a letter with or without a number, into the reply. */
export class MetaFlags {
  /** The number that `O` gave back, or -1. */
  opaque = -1;
  readonly #line = new LineReader();

  /** ` <bytes>`, then flags; returns how many bytes the value has. */
  readValue(bytes: Buffer, at: number, end: number, reply: Reply): number {
    const line = this.#line;
    line.begin(bytes, at, end);
    const hasSpace = line.takeSpace();
    const length = line.takeNumber();
    if (!hasSpace || line.digits === 0 || line.digits > LENGTH_DIGITS_MAX) throw strange();
    this.#readFlags(reply);
    return length;
  }

  /** ` <flag>` as often as there is one. */
  read(bytes: Buffer, at: number, end: number, reply: Reply): void {
    this.#line.begin(bytes, at, end);
    this.#readFlags(reply);
  }

  #readFlags(reply: Reply): void {
    const line = this.#line;
    this.opaque = -1;
    while (!line.isAtEnd) {
      if (!line.takeSpace()) throw strange();
      // 1.6.18 leaves a blank at the end of some lines.
      if (!line.isAtEnd) this.#readFlag(line.takeByte(), reply);
    }
  }

  #readFlag(letter: number, reply: Reply): void {
    const line = this.#line;
    switch (letter) {
      case 0x4f: // O
        this.opaque = line.takeNumber();
        if (line.digits === 0) throw strange();
        return;
      case 0x66: // f
        reply.flags = line.takeNumber();
        return;
      case 0x63: // c
        reply.cas = line.takeLong();
        return;
      case 0x74: // t
        reply.ttlSeconds = line.takeNumber();
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
        reply.won = true;
        return;
      case 0x5a: // Z
        reply.isTaken = true;
        return;
      case 0x58: // X
        reply.isStale = true;
        return;
      default:
        line.skipWord();
    }
  }
}

function strange(): MalformedReply {
  return new MalformedReply('a reply whose flags make no sense');
}
