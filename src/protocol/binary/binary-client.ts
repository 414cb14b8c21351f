/** The client's half of the binary protocol, for services with SASL, which only binary supports. */
import type { ByteSink } from '../../base/index.ts';
import { checkConfigBytes } from '../client/config-bytes.ts';
import type { Dialect } from '../client/dialect.ts';
import {
  type DecodeProgress,
  MalformedReply,
  type Reply,
  type ReplyStatus,
} from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';
import type { CountRequest, Request, StoreRequest } from '../client/request.ts';
import { valueBytesOf } from '../client/value-bytes.ts';
import { BINARY_STATUS, HEADER_BYTES, MAGIC, OPCODE } from './wire.ts';

/** An exptime that means: do not create a missing counter. */
const DO_NOT_CREATE = 0xffff_ffff;
const NO_EXTRAS = Buffer.alloc(0);
const COUNTER_BYTES = 8;
const FLAGS_BYTES = 4;

/** The parts of one request packet; an omitted part is empty. */
interface Packet {
  readonly opcode: number;
  readonly key?: string;
  readonly extras?: Buffer;
  readonly value?: string | Uint8Array;
  readonly cas?: bigint | undefined;
}

/** Every request has its number as the opaque, and its reply repeats the opaque. */
export class BinaryDialect implements Dialect {
  readonly name = 'binary';
  /** The body length of the reply that is arriving; -1 between replies. */
  #bodyBytes = -1;
  readonly #header = new ReplyHeader();

  supports(request: Request): boolean {
    if (request.verb === 'limit-memory' || request.verb === 'item-facts') return false;
    return request.verb !== 'fetch' && !(request.verb === 'delete' && request.staleExptime);
  }

  encode(request: Request, opaque: number, sink: ByteSink): number {
    if (request.verb !== 'get-many') {
      putPacket(sink, packetOf(request), opaque);
      return 1;
    }
    const { keys } = request;
    for (let i = 0; i < keys.length; i++) {
      putPacket(sink, { opcode: OPCODE.getQ, key: keys[i]! }, opaque + i);
    }
    putPacket(sink, { opcode: OPCODE.noop }, opaque + keys.length);
    return keys.length + 1;
  }

  decode(input: ReplyInput, request: Request, opaque: number, reply: Reply): DecodeProgress {
    if (this.#bodyBytes < 0) {
      if (input.end - input.at < HEADER_BYTES) return 'incomplete';
      this.#bodyBytes = this.#header.read(input.bytes, input.at);
      input.at += HEADER_BYTES;
      if (request.verb === 'config-get') checkConfigBytes(this.#bodyBytes - FLAGS_BYTES);
      reply.reset('done');
    }
    const headBytes = this.#header.extraBytes + this.#header.keyBytes;
    if (!input.takeValue(this.#bodyBytes, reply, 0, headBytes)) return 'incomplete';
    this.#bodyBytes = -1;
    return this.#finish(request, opaque, reply);
  }

  /** The packet is complete; `reply` has the whole body as its value. */
  #finish(request: Request, opaque: number, reply: Reply): DecodeProgress {
    const { status, opcode, extraBytes, keyBytes } = this.#header;
    const ends = request.verb !== 'get-many' || opcode === OPCODE.noop;
    this.#checkOpaque(request, opaque, ends);
    if (status !== BINARY_STATUS.success) {
      applyErrorStatus(request, status, reply);
      return 'complete';
    }
    if (reply.isSkipped) {
      reply.status = 'value';
      reply.index = ends ? 0 : this.#header.opaque - opaque;
      return ends ? 'complete' : 'item';
    }
    const { bytes, start, end, ownsBytes } = reply;
    const isStatistic = request.verb === 'stats' && keyBytes > 0;
    if (isStatistic) {
      reply.name = bytes.toString('utf8', start + extraBytes, start + extraBytes + keyBytes);
    }
    const hasFlags = request.verb === 'get' || request.verb === 'config-get' || !ends;
    if (hasFlags && extraBytes >= FLAGS_BYTES) reply.flags = bytes.readUInt32BE(start);
    if (request.verb === 'get' && request.cas) reply.cas = this.#header.cas;
    reply.setValue(bytes, start + extraBytes + keyBytes, end, ownsBytes);
    reply.index = ends ? 0 : this.#header.opaque - opaque;
    finishValue(request, reply, hasFlags || isStatistic);
    return ends && !isStatistic ? 'complete' : 'item';
  }

  #checkOpaque(request: Request, opaque: number, ends: boolean): void {
    const received = this.#header.opaque;
    const count = request.verb === 'get-many' ? request.keys.length : 0;
    const end = opaque + count;
    const matches = ends ? received === end : received >= opaque && received < end;
    if (!matches) throw new MalformedReply(`the reply to another request: opaque ${received}`);
  }
}

/** The header of a reply; one object, refilled for each reply. */
class ReplyHeader {
  opcode = 0;
  status = 0;
  keyBytes = 0;
  extraBytes = 0;
  opaque = 0;
  cas = 0n;

  /** Reads the header at `at`; returns the length of the body. */
  read(bytes: Buffer, at: number): number {
    if (bytes[at] !== MAGIC.reply)
      throw new MalformedReply('a reply that does not start with the binary magic byte');
    this.opcode = bytes[at + 1]!;
    this.keyBytes = bytes.readUInt16BE(at + 2);
    this.extraBytes = bytes[at + 4]!;
    this.status = bytes.readUInt16BE(at + 6);
    this.opaque = bytes.readUInt32BE(at + 12);
    this.cas = bytes.readBigUInt64BE(at + 16);
    const bodyBytes = bytes.readUInt32BE(at + 8);
    if (bodyBytes < this.keyBytes + this.extraBytes)
      throw new MalformedReply('a body that is shorter than its key and extras');
    return bodyBytes;
  }
}

/** Sets the status of a successful reply, and converts its value. */
function finishValue(request: Request, reply: Reply, hasValue: boolean): void {
  if (request.verb === 'count') {
    if (reply.valueBytes !== COUNTER_BYTES)
      throw new MalformedReply('a counter that is not 8 bytes long');
    const digits = Buffer.from(String(reply.bytes.readBigUInt64BE(reply.start)));
    reply.status = 'value';
    reply.setValue(digits, 0, digits.length, true);
  } else if (request.verb === 'version') {
    reply.status = 'line';
    reply.line = reply.text();
  } else if (hasValue) {
    reply.status = 'value';
    if (request.verb === 'stats') reply.line = reply.text();
  }
}

function applyErrorStatus(request: Request, status: number, reply: Reply): void {
  const expected = expectedStatus(request, status);
  const text = reply.text();
  if (expected !== undefined) reply.reset(expected);
  else reply.refuse(`status 0x${status.toString(16).padStart(2, '0')}: ${text}`);
}

function expectedStatus(request: Request, status: number): ReplyStatus | undefined {
  const isConditional = request.verb === 'store' && request.mode !== 'set';
  const hasKey = 'key' in request;
  if (status === BINARY_STATUS.notFound && hasKey) return isConditional ? 'not-stored' : 'miss';
  if (status === BINARY_STATUS.exists && hasKey) return isConditional ? 'not-stored' : 'exists';
  return status === BINARY_STATUS.notStored && isConditional ? 'not-stored' : undefined;
}

function packetOf(request: Request): Packet {
  switch (request.verb) {
    case 'get':
      return { opcode: OPCODE.get, key: request.key };
    case 'store':
      return storePacket(request);
    case 'delete':
      return { opcode: OPCODE.delete, key: request.key, cas: request.cas };
    case 'touch':
      return { opcode: OPCODE.touch, key: request.key, extras: uint32(request.exptime) };
    case 'count':
      return countPacket(request);
    case 'flush':
      return { opcode: OPCODE.flush };
    case 'config-get':
      return { opcode: OPCODE.configGet, key: request.key };
    case 'stats':
      return { opcode: OPCODE.stat, key: request.topic ?? '' };
    case 'version':
      return { opcode: OPCODE.version };
    case 'login': {
      const value = `\0${request.username}\0${request.password}`;
      return { opcode: OPCODE.saslStart, key: 'PLAIN', value };
    }
    default:
      return { opcode: OPCODE.noop };
  }
}

function storePacket({ mode, key, value, flags, exptime, cas }: StoreRequest): Packet {
  const opcode = OPCODE[mode];
  if (mode === 'append' || mode === 'prepend') return { opcode, key, value };
  const extras = Buffer.alloc(8);
  extras.writeUInt32BE(flags, 0);
  extras.writeUInt32BE(exptime, 4);
  return { opcode, key, value, extras, cas };
}

function countPacket({ key, delta, isDecrement, initial }: CountRequest): Packet {
  const extras = Buffer.alloc(20);
  extras.writeBigUInt64BE(delta, 0);
  extras.writeBigUInt64BE(initial?.value ?? 0n, 8);
  extras.writeUInt32BE(initial?.exptime ?? DO_NOT_CREATE, 16);
  return { opcode: isDecrement ? OPCODE.decrement : OPCODE.increment, key, extras };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function putPacket(sink: ByteSink, packet: Packet, opaque: number): void {
  const { opcode, key = '', value = '', extras = NO_EXTRAS, cas = 0n } = packet;
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = valueBytesOf(value);
  const bodyBytes = extras.length + keyBytes + valueBytes;
  sink.ensure(HEADER_BYTES + bodyBytes);
  const { bytes, at } = sink;
  bytes.fill(0, at, at + HEADER_BYTES);
  bytes[at] = MAGIC.request;
  bytes[at + 1] = opcode;
  bytes.writeUInt16BE(keyBytes, at + 2);
  bytes[at + 4] = extras.length;
  bytes.writeUInt32BE(bodyBytes, at + 8);
  bytes.writeUInt32BE(opaque, at + 12);
  bytes.writeBigUInt64BE(cas, at + 16);
  bytes.set(extras, at + HEADER_BYTES);
  sink.at = at + HEADER_BYTES + extras.length;
  sink.at += bytes.write(key, sink.at, 'utf8');
  if (typeof value === 'string') sink.at += bytes.write(value, sink.at, 'utf8');
  else bytes.set(value, sink.at);
  if (typeof value !== 'string') sink.at += value.length;
}
