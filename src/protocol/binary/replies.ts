import type { ByteSink } from '../../base/index.ts';
import {
  type CounterFacts,
  type ItemView,
  type ReplyWriter,
  STATUS,
  type Status,
  type StorageReplyContext,
  type StoredFacts,
} from '../reply.ts';
import type { Request } from '../request.ts';
import { BINARY_STATUS, HEADER_BYTES, MAGIC, OPCODE } from './wire.ts';

const constant = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const NO_TEXT = constant('');

/** memcached's error text for each status. */
export const ERROR_TEXT: Readonly<Record<number, Uint8Array>> = {
  [BINARY_STATUS.notFound]: constant('Not found'),
  [BINARY_STATUS.exists]: constant('Data exists for key.'),
  [BINARY_STATUS.tooLarge]: constant('Too large.'),
  [BINARY_STATUS.invalidArguments]: constant('Invalid arguments'),
  [BINARY_STATUS.notStored]: constant('Not stored.'),
  [BINARY_STATUS.nonNumeric]: constant('Non-numeric server-side value for incr or decr'),
  [BINARY_STATUS.authFailure]: constant('Auth failure.'),
  [BINARY_STATUS.unknownCommand]: constant('Unknown command'),
  [BINARY_STATUS.outOfMemory]: constant('Out of memory'),
  [BINARY_STATUS.internalError]: constant('Internal error'),
};

const STATUS_OF: Readonly<Record<Status, number>> = {
  [STATUS.stored]: BINARY_STATUS.success,
  [STATUS.notStored]: BINARY_STATUS.notStored,
  [STATUS.exists]: BINARY_STATUS.exists,
  [STATUS.notFound]: BINARY_STATUS.notFound,
  [STATUS.deleted]: BINARY_STATUS.success,
  [STATUS.touched]: BINARY_STATUS.success,
  [STATUS.ok]: BINARY_STATUS.success,
  [STATUS.reset]: BINARY_STATUS.success,
  [STATUS.tooLarge]: BINARY_STATUS.tooLarge,
  [STATUS.outOfMemoryStoring]: BINARY_STATUS.outOfMemory,
  [STATUS.outOfMemory]: BINARY_STATUS.outOfMemory,
  [STATUS.outOfMemoryCreating]: BINARY_STATUS.outOfMemory,
  [STATUS.badDataChunk]: BINARY_STATUS.invalidArguments,
  [STATUS.nonNumeric]: BINARY_STATUS.nonNumeric,
  [STATUS.badFormat]: BINARY_STATUS.invalidArguments,
  [STATUS.badExptime]: BINARY_STATUS.invalidArguments,
  [STATUS.flushNotAllowed]: BINARY_STATUS.authFailure,
  [STATUS.unknownCommand]: BINARY_STATUS.notFound,
  [STATUS.notPermitted]: BINARY_STATUS.authFailure,
  [STATUS.configClosed]: BINARY_STATUS.authFailure,
  [STATUS.configOlder]: BINARY_STATUS.invalidArguments,
  [STATUS.configInvalid]: BINARY_STATUS.invalidArguments,
  [STATUS.moved]: BINARY_STATUS.internalError,
};
const DETAILED = constant('detailed');
const FLAGS_BYTES = 4;
const COUNTER_BYTES = 8;

/** What the reply to a packet repeats. */
type PacketFacts = Pick<Request, 'opcode' | 'opaque'>;

/** Encodes replies of the binary protocol. */
export class BinaryReplies implements ReplyWriter {
  readonly sink: ByteSink;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  stored({ opcode, opaque, noreply }: Request, status: Status, item: StoredFacts): void {
    this.#stored(opcode, opaque, noreply, status, item);
  }

  capture(request: Request, context: StorageReplyContext): void {
    context.quiet = request.noreply;
    context.opcode = request.opcode;
    context.opaque = request.opaque;
  }

  storageReply(context: StorageReplyContext, status: Status, item: StoredFacts): void {
    this.#stored(context.opcode, context.opaque, context.quiet, status, item);
  }

  #stored(opcode: number, opaque: number, quiet: boolean, status: Status, item: StoredFacts): void {
    if (status !== STATUS.stored) {
      const code = status === STATUS.notStored ? notStoredStatus(opcode) : STATUS_OF[status];
      this.#error(opcode, opaque, code);
    } else if (!quiet) {
      this.#header(opcode, opaque, 0, 0, 0, 0, item.casHigh, item.casLow);
    }
  }

  /** A quiet request suppresses success without data; it suppresses no error. */
  status(request: Request, status: Status): void {
    const code = STATUS_OF[status];
    if (code !== BINARY_STATUS.success) this.#error(request.opcode, request.opaque, code);
    else if (!request.noreply) this.#successHeader(request, 0);
  }

  hit(request: Request, key: number, item: ItemView): void {
    const keyStart = request.keyStart(key);
    const keyBytes = request.withKey ? request.keyEnd(key) - keyStart : 0;
    const valueBytes = request.wantsValue ? item.valueBytes : 0;
    const body = FLAGS_BYTES + keyBytes + valueBytes;
    const { sink } = this;
    const { opcode, opaque } = request;
    this.#header(opcode, opaque, 0, FLAGS_BYTES, keyBytes, body, item.casHigh, item.casLow);
    sink.view.setUint32(sink.at, item.clientFlags);
    sink.at += FLAGS_BYTES;
    if (keyBytes > 0) sink.putRange(request.keySource, keyStart, keyStart + keyBytes);
  }

  valueEnd(): void {}

  /** The reply to a miss of GETK or GATK has the key in place of the error text. */
  miss(request: Request, key: number): void {
    if (request.noreply) return;
    const { opcode, opaque } = request;
    if (!request.withKey) {
      this.#error(opcode, opaque, BINARY_STATUS.notFound);
      return;
    }
    const start = request.keyStart(key);
    const bytes = request.keyEnd(key) - start;
    this.#header(opcode, opaque, BINARY_STATUS.notFound, 0, bytes, bytes, 0, 0);
    this.sink.putRange(request.keySource, start, start + bytes);
  }

  /** A config entry: flags, name (which may be empty) and data. */
  configEntry(request: Request, name: string, flags: number, data: Buffer): void {
    const { sink } = this;
    const body = FLAGS_BYTES + name.length + data.length;
    sink.ensure(HEADER_BYTES + body);
    this.#header(request.opcode, request.opaque, 0, FLAGS_BYTES, name.length, body, 0, 0);
    sink.view.setUint32(sink.at, flags);
    sink.at += FLAGS_BYTES;
    sink.putText(name);
    sink.putRange(data, 0, data.length);
  }

  keysEnd(): void {}

  counter(request: Request, { high, low, casHigh, casLow }: CounterFacts): void {
    if (request.noreply) return;
    const { sink } = this;
    const { opcode, opaque } = request;
    this.#header(opcode, opaque, 0, 0, 0, COUNTER_BYTES, casHigh, casLow);
    sink.view.setUint32(sink.at, high);
    sink.view.setUint32(sink.at + 4, low);
    sink.at += COUNTER_BYTES;
  }

  errorReply(request: Request): void {
    this.#error(request.opcode, request.opaque, request.errorStatus);
  }

  version(request: Request, version: string): void {
    this.#successHeader(request, version.length);
    this.sink.putText(version);
  }

  stat(request: Request, name: string, value: string): void {
    const keyBytes = Buffer.byteLength(name, 'latin1');
    const body = keyBytes + Buffer.byteLength(value, 'latin1');
    this.sink.ensure(HEADER_BYTES + body);
    this.#header(request.opcode, request.opaque, 0, 0, keyBytes, body, 0, 0);
    this.sink.putText(name);
    this.sink.putText(value);
  }

  statsEnd(request: Request): void {
    this.sink.ensure(HEADER_BYTES);
    this.#successHeader(request, 0);
  }

  /** The reply to `stats detail dump`: memcached's text, in one packet with the key `detailed`. */
  detailDump(request: Request, write: (sink: ByteSink) => void): void {
    const { sink } = this;
    const headerAt = sink.at;
    sink.at += HEADER_BYTES + DETAILED.length;
    write(sink);
    const end = sink.at;
    sink.at = headerAt;
    const body = end - headerAt - HEADER_BYTES;
    this.#header(request.opcode, request.opaque, 0, 0, DETAILED.length, body, 0, 0);
    sink.putConstant(DETAILED);
    sink.at = end;
    this.statsEnd(request);
  }

  /** A SASL reply with text, such as the names of the mechanisms. */
  text(request: PacketFacts, status: number, text: string): void {
    const { opcode, opaque } = request;
    this.#header(opcode, opaque, status, 0, 0, text.length, 0, 0);
    this.sink.putText(text);
  }

  /** Success without data, also to a quiet request. */
  success(request: PacketFacts): void {
    this.#successHeader(request, 0);
  }

  /** An error with its text. */
  error(request: Request, status: number): void {
    this.#error(request.opcode, request.opaque, status);
  }

  #successHeader(request: PacketFacts, bodyBytes: number): void {
    this.#header(request.opcode, request.opaque, 0, 0, 0, bodyBytes, 0, 0);
  }

  #error(opcode: number, opaque: number, status: number): void {
    const text = ERROR_TEXT[status] ?? NO_TEXT;
    this.#header(opcode, opaque, status, 0, 0, text.length, 0, 0);
    this.sink.putConstant(text);
  }

  #header(
    opcode: number,
    opaque: number,
    status: number,
    extraBytes: number,
    keyBytes: number,
    bodyBytes: number,
    casHigh: number,
    casLow: number,
  ): void {
    const { view, at } = this.sink;
    view.setUint32(at, (MAGIC.reply << 24) | (opcode << 16) | keyBytes);
    view.setUint32(at + 4, (extraBytes << 24) | status);
    view.setUint32(at + 8, bodyBytes);
    view.setUint32(at + 12, opaque);
    view.setUint32(at + 16, casHigh);
    view.setUint32(at + 20, casLow);
    this.sink.at += HEADER_BYTES;
  }
}

/** The status of a storage request whose condition does not hold; it depends on the opcode. */
function notStoredStatus(opcode: number): number {
  if (opcode === OPCODE.add || opcode === OPCODE.addQ) return BINARY_STATUS.exists;
  if (opcode === OPCODE.replace || opcode === OPCODE.replaceQ) return BINARY_STATUS.notFound;
  return BINARY_STATUS.notStored;
}
