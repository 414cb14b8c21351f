/** The meta protocol from the client's side (memcached's doc/protocol.txt, "Meta Commands"). */
import type { ByteSink } from '../../base/index.ts';
import type { Dialect } from '../client/dialect.ts';
import { MalformedReply, type Progress, type Reply, type ReplyStatus } from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';
import type { GetManyRequest, Request, StoreRequest } from '../client/request.ts';
import { ClassicDialect } from './classic-client.ts';
import { takeRefusal } from './client-lines.ts';
import { MetaFlags } from './meta-reply-flags.ts';
import { isClassic, putRequest } from './meta-requests.ts';

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
 * `mg`, `ms`, `md`, `ma`, each with its opaque. Two things are said in classic text, as the same
 * connection may: what concerns a whole node, which has no meta command; and of many keys all but
 * the first, because one `get` of a hundred takes less of the node and of the client than a
 * hundred `mg`s (measured against 1.6.18, eight at a time: 1,150,000 keys/s at 0.81 µs instead of
 * 790,000 at 0.97). Its values name their keys, and the first key's `mg` has the opaque: an END
 * too many or too few is noticed there or behind it.
 */
export class MetaDialect implements Dialect {
  readonly name = 'meta';
  readonly #classic = new ClassicDialect();
  readonly #flags = new MetaFlags();
  /** The length of the value being received, or -1 between replies. */
  #valueBytes = -1;
  /** Of many keys: the first one's reply is here, and why it was refused, if it was. */
  #hasFirst = false;
  #refusal: string | undefined;

  canSay(): boolean {
    return true;
  }

  encode(request: Request, opaque: number, sink: ByteSink): number {
    return isClassic(request)
      ? this.#classic.encode(request, opaque, sink)
      : putRequest(sink, request, opaque);
  }

  decode(input: ReplyInput, request: Request, opaque: number, reply: Reply): Progress {
    if (isClassic(request)) return this.#classic.decode(input, request, opaque, reply);
    if (request.verb === 'get-many') return this.#decodeMany(input, request, opaque, reply);
    return this.#decodeOne(input, request, opaque, reply) ? 'complete' : 'incomplete';
  }

  /**
   * The first key's reply, then those of the others, which come also when the first was refused.
   */
  #decodeMany(input: ReplyInput, request: GetManyRequest, opaque: number, reply: Reply): Progress {
    if (!this.#hasFirst) {
      if (!this.#decodeOne(input, request, opaque, reply)) return 'incomplete';
      this.#hasFirst = true;
      if (reply.status === 'refused') this.#refusal = reply.line;
      if (reply.status === 'value') {
        reply.index = 0;
        return 'item';
      }
    }
    if (request.keys.length === 1) reply.reset('done');
    else {
      const progress = this.#classic.decodeValues(input, request, reply, 1);
      if (progress !== 'complete') return progress;
    }
    if (this.#refusal !== undefined) reply.refuse(this.#refusal);
    this.#hasFirst = false;
    this.#refusal = undefined;
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
      this.#checkOpaque(opaque, reply);
      input.at = lineEnd + CRLF_BYTES;
    } else if (answer === MN && lineEnd - at === 2 && request.verb === 'noop') {
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
    this.#checkOpaque(opaque, reply);
    input.at = lineEnd + CRLF_BYTES;
  }

  #takeValue(input: ReplyInput, reply: Reply): boolean {
    if (!input.takeValue(this.#valueBytes, reply)) return false;
    this.#valueBytes = -1;
    return true;
  }

  /** The reply is this request's only if it says so; before 1.6.13 a plain miss says nothing. */
  #checkOpaque(opaque: number, reply: Reply): void {
    const said = this.#flags.opaque;
    if (said === opaque || (said < 0 && reply.status === 'miss')) return;
    const what = said < 0 ? 'no opaque' : `opaque ${said}`;
    throw new MalformedReply(`the answer to another command: ${what}`);
  }
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
