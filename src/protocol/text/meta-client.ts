/** The meta protocol from the client's side (memcached's doc/protocol.txt, "Meta Commands"). */
import type { ByteSink } from '../../base/index.ts';
import type { Dialect } from '../client/dialect.ts';
import { MalformedReply, type Progress, type Reply, type ReplyStatus } from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';
import type { GetManyRequest, Request, StoreRequest } from '../client/request.ts';
import { ClassicDialect } from './classic-client.ts';
import { takeRefusal } from './client-lines.ts';
import { MetaFlags } from './meta-reply-flags.ts';
import { isOfNode, putRequest } from './meta-requests.ts';

const code = (text: string): number => text.charCodeAt(0) * 256 + text.charCodeAt(1);
const VA = code('VA');
const HD = code('HD');
const EN = code('EN');
const NF = code('NF');
const NS = code('NS');
const EX = code('EX');
const MN = code('MN');
const CRLF_BYTES = 2;

/** What a request is told by a code, beside `value`. */
const STATUS: Readonly<Record<number, ReplyStatus>> = {
  [HD]: 'done',
  [EN]: 'miss',
  [NF]: 'miss',
  [NS]: 'not-stored',
  [EX]: 'exists',
};

/**
 * `mg`, `ms`, `md`, `ma`, each with its opaque. Many keys are so many quiet `mg`s and an `mn`, which
 * costs the client no more than one classic `get` of them all, and every answer has its number.
 * What concerns a whole node has no meta command, and is said in classic text.
 */
export class MetaDialect implements Dialect {
  readonly name = 'meta';
  readonly #classic = new ClassicDialect();
  readonly #flags = new MetaFlags();
  /** The length of the value being received, or -1 between replies. */
  #valueBytes = -1;
  /** An error of one of many keys: it is the whole reply's, once the others are in. */
  #refusal: string | undefined;
  /** Of many keys, the one whose value came last. */
  #lastIndex = -1;

  canSay(): boolean {
    return true;
  }

  encode(request: Request, opaque: number, sink: ByteSink): number {
    return isOfNode(request)
      ? this.#classic.encode(request, opaque, sink)
      : putRequest(sink, request, opaque);
  }

  decode(input: ReplyInput, request: Request, opaque: number, reply: Reply): Progress {
    if (isOfNode(request)) return this.#classic.decode(input, request, opaque, reply);
    if (request.verb === 'get-many') return this.#decodeMany(input, request, opaque, reply);
    return this.#decodeOne(input, request, opaque, reply) ? 'complete' : 'incomplete';
  }

  /** Hits in the order of their keys, the last key's answer in any case, and `mn`'s. */
  #decodeMany(input: ReplyInput, request: GetManyRequest, opaque: number, reply: Reply): Progress {
    while (this.#decodeOne(input, request, opaque, reply)) {
      if (reply.status === 'value') return 'item';
      if (reply.status === 'done') return this.#endMany(request, reply);
      if (reply.status === 'refused') this.#refusal = reply.line;
    }
    return 'incomplete';
  }

  #endMany(request: GetManyRequest, reply: Reply): Progress {
    if (this.#refusal !== undefined) reply.refuse(this.#refusal);
    else if (this.#lastIndex !== request.keys.length - 1) throw outOfStep(-1);
    this.#refusal = undefined;
    this.#lastIndex = -1;
    return 'complete';
  }

  /** Reads a line and its value; false when they are not all here. */
  #decodeOne(input: ReplyInput, request: Request, opaque: number, reply: Reply): boolean {
    if (this.#valueBytes < 0 && !this.#decodeLine(input, request, opaque, reply)) return false;
    return this.#valueBytes < 0 || this.#takeValue(input, reply);
  }

  /** Reads a line; false when it is not all here. */
  #decodeLine(input: ReplyInput, request: Request, opaque: number, reply: Reply): boolean {
    const lineEnd = input.lineEnd();
    if (lineEnd < 0) return false;
    const { bytes, at } = input;
    const answer = lineEnd - at < 2 ? 0 : bytes[at]! * 256 + bytes[at + 1]!;
    if (answer === VA) {
      this.#beginValue(input, lineEnd, request, opaque, reply);
      return true;
    }
    const status = STATUS[answer];
    if (status !== undefined && mayAnswer(request, status)) {
      reply.reset(status);
      this.#flags.read(bytes, at + 2, lineEnd, reply);
      this.#checkOpaque(request, opaque, reply);
      input.at = lineEnd + CRLF_BYTES;
    } else if (answer === MN && lineEnd - at === 2 && endsWithNoop(request)) {
      reply.reset('done');
      input.at = lineEnd + CRLF_BYTES;
    } else {
      takeRefusal(input, lineEnd, reply);
    }
    return true;
  }

  /** `VA <bytes> <flags>*`. */
  #beginValue(
    input: ReplyInput,
    lineEnd: number,
    request: Request,
    opaque: number,
    reply: Reply,
  ): void {
    if (!mayAnswer(request, 'value')) throw new MalformedReply('a value that nobody asked for');
    reply.reset('value');
    this.#valueBytes = this.#flags.readValue(input.bytes, input.at + 2, lineEnd, reply);
    this.#checkOpaque(request, opaque, reply);
    input.at = lineEnd + CRLF_BYTES;
  }

  #takeValue(input: ReplyInput, reply: Reply): boolean {
    if (!input.takeValue(this.#valueBytes, reply)) return false;
    this.#valueBytes = -1;
    return true;
  }

  /** The reply is this request's only if it says so; before 1.6.13 a plain miss says nothing. */
  #checkOpaque(request: Request, opaque: number, reply: Reply): void {
    const said = this.#flags.opaque;
    const isSilentMiss = said < 0 && reply.status === 'miss';
    if (request.verb !== 'get-many') {
      if (said !== opaque && !isSilentMiss) throw outOfStep(said);
      return;
    }
    const last = request.keys.length - 1;
    const index = isSilentMiss ? last : said - opaque;
    const isLate = index <= this.#lastIndex || (reply.status === 'miss' && index !== last);
    if (isLate || index > last) throw outOfStep(said);
    this.#lastIndex = index;
    reply.index = index;
  }
}

function endsWithNoop({ verb }: Request): boolean {
  return verb === 'get-many' || verb === 'noop';
}

function mayAnswer(request: Request, status: ReplyStatus): boolean {
  switch (request.verb) {
    case 'get':
    case 'get-many':
      return status === 'value' || status === 'miss';
    case 'fetch':
      return status === 'value' || status === 'done' || status === 'miss';
    case 'store':
      return mayAnswerStore(request, status);
    case 'delete':
      return status === 'done' || status === 'miss' || status === 'exists';
    case 'touch':
      return status === 'done' || status === 'miss';
    case 'count':
      return status === 'value' || status === 'miss';
    default:
      return false;
  }
}

/** A plain set is always done; what depends on the item says on what. */
function mayAnswerStore({ mode, cas }: StoreRequest, status: ReplyStatus): boolean {
  if (status === 'done') return true;
  if (mode !== 'set') return status === 'not-stored';
  return cas !== undefined && (status === 'exists' || status === 'miss');
}

function outOfStep(said: number): MalformedReply {
  const what = said < 0 ? 'no opaque' : `opaque ${said}`;
  return new MalformedReply(`the answer to another command: ${what}`);
}
