/** The binary protocol from the client's side: for services that offer SASL, which only it has. */
import type { ByteSink } from '../../base/index.ts';
import type { Dialect } from '../client/dialect.ts';
import { MalformedReply, type Progress, type Reply, type ReplyStatus } from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';
import type { CountRequest, Request, StoreRequest } from '../client/request.ts';
import { BINARY_STATUS, HEADER_BYTES, MAGIC, OPCODE } from './wire.ts';

/** An expiry that says: make no counter when there is none. */
const NO_START = 0xffff_ffff;
const NO_EXTRAS = Buffer.alloc(0);
const COUNTER_BYTES = 8;

/** What one packet is made of; what is left out is empty. */
interface Packet {
  readonly opcode: number;
  readonly key?: string;
  readonly extras?: Buffer;
  readonly value?: string | Uint8Array;
  readonly cas?: bigint | undefined;
}

/** Every packet carries its number as the opaque, and every reply gives it back. */
export class BinaryDialect implements Dialect {
  readonly name = 'binary';
  /** Of the packet being received; -1 between packets. */
  #bodyBytes = -1;
  readonly #head = new PacketHead();

  canSay(request: Request): boolean {
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

  decode(input: ReplyInput, request: Request, opaque: number, reply: Reply): Progress {
    if (this.#bodyBytes < 0) {
      if (input.end - input.at < HEADER_BYTES) return 'incomplete';
      this.#bodyBytes = this.#head.read(input.bytes, input.at);
      input.at += HEADER_BYTES;
      reply.reset('done');
    }
    if (!input.takeValue(this.#bodyBytes, reply, 0)) return 'incomplete';
    this.#bodyBytes = -1;
    return this.#finish(request, opaque, reply);
  }

  /** The packet is here; its body is the reply's value so far. */
  #finish(request: Request, opaque: number, reply: Reply): Progress {
    const { status, opcode, extraBytes, keyBytes } = this.#head;
    const ends = request.verb !== 'get-many' || opcode === OPCODE.noop;
    this.#check(request, opaque, ends);
    if (status !== BINARY_STATUS.success) {
      answerStatus(request, status, reply);
      return 'complete';
    }
    const { bytes, start, end, isOwn } = reply;
    const isStatistic = request.verb === 'stats' && keyBytes > 0;
    if (isStatistic) {
      reply.name = bytes.toString('utf8', start + extraBytes, start + extraBytes + keyBytes);
    }
    const isGet = request.verb === 'get' || !ends;
    if (isGet && extraBytes >= 4) reply.flags = bytes.readUInt32BE(start);
    if (request.verb === 'get' && request.cas) reply.cas = this.#head.cas;
    reply.setValue(bytes, start + extraBytes + keyBytes, end, isOwn);
    reply.index = ends ? 0 : this.#head.opaque - opaque;
    finishValue(request, reply, isGet || isStatistic);
    return ends && !isStatistic ? 'complete' : 'item';
  }

  #check(request: Request, opaque: number, ends: boolean): void {
    const said = this.#head.opaque;
    const count = request.verb === 'get-many' ? request.keys.length : 0;
    const good = ends ? said === opaque + count : said >= opaque && said < opaque + count;
    if (!good) throw new MalformedReply(`the answer to another command: opaque ${said}`);
  }
}

/** A reply's header, read into the same fields each time. */
class PacketHead {
  opcode = 0;
  status = 0;
  keyBytes = 0;
  extraBytes = 0;
  opaque = 0;
  cas = 0n;

  /** Returns how many bytes follow. */
  read(bytes: Buffer, at: number): number {
    if (bytes[at] !== MAGIC.reply) throw new MalformedReply('not a binary reply');
    this.opcode = bytes[at + 1]!;
    this.keyBytes = bytes.readUInt16BE(at + 2);
    this.extraBytes = bytes[at + 4]!;
    this.status = bytes.readUInt16BE(at + 6);
    this.opaque = bytes.readUInt32BE(at + 12);
    this.cas = bytes.readBigUInt64BE(at + 16);
    const bodyBytes = bytes.readUInt32BE(at + 8);
    if (bodyBytes < this.keyBytes + this.extraBytes) throw new MalformedReply('a body too short');
    return bodyBytes;
  }
}

/** Gives a successful reply the status that the request's asker expects. */
function finishValue(request: Request, reply: Reply, hasValue: boolean): void {
  if (request.verb === 'count') {
    if (reply.valueBytes !== COUNTER_BYTES) throw new MalformedReply('a counter of another size');
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

function answerStatus(request: Request, status: number, reply: Reply): void {
  const known = knownStatus(request, status);
  const text = reply.text();
  if (known !== undefined) reply.reset(known);
  else reply.refuse(`status 0x${status.toString(16).padStart(2, '0')}: ${text}`);
}

function knownStatus(request: Request, status: number): ReplyStatus | undefined {
  const isMode = request.verb === 'store' && request.mode !== 'set';
  const hasKey = 'key' in request;
  if (status === BINARY_STATUS.notFound && hasKey) return isMode ? 'not-stored' : 'miss';
  if (status === BINARY_STATUS.exists && hasKey) return isMode ? 'not-stored' : 'exists';
  return status === BINARY_STATUS.notStored && isMode ? 'not-stored' : undefined;
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

function countPacket({ key, by, down, start }: CountRequest): Packet {
  const extras = Buffer.alloc(20);
  extras.writeBigUInt64BE(by, 0);
  extras.writeBigUInt64BE(start?.value ?? 0n, 8);
  extras.writeUInt32BE(start?.exptime ?? NO_START, 16);
  return { opcode: down ? OPCODE.decrement : OPCODE.increment, key, extras };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function putPacket(sink: ByteSink, packet: Packet, opaque: number): void {
  const { opcode, key = '', value = '', extras = NO_EXTRAS, cas = 0n } = packet;
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
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
