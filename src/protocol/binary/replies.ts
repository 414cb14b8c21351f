import type { ByteSink } from '../../base/index.ts';
import {
  type ItemView,
  type ReplyWriter,
  STATUS,
  type Status,
  type StorageEcho,
  type StoredFacts,
} from '../reply.ts';
import type { Request } from '../request.ts';
import { BINARY_STATUS, HEADER_BYTES, MAGIC, OPCODE } from './wire.ts';

const text = (words: string): Uint8Array => Buffer.from(words, 'latin1');
const NOTHING = text('');

/** memcached's words for each status. */
const WORDS: Readonly<Record<number, Uint8Array>> = {
  [BINARY_STATUS.notFound]: text('Not found'),
  [BINARY_STATUS.exists]: text('Data exists for key.'),
  [BINARY_STATUS.tooLarge]: text('Too large.'),
  [BINARY_STATUS.invalidArguments]: text('Invalid arguments'),
  [BINARY_STATUS.notStored]: text('Not stored.'),
  [BINARY_STATUS.nonNumeric]: text('Non-numeric server-side value for incr or decr'),
  [BINARY_STATUS.authFailure]: text('Auth failure.'),
  [BINARY_STATUS.unknownCommand]: text('Unknown command'),
  [BINARY_STATUS.outOfMemory]: text('Out of memory'),
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
};
const DETAILED = text('detailed');
const FLAGS_BYTES = 4;
const COUNTER_BYTES = 8;

/** Answers in the binary protocol. */
export class BinaryReplies implements ReplyWriter {
  readonly sink: ByteSink;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  remember(request: Request, echo: StorageEcho): void {
    echo.quiet = request.noreply;
    echo.opcode = request.opcode;
    echo.opaque = request.opaque;
  }

  stored(echo: StorageEcho, status: Status, item: StoredFacts): void {
    const { opcode, opaque } = echo;
    if (status !== STATUS.stored) {
      const code = status === STATUS.notStored ? notStoredBy(opcode) : STATUS_OF[status];
      this.#error(opcode, opaque, code);
    } else if (!echo.quiet) {
      this.#header(opcode, opaque, 0, 0, 0, 0, item.storedCasHigh, item.storedCasLow);
    }
  }

  /** Success without more to say is silent when the request is quiet; errors never are. */
  status(request: Request, status: Status): void {
    const code = STATUS_OF[status];
    if (code !== BINARY_STATUS.success) this.#error(request.opcode, request.opaque, code);
    else if (!request.noreply) this.#bare(request, 0);
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

  /** GETK and GATK say which key it was, in place of words. */
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

  /** A config entry: its flags, perhaps its name, its data. */
  entry(request: Request, name: string, flags: number, data: Buffer): void {
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

  /** The counter's new CAS id is in the request by now. */
  counter(request: Request, high: number, low: number): void {
    if (request.noreply) return;
    const { sink } = this;
    const { opcode, opaque, casHigh, casLow } = request;
    this.#header(opcode, opaque, 0, 0, 0, COUNTER_BYTES, casHigh, casLow);
    sink.view.setUint32(sink.at, high);
    sink.view.setUint32(sink.at + 4, low);
    sink.at += COUNTER_BYTES;
  }

  refusal(request: Request): void {
    this.#error(request.opcode, request.opaque, request.refusalStatus);
  }

  version(request: Request, version: string): void {
    this.#bare(request, version.length);
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
    this.#bare(request, 0);
  }

  /** `stat detail dump`: what memcached has as text, in one packet of that name. */
  detailed(request: Request, write: (sink: ByteSink) => void): void {
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

  /** SASL: an answer that carries words, such as the names of mechanisms. */
  words(request: Request, status: number, words: string): void {
    const { opcode, opaque } = request;
    this.#header(opcode, opaque, status, 0, 0, words.length, 0, 0);
    this.sink.putText(words);
  }

  /** Success, whether quiet or not. */
  bare(request: Request): void {
    this.#bare(request, 0);
  }

  /** An error with its words. */
  error(request: Request, status: number): void {
    this.#error(request.opcode, request.opaque, status);
  }

  #bare(request: Request, bodyBytes: number): void {
    this.#header(request.opcode, request.opaque, 0, 0, 0, bodyBytes, 0, 0);
  }

  #error(opcode: number, opaque: number, status: number): void {
    const words = WORDS[status] ?? NOTHING;
    this.#header(opcode, opaque, status, 0, 0, words.length, 0, 0);
    this.sink.putConstant(words);
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

/** A storage request whose condition does not hold: what stood in the way is its opcode's. */
function notStoredBy(opcode: number): number {
  if (opcode === OPCODE.add || opcode === OPCODE.addQ) return BINARY_STATUS.exists;
  if (opcode === OPCODE.replace || opcode === OPCODE.replaceQ) return BINARY_STATUS.notFound;
  return BINARY_STATUS.notStored;
}
