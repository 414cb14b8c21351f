/** The client's half of the classic text protocol, for nodes without meta commands. */
import type { ByteSink } from '../../base/index.ts';
import { HEADER_BYTES as BINARY_HEADER_BYTES } from '../binary/wire.ts';
import { checkConfigBytes } from '../client/config-bytes.ts';
import type { Dialect } from '../client/dialect.ts';
import {
  type DecodeProgress,
  MalformedReply,
  type Reply,
  type ReplyStatus,
} from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';
import type {
  ConfigGetRequest,
  GetManyRequest,
  GetRequest,
  Request,
  StoreRequest,
} from '../client/request.ts';
import { valueBytesOf } from '../client/value-bytes.ts';
import { LINE_BYTES_MAX, putKey, putValue, takeErrorLine, unexpectedLine } from './client-lines.ts';
import { factsLine } from './item-facts.ts';
import { LineReader } from './line-reader.ts';

/** A request whose reply consists of values and an END. */
type ValueRequest = GetRequest | GetManyRequest | ConfigGetRequest;

/** The possible reply lines of each request, without error lines, and the status they mean. */
const REPLY_LINES: Readonly<Partial<Record<string, Readonly<Record<string, ReplyStatus>>>>> = {
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
  'limit-memory': { OK: 'done' },
  'item-facts': { EN: 'miss' },
  login: { STORED: 'done' },
};
const COUNTER_VALUE = /^\d{1,20}$/;
const NUMBER_DIGITS_MAX = 10;
const CRLF_BYTES = 2;
const END = 'END';
const PADDED_VERSION = `${'version'.padEnd(BINARY_HEADER_BYTES)}\r\n`;

/** The order of the replies tells which request each belongs to; values also have their keys. */
export class ClassicDialect implements Dialect {
  readonly name = 'classic';
  readonly #line = new LineReader();
  /** The length of the value that is arriving; -1 between values. */
  #valueBytes = -1;
  /** The first of the keys that the rest of the reply can still contain. */
  #nextKey = 0;
  /** Whether the value of a `get` is complete, but the END after it is not. */
  #hasValue = false;

  supports(request: Request): boolean {
    if (request.verb === 'fetch') return false;
    if (request.verb === 'delete') {
      return request.cas === undefined && request.staleExptime === undefined;
    }
    return request.verb !== 'count' || request.initial === undefined;
  }

  encode(request: Request, _opaque: number, sink: ByteSink): number {
    sink.ensure(LINE_BYTES_MAX);
    switch (request.verb) {
      case 'get':
        putLine(sink, request.cas ? 'gets ' : 'get ', request.key, '');
        break;
      case 'get-many':
        putGetLine(sink, request.keys, 0);
        break;
      case 'store':
        putStore(sink, request);
        break;
      case 'config-get':
        putLine(sink, 'config get ', request.key, request.rest ?? '');
        break;
      case 'delete':
        putLine(sink, 'delete ', request.key, '');
        break;
      case 'touch':
        putLine(sink, 'touch ', request.key, ` ${request.exptime}`);
        break;
      case 'count':
        putLine(sink, request.isDecrement ? 'decr ' : 'incr ', request.key, ` ${request.delta}`);
        break;
      case 'login':
        putLogin(sink, `${request.username} ${request.password}`);
        break;
      default:
        sink.putText(keylessLineOf(request));
    }
    return 1;
  }

  decode(input: ReplyInput, request: Request, _opaque: number, reply: Reply): DecodeProgress {
    switch (request.verb) {
      case 'get':
      case 'get-many':
      case 'config-get':
        return this.decodeValues(input, request, reply);
      case 'stats':
        return decodeStat(input, reply);
      default:
        return decodeLine(input, request, reply) ? 'complete' : 'incomplete';
    }
  }

  /** Continues to decode values and their END; the request names the keys from `firstKey` on. */
  decodeValues(
    input: ReplyInput,
    request: ValueRequest,
    reply: Reply,
    firstKey = 0,
  ): DecodeProgress {
    if (this.#nextKey < firstKey) this.#nextKey = firstKey;
    if (this.#valueBytes < 0) {
      const lineEnd = input.lineEnd();
      if (lineEnd < 0) {
        if (this.#hasValue && !reply.ownsBytes) copyValue(reply);
        return 'incomplete';
      }
      if (!this.#takeValueLine(input, lineEnd, request, reply)) return this.#end();
    }
    if (!input.takeValue(this.#valueBytes, reply)) return 'incomplete';
    this.#valueBytes = -1;
    if (request.verb === 'get-many') return 'item';
    this.#hasValue = true;
    return this.decodeValues(input, request, reply, firstKey);
  }

  #end(): DecodeProgress {
    this.#nextKey = 0;
    this.#hasValue = false;
    return 'complete';
  }

  /**
   * Consumes `VALUE <key> <flags> <bytes> [<cas>]`, which starts with CONFIG for a config entry;
   * returns false for the line after the values.
   */
  #takeValueLine(input: ReplyInput, lineEnd: number, request: ValueRequest, reply: Reply): boolean {
    const line = this.#line;
    line.begin(input.bytes, input.at, lineEnd);
    if (!line.takeWord(request.verb === 'config-get' ? 'CONFIG' : 'VALUE')) {
      this.#takeEnd(input, lineEnd, request, reply);
      return false;
    }
    line.takeSpace();
    reply.reset('value');
    reply.index = this.#takeKey(request);
    reply.flags = this.#takeNumber();
    this.#valueBytes = this.#takeNumber();
    if (request.verb === 'config-get') checkConfigBytes(this.#valueBytes);
    if (line.takeSpace()) reply.cas = line.takeBigInt();
    if (!line.isAtEnd) throw unexpectedLine(input.takeLine(lineEnd));
    input.at = lineEnd + CRLF_BYTES;
    return true;
  }

  /** Consumes the key; returns its number. The skipped keys were misses. */
  #takeKey(request: ValueRequest): number {
    const count = request.verb === 'get-many' ? request.keys.length : 1;
    while (this.#nextKey < count) {
      const index = this.#nextKey++;
      const key = request.verb === 'get-many' ? request.keys[index]! : request.key;
      if (this.#line.takeWord(key)) return index;
    }
    throw new MalformedReply('a value of a key that is not in the request');
  }

  /** Consumes ` <number>`, a number of 32 bits. */
  #takeNumber(): number {
    const hasSpace = this.#line.takeSpace();
    const value = this.#line.takeNumber();
    const { digits } = this.#line;
    if (hasSpace && digits > 0 && digits <= NUMBER_DIGITS_MAX) return value;
    throw new MalformedReply('a VALUE line without flags or length');
  }

  #takeEnd(input: ReplyInput, lineEnd: number, request: ValueRequest, reply: Reply): void {
    if (!this.#line.takeWord(END) || !this.#line.isAtEnd) {
      takeErrorLine(input, lineEnd, reply);
      return;
    }
    input.at = lineEnd + CRLF_BYTES;
    if (request.verb === 'get-many') reply.reset('done');
    else if (!this.#hasValue) reply.reset('miss');
  }
}

/** Copies the value, because the caller reuses the piece before the END arrives. */
function copyValue(reply: Reply): void {
  const value = reply.takeBytes();
  reply.setValue(value, 0, value.length, true);
}

function decodeLine(input: ReplyInput, request: Request, reply: Reply): boolean {
  const lineEnd = input.lineEnd();
  if (lineEnd < 0) return false;
  const line = input.bytes.toString('latin1', input.at, lineEnd);
  const status = REPLY_LINES[commandOf(request)]?.[line];
  if (status !== undefined) {
    reply.reset(status);
  } else if (request.verb === 'count' && COUNTER_VALUE.test(line)) {
    reply.reset('value');
    reply.setValue(Buffer.from(line, 'latin1'), 0, line.length, true);
  } else if (expectsVersion(request) && line.startsWith('VERSION ')) {
    reply.reset('line');
    reply.line = line.slice('VERSION '.length);
  } else if (request.verb === 'item-facts' && line.startsWith('ME ')) {
    reply.reset('line');
    reply.line = line;
  } else if (request.verb === 'limit-memory' && line.startsWith('MEMLIMIT_')) {
    reply.refuse(line);
  } else {
    takeErrorLine(input, lineEnd, reply);
    return true;
  }
  input.at = lineEnd + CRLF_BYTES;
  return true;
}

/** Decodes `STAT <name> <value>`, or `END`. */
function decodeStat(input: ReplyInput, reply: Reply): DecodeProgress {
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
    takeErrorLine(input, lineEnd, reply);
  }
  return 'complete';
}

function commandOf(request: Request): string {
  if (request.verb !== 'store') return request.verb;
  return request.cas === undefined ? request.mode : 'cas';
}

function expectsVersion({ verb }: Request): boolean {
  return verb === 'version' || verb === 'noop';
}

function keylessLineOf(request: Request): string {
  if (request.verb === 'flush') return 'flush_all\r\n';
  if (request.verb === 'version' && request.isPadded === true) return PADDED_VERSION;
  if (request.verb === 'limit-memory') return `cache_memlimit ${request.mebibytes}\r\n`;
  if (request.verb === 'item-facts') return factsLine(request.keyBytes);
  if (request.verb !== 'stats') return 'version\r\n';
  return request.topic === undefined ? 'stats\r\n' : `stats ${request.topic}\r\n`;
}

function putLine(sink: ByteSink, word: string, key: string, rest: string): void {
  sink.putText(word);
  putKey(sink, key);
  sink.putText(`${rest}\r\n`);
}

/** Writes a `get` of the keys from `first` on. */
export function putGetLine(sink: ByteSink, keys: readonly string[], first: number): void {
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
  const casField = cas === undefined ? '' : ` ${cas}`;
  const rest = ` ${flags} ${exptime} ${valueBytesOf(value)}${casField}`;
  putLine(sink, `${commandOf(request)} `, key, rest);
  putValue(sink, value);
}

/** Logs in to a memcached with `-Y`: a set of any key with "username password" as its value. */
function putLogin(sink: ByteSink, login: string): void {
  putLine(sink, 'set ', 'auth', ` 0 0 ${Buffer.byteLength(login)}`);
  putValue(sink, login);
}
