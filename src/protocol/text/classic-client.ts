/** The classic text protocol from the client's side, for nodes that know no meta commands. */
import type { ByteSink } from '../../base/index.ts';
import { HEADER_BYTES as BINARY_HEADER_BYTES } from '../binary/wire.ts';
import type { Dialect } from '../client/dialect.ts';
import { MalformedReply, type Progress, type Reply, type ReplyStatus } from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';
import type { GetManyRequest, GetRequest, Request, StoreRequest } from '../client/request.ts';
import {
  LINE_BYTES_MAX,
  putKey,
  putValue,
  strange,
  takeRefusal,
  valueBytesOf,
} from './client-lines.ts';
import { LineReader } from './line-reader.ts';

/** What is answered by values and an END. */
type ValueRequest = GetRequest | GetManyRequest;

/** The lines that can answer each request, other than refusals, and what they tell. */
const LINES: Readonly<Partial<Record<string, Readonly<Record<string, ReplyStatus>>>>> = {
  set: { STORED: 'done' },
  add: { STORED: 'done', NOT_STORED: 'not-stored' },
  replace: { STORED: 'done', NOT_STORED: 'not-stored' },
  append: { STORED: 'done', NOT_STORED: 'not-stored' },
  prepend: { STORED: 'done', NOT_STORED: 'not-stored' },
  cas: { STORED: 'done', EXISTS: 'exists', NOT_FOUND: 'miss' },
  delete: { DELETED: 'done', NOT_FOUND: 'miss' },
  touch: { TOUCHED: 'done', NOT_FOUND: 'miss' },
  count: { NOT_FOUND: 'miss' },
  flush: { OK: 'done' },
  login: { STORED: 'done' },
};
const COUNT = /^\d{1,20}$/;
const COUNT_DIGITS_MAX = 10;
const CRLF_BYTES = 2;
const END = 'END';
const PADDED_VERSION = `${'version'.padEnd(BINARY_HEADER_BYTES)}\r\n`;

/** Replies are matched by order; those of gets also name their keys. */
export class ClassicDialect implements Dialect {
  readonly name = 'classic';
  readonly #line = new LineReader();
  /** The length of the value being received, or -1. */
  #valueBytes = -1;
  /** Which of the keys comes next in a reply with values. */
  #nextKey = 0;
  /** A get's value is here, but not the END behind it. */
  #hasValue = false;

  canSay(request: Request): boolean {
    if (request.verb === 'fetch') return false;
    if (request.verb === 'delete') {
      return request.cas === undefined && request.staleExptime === undefined;
    }
    return request.verb !== 'count' || request.start === undefined;
  }

  encode(request: Request, _opaque: number, sink: ByteSink): number {
    sink.ensure(LINE_BYTES_MAX);
    switch (request.verb) {
      case 'get':
        putLine(sink, request.cas ? 'gets ' : 'get ', request.key, '');
        break;
      case 'get-many':
        putGetOf(sink, request.keys, 0);
        break;
      case 'store':
        putStore(sink, request);
        break;
      case 'delete':
        putLine(sink, 'delete ', request.key, '');
        break;
      case 'touch':
        putLine(sink, 'touch ', request.key, ` ${request.exptime}`);
        break;
      case 'count':
        putLine(sink, request.down ? 'decr ' : 'incr ', request.key, ` ${request.by}`);
        break;
      case 'login':
        putLogin(sink, `${request.username} ${request.password}`);
        break;
      default:
        sink.putText(lineOf(request));
    }
    return 1;
  }

  decode(input: ReplyInput, request: Request, _opaque: number, reply: Reply): Progress {
    switch (request.verb) {
      case 'get':
      case 'get-many':
        return this.decodeValues(input, request, reply);
      case 'stats':
        return decodeStat(input, reply);
      default:
        return decodeLine(input, request, reply) ? 'complete' : 'incomplete';
    }
  }

  /** Reads on in values and their END; of the keys, those from `firstKey` on were asked for. */
  decodeValues(input: ReplyInput, request: ValueRequest, reply: Reply, firstKey = 0): Progress {
    if (this.#nextKey < firstKey) this.#nextKey = firstKey;
    if (this.#valueBytes < 0) {
      const lineEnd = input.lineEnd();
      if (lineEnd < 0) {
        if (this.#hasValue && !reply.isOwn) keepValue(reply);
        return 'incomplete';
      }
      if (!this.#takeHead(input, lineEnd, request, reply)) return this.#end();
    }
    if (!input.takeValue(this.#valueBytes, reply)) return 'incomplete';
    this.#valueBytes = -1;
    if (request.verb === 'get-many') return 'item';
    this.#hasValue = true;
    return this.decodeValues(input, request, reply, firstKey);
  }

  #end(): Progress {
    this.#nextKey = 0;
    this.#hasValue = false;
    return 'complete';
  }

  /** `VALUE <key> <flags> <bytes> [<cas>]`, or what ends them: then it is false. */
  #takeHead(input: ReplyInput, lineEnd: number, request: ValueRequest, reply: Reply): boolean {
    const line = this.#line;
    line.begin(input.bytes, input.at, lineEnd);
    if (!line.takeWord('VALUE')) {
      this.#takeEnd(input, lineEnd, request, reply);
      return false;
    }
    line.takeSpace();
    reply.reset('value');
    reply.index = this.#takeKey(request);
    reply.flags = this.#takeCount();
    this.#valueBytes = this.#takeCount();
    if (line.takeSpace()) reply.cas = line.takeLong();
    if (!line.isAtEnd) throw strange(input.takeLine(lineEnd));
    input.at = lineEnd + CRLF_BYTES;
    return true;
  }

  /** Which of the keys it is; those before it were misses. */
  #takeKey(request: ValueRequest): number {
    const count = request.verb === 'get' ? 1 : request.keys.length;
    while (this.#nextKey < count) {
      const index = this.#nextKey++;
      const key = request.verb === 'get' ? request.key : request.keys[index]!;
      if (this.#line.takeWord(key)) return index;
    }
    throw new MalformedReply('a value of a key that was not asked for');
  }

  /** ` <number>` of 32 bits. */
  #takeCount(): number {
    const hasSpace = this.#line.takeSpace();
    const value = this.#line.takeNumber();
    const { digits } = this.#line;
    if (hasSpace && digits > 0 && digits <= COUNT_DIGITS_MAX) return value;
    throw new MalformedReply('a VALUE line without its numbers');
  }

  #takeEnd(input: ReplyInput, lineEnd: number, request: ValueRequest, reply: Reply): void {
    if (!this.#line.takeWord(END) || !this.#line.isAtEnd) {
      takeRefusal(input, lineEnd, reply);
      return;
    }
    input.at = lineEnd + CRLF_BYTES;
    if (request.verb === 'get-many') reply.reset('done');
    else if (!this.#hasValue) reply.reset('miss');
  }
}

/** The piece that holds the value goes back before its END comes. */
function keepValue(reply: Reply): void {
  const value = reply.takeBytes();
  reply.setValue(value, 0, value.length, true);
}

function decodeLine(input: ReplyInput, request: Request, reply: Reply): boolean {
  const lineEnd = input.lineEnd();
  if (lineEnd < 0) return false;
  const line = input.bytes.toString('latin1', input.at, lineEnd);
  const status = LINES[wordOf(request)]?.[line];
  if (status !== undefined) {
    reply.reset(status);
  } else if (request.verb === 'count' && COUNT.test(line)) {
    reply.reset('value');
    reply.setValue(Buffer.from(line, 'latin1'), 0, line.length, true);
  } else if (isVersion(request) && line.startsWith('VERSION ')) {
    reply.reset('line');
    reply.line = line.slice('VERSION '.length);
  } else {
    takeRefusal(input, lineEnd, reply);
    return true;
  }
  input.at = lineEnd + CRLF_BYTES;
  return true;
}

/** `STAT <name> <value>`, or `END`. */
function decodeStat(input: ReplyInput, reply: Reply): Progress {
  const lineEnd = input.lineEnd();
  if (lineEnd < 0) return 'incomplete';
  const line = input.bytes.toString('utf8', input.at, lineEnd);
  if (line.startsWith('STAT ')) {
    const [, name = '', ...rest] = line.split(' ');
    reply.reset('value');
    reply.name = name;
    reply.line = rest.join(' ');
    input.at = lineEnd + CRLF_BYTES;
    return 'item';
  }
  if (line === END || line === 'RESET') {
    reply.reset('done');
    input.at = lineEnd + CRLF_BYTES;
  } else {
    takeRefusal(input, lineEnd, reply);
  }
  return 'complete';
}

function wordOf(request: Request): string {
  if (request.verb !== 'store') return request.verb;
  return request.cas === undefined ? request.mode : 'cas';
}

function isVersion({ verb }: Request): boolean {
  return verb === 'version' || verb === 'noop';
}

function lineOf(request: Request): string {
  if (request.verb === 'flush') return 'flush_all\r\n';
  if (request.verb === 'version' && request.isPadded === true) return PADDED_VERSION;
  if (request.verb !== 'stats') return 'version\r\n';
  return request.topic === undefined ? 'stats\r\n' : `stats ${request.topic}\r\n`;
}

function putLine(sink: ByteSink, word: string, key: string, rest: string): void {
  sink.putText(word);
  putKey(sink, key);
  sink.putText(`${rest}\r\n`);
}

/** A `get` of the keys from `first` on. */
export function putGetOf(sink: ByteSink, keys: readonly string[], first: number): void {
  sink.putText('get');
  for (let index = first; index < keys.length; index++) {
    sink.ensure(LINE_BYTES_MAX);
    sink.putByte(0x20);
    putKey(sink, keys[index]!);
  }
  sink.putText('\r\n');
}

function putStore(sink: ByteSink, request: StoreRequest): void {
  const { key, flags, exptime, value, cas } = request;
  const token = cas === undefined ? '' : ` ${cas}`;
  const rest = ` ${flags} ${exptime} ${valueBytesOf(value)}${token}`;
  putLine(sink, `${wordOf(request)} `, key, rest);
  putValue(sink, value);
}

/** memcached's `-Y`: a set of any key, whose data is the user and the password. */
function putLogin(sink: ByteSink, secret: string): void {
  putLine(sink, 'set ', 'auth', ` 0 0 ${Buffer.byteLength(secret)}`);
  putValue(sink, secret);
}
