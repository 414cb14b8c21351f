import { type ByteSink, CodedError } from '../base/index.ts';
import {
  BINARY_STATUS,
  BinaryDecoder,
  ClassicDecoder,
  DIALECT,
  INCOMPLETE,
  isStorage,
  OPCODE,
  Request,
  VERB,
} from '../protocol/index.ts';

/** Makes the reply that the client gets of that of the node; it may be empty. */
export type Finish = (reply: Buffer) => Buffer;

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const LETTER_G = 0x67;
const LETTER_Q = 0x71;
const CRLF_BYTES = 2;
const OPCODE_AT = 1;
const STATUS_AT = 6;

/** The quiet opcodes, each with the one that has a reply in any case. */
const LOUD = new Map<number, number>([
  [OPCODE.getQ, OPCODE.get],
  [OPCODE.getKQ, OPCODE.getK],
  [OPCODE.gatQ, OPCODE.gat],
  [OPCODE.gatKQ, OPCODE.gatK],
  [OPCODE.setQ, OPCODE.set],
  [OPCODE.addQ, OPCODE.add],
  [OPCODE.replaceQ, OPCODE.replace],
  [OPCODE.appendQ, OPCODE.append],
  [OPCODE.prependQ, OPCODE.prepend],
  [OPCODE.deleteQ, OPCODE.delete],
  [OPCODE.incrementQ, OPCODE.increment],
  [OPCODE.decrementQ, OPCODE.decrement],
]);
const READS = new Set<number>([OPCODE.get, OPCODE.getK, OPCODE.gat, OPCODE.gatK]);

const NO_BYTES = Buffer.alloc(0);
const shown: Finish = (reply) => reply;
const silent: Finish = () => NO_BYTES;
const without =
  (...codes: readonly string[]): Finish =>
  (reply) =>
    codes.includes(reply.toString('latin1', 0, 2)) ? NO_BYTES : reply;
const WITHOUT_MISS = without('EN');
const WITHOUT_DONE = without('HD');
const WITHOUT_COUNT = without('HD', 'VA');

/** The reply to a quiet request has its opcode. */
const quietly =
  (opcode: number, hidden: number): Finish =>
  (reply) => {
    if (reply.readUInt16BE(STATUS_AT) === hidden) return NO_BYTES;
    reply[OPCODE_AT] = opcode;
    return reply;
  };
const QUIET = new Map<number, Finish>(
  [...LOUD].map(([quiet, loud]) => {
    const hidden = READS.has(loud) ? BINARY_STATUS.notFound : BINARY_STATUS.success;
    return [quiet, quietly(quiet, hidden)];
  }),
);

const TOO_LARGE = new CodedError('ERR_TOO_LARGE', 'object too large for cache');
const NOT_WHOLE = new CodedError('ERR_FORWARD', 'the proxy has no whole request of a key');

/**
 * Prepares requests for nodes that are no slabring. Such a node sends no reply to a quiet request
 * that succeeds, so nobody could tell which reply belongs to which request. So each request goes
 * without its `noreply` or `q`, or with another opcode: it has exactly one reply, and the proxy
 * drops those that the client does not expect.
 */
export class OutgoingRequests {
  readonly #text = new ClassicDecoder();
  readonly #binary = new BinaryDecoder();
  readonly #request = new Request();

  /**
   * Appends the whole request in `bytes` to the sink; says what the client gets of its reply, or
   * why nothing was appended.
   */
  put(sink: ByteSink, isBinary: boolean, bytes: Buffer): Finish | CodedError {
    // A get of the classic protocol has neither a value nor a quiet form.
    if (!isBinary && bytes[0] === LETTER_G) {
      sink.ensure(bytes.length);
      sink.putRange(bytes, 0, bytes.length);
      return shown;
    }
    const request = this.#request;
    const decoder = isBinary ? this.#binary : this.#text;
    const length = decoder.decode(bytes, 0, bytes.length, request);
    if (length <= INCOMPLETE || request.verb === VERB.invalid) return NOT_WHOLE;
    // A node would take the requests behind it for the missing value.
    if (isStorage(request.verb) && length + valueBytes(request) > bytes.length) return TOO_LARGE;
    sink.ensure(bytes.length);
    if (!request.noreply) {
      sink.putRange(bytes, 0, bytes.length);
      return shown;
    }
    if (isBinary) return putLoud(sink, bytes);
    const lineEnd = bytes.indexOf(LF);
    if (request.dialect === DIALECT.meta) return putMeta(sink, bytes, lineEnd, request);
    const [from, to] = lastWord(bytes, lineEnd);
    sink.putRange(bytes, 0, from);
    sink.putRange(bytes, to, bytes.length);
    return silent;
  }
}

function valueBytes({ dialect, valueBytes: bytes }: Request): number {
  return dialect === DIALECT.binary ? bytes : bytes + CRLF_BYTES;
}

function putLoud(sink: ByteSink, bytes: Buffer): Finish {
  const opcode = bytes[OPCODE_AT]!;
  sink.putByte(bytes[0]!);
  sink.putByte(LOUD.get(opcode) ?? opcode);
  sink.putRange(bytes, OPCODE_AT + 1, bytes.length);
  return QUIET.get(opcode) ?? shown;
}

/** Leaves the flag `q` out, which is a word behind the key and, with `ms`, behind the length. */
function putMeta(sink: ByteSink, bytes: Buffer, lineEnd: number, { verb }: Request): Finish {
  const isSet = isStorage(verb);
  let at = 0;
  for (let word = isSet ? 3 : 2; word > 0; word--) at = wordEnd(bytes, wordStart(bytes, at));
  sink.putRange(bytes, 0, at);
  for (;;) {
    const start = wordStart(bytes, at);
    if (start >= lineEnd || bytes[start] === CR) break;
    const end = wordEnd(bytes, start);
    if (bytes[start] !== LETTER_Q) sink.putRange(bytes, at, end);
    at = end;
  }
  sink.putRange(bytes, at, bytes.length);
  if (isSet || verb === VERB.metaDelete) return WITHOUT_DONE;
  return verb === VERB.metaArithmetic ? WITHOUT_COUNT : WITHOUT_MISS;
}

function wordStart(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === BLANK) at++;
  return at;
}

function wordEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] !== BLANK && bytes[at] !== CR && bytes[at] !== LF) at++;
  return at;
}

/** Where the last word of a line is, with the blank before it. */
function lastWord(bytes: Buffer, lineEnd: number): readonly [number, number] {
  let to = lineEnd;
  while (bytes[to - 1] === CR || bytes[to - 1] === BLANK) to--;
  let from = to;
  while (bytes[from - 1] !== BLANK) from--;
  return [from - 1, to];
}
