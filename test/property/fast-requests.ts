import {
  counterExtras,
  OP,
  type PacketParts,
  packet,
  storeExtras,
  uint32Extras,
} from '../support/binary-wire.ts';
import type { Random } from '../support/random.ts';
import { CLIENT_FLAGS, RequestParts, type ValueSizes } from './fast-request-parts.ts';
import { TextRequests } from './fast-text-requests.ts';

/** A pipeline of requests, and how many it has; a get counts once for each key. */
export interface Pipeline {
  readonly bytes: Buffer;
  readonly requests: number;
}

const BINARY_GETS = [OP.get, OP.getq, OP.getk, OP.getkq] as const;
const BINARY_RARE = [OP.version, OP.flush, OP.flushq, OP.stat, 0x99, OP.quit, OP.quitq] as const;
const U32_NUMBERS = [0, 0, 0, 1, 100, 2_592_000, 2_592_001, 1_700_000_100, 0x7fff_ffff] as const;

/** Generates pipelines: mostly of requests that the fast path knows, with odd ones between. */
export class Requests {
  readonly #parts: RequestParts;
  readonly #text: TextRequests;
  #packets = 0;

  constructor(random: Random, sizes: ValueSizes) {
    this.#parts = new RequestParts(random, sizes);
    this.#text = new TextRequests(this.#parts);
  }

  text(): Pipeline {
    return this.#pipeline(() => Buffer.from(this.#text.next(), 'latin1'));
  }

  binary(): Pipeline {
    return this.#pipeline(() => packet(this.#binaryRequest()));
  }

  #pipeline(request: () => Buffer): Pipeline {
    const random = this.#parts.random;
    this.#parts.oddOneIn = random.pick([15, 60, 400, 400]);
    this.#packets = 0;
    this.#text.count = 0;
    const count = random.weighted([
      [6, random.int(1, 6)],
      [3, random.int(1, 40)],
      [0.3, random.int(50, 150)],
    ]);
    const bytes = Buffer.concat(Array.from({ length: count }, request));
    return { bytes, requests: this.#packets + this.#text.count };
  }

  #binaryRequest(): PacketParts {
    this.#packets++;
    const random = this.#parts.random;
    const opaque = random.int(0, 0x7fff_ffff);
    const parts = random.weighted<() => PacketParts>([
      [8, () => ({ opcode: random.pick(BINARY_GETS), key: this.#parts.key() })],
      [6, () => this.#binaryStorage(random.pick([OP.set, OP.set, OP.set, OP.setq]))],
      [1, () => ({ opcode: OP.noop })],
      [0.5, () => this.#binaryStorage(random.pick([OP.add, OP.addq, OP.replace, OP.append]))],
      [0.6, () => ({ opcode: random.pick([OP.delete, OP.deleteq]), key: this.#parts.key() })],
      [0.6, () => this.#binaryTouch()],
      [
        0.5,
        () => ({ opcode: random.pick([OP.incr, OP.decr]), key: this.#parts.key(), extras: ONE }),
      ],
      [0.1, () => ({ opcode: random.pick(BINARY_RARE) })],
    ])();
    return this.#parts.isOdd ? this.#mutated({ ...parts, opaque }) : { ...parts, opaque };
  }

  #binaryStorage(opcode: number): PacketParts {
    const random = this.#parts.random;
    const isJoin = opcode === OP.append;
    const flags = Number(random.pick(CLIENT_FLAGS));
    const exptime = this.#parts.isOdd
      ? random.pick([0x8000_0000, 0xffff_ffff])
      : random.pick(U32_NUMBERS);
    const extras = isJoin ? Buffer.alloc(0) : storeExtras(flags, exptime);
    return { opcode, key: this.#parts.key(), extras, value: this.#parts.value() };
  }

  #binaryTouch(): PacketParts {
    const opcode = this.#parts.random.pick([OP.touch, OP.gat, OP.gatq, OP.gatk, OP.gatkq]);
    return {
      opcode,
      key: this.#parts.key(),
      extras: uint32Extras(this.#parts.random.pick(U32_NUMBERS)),
    };
  }

  /** Often a packet that ends the connection, or moves the limits of the packets after it. */
  #mutated(parts: PacketParts): PacketParts {
    const random = this.#parts.random;
    return random.pick<() => PacketParts>([
      () => ({ ...parts, cas: random.pick([1n, 77n, 2n ** 63n]) }),
      () => ({ ...parts, extras: Buffer.alloc(random.pick([1, 4, 8, 9])) }),
      () => ({ ...parts, datatype: random.int(0, 255), vbucket: random.int(0, 65_535) }),
      () => ({ ...parts, bodyBytes: random.pick([0, 1, 40, 0x7fff_ffff, 0xffff_ffff]) }),
      () => ({ ...parts, keyBytes: random.pick([0, 1, 251, 65_535]) }),
      () => ({ ...parts, extraBytes: random.pick([0, 4, 8, 255]) }),
      () => ({ ...parts, magic: random.pick([0x81, 0x00, 0x67]) }),
    ])();
  }
}

const ONE = counterExtras(1n, 5n, 0);
