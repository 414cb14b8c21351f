/** Encodes the requests of the meta protocol. */
import type { ByteSink } from '../../base/index.ts';
import type {
  ConfigGetRequest,
  CountRequest,
  DeleteRequest,
  FetchRequest,
  FlushRequest,
  GetManyRequest,
  ItemFactsRequest,
  LimitMemoryRequest,
  LoginRequest,
  Request,
  StatsRequest,
  StoreMode,
  StoreRequest,
  VersionRequest,
} from '../client/request.ts';
import { valueBytesOf } from '../client/value-bytes.ts';
import { putGetLine } from './classic-client.ts';
import { LINE_BYTES_MAX, putKey, putValue } from './client-lines.ts';

const constant = (text: string): Buffer => Buffer.from(text, 'latin1');
const MG = constant('mg ');
const MS = constant('ms ');
const MD = constant('md ');
const MA = constant('ma ');
const OPAQUE = constant(' O');
const VALUE_AND_FLAGS = constant(' f v\r\n');
const VALUE_FLAGS_AND_CAS = constant(' c f v\r\n');
const NOOP = constant('mn\r\n');
const CRLF = constant('\r\n');
const MODES: Readonly<Record<StoreMode, string>> = {
  set: '',
  add: ' ME',
  replace: ' MR',
  append: ' MA',
  prepend: ' MP',
};

/** A request that has no meta command; the client sends it in classic text. */
type ClassicRequest =
  | FlushRequest
  | StatsRequest
  | ConfigGetRequest
  | VersionRequest
  | LimitMemoryRequest
  | ItemFactsRequest
  | LoginRequest;

export function usesClassicText(request: Request): request is ClassicRequest {
  switch (request.verb) {
    case 'flush':
    case 'stats':
    case 'config-get':
    case 'version':
    case 'limit-memory':
    case 'item-facts':
    case 'login':
      return true;
    default:
      return false;
  }
}

/** Writes the request; returns how many numbers it uses, from `opaque` on. */
export function putRequest(
  sink: ByteSink,
  request: Exclude<Request, ClassicRequest>,
  opaque: number,
): number {
  sink.ensure(LINE_BYTES_MAX);
  switch (request.verb) {
    case 'get':
      putGet(sink, request.key, opaque, request.cas ? VALUE_FLAGS_AND_CAS : VALUE_AND_FLAGS);
      break;
    case 'get-many':
      putGetMany(sink, request, opaque);
      break;
    case 'fetch':
      putFetch(sink, request, opaque);
      break;
    case 'store':
      putStore(sink, request, opaque);
      break;
    case 'delete':
      putDelete(sink, request, opaque);
      break;
    case 'touch':
      putHead(sink, MG, request.key, opaque);
      sink.putText(` T${request.exptime}\r\n`);
      break;
    case 'count':
      putCount(sink, request, opaque);
      break;
    case 'noop':
      sink.putConstant(NOOP);
  }
  return 1;
}

function putHead(sink: ByteSink, word: Buffer, key: string, opaque: number): void {
  sink.putConstant(word);
  putKey(sink, key);
  sink.putConstant(OPAQUE);
  sink.putDecimal(opaque);
}

function putGet(sink: ByteSink, key: string, opaque: number, flags: Buffer): void {
  putHead(sink, MG, key, opaque);
  sink.putConstant(flags);
}

/** Writes an `mg` with the opaque for the first key, and one `get` for the others. */
function putGetMany(sink: ByteSink, { keys }: GetManyRequest, opaque: number): void {
  putGet(sink, keys[0]!, opaque, VALUE_AND_FLAGS);
  if (keys.length > 1) putGetLine(sink, keys, 1);
}

function putFetch(sink: ByteSink, { key, metaFlags }: FetchRequest, opaque: number): void {
  putHead(sink, MG, key, opaque);
  let flags = ' c f h l s t';
  if (metaFlags.withoutValue !== true) flags += ' v';
  if (metaFlags.skipLruUpdate === true) flags += ' u';
  if (metaFlags.vivifyExptime !== undefined) flags += ` N${metaFlags.vivifyExptime}`;
  if (metaFlags.recacheSeconds !== undefined) flags += ` R${metaFlags.recacheSeconds}`;
  if (metaFlags.touchExptime !== undefined) flags += ` T${metaFlags.touchExptime}`;
  sink.putText(`${flags}\r\n`);
}

function putStore(sink: ByteSink, request: StoreRequest, opaque: number): void {
  const { key, value, flags, exptime, cas, mode } = request;
  sink.putConstant(MS);
  putKey(sink, key);
  sink.putByte(0x20);
  sink.putDecimal(valueBytesOf(value));
  sink.putConstant(OPAQUE);
  sink.putDecimal(opaque);
  if (flags !== 0) putNumber(sink, 'F', flags);
  if (exptime !== 0) putNumber(sink, 'T', exptime);
  if (mode !== 'set') sink.putText(MODES[mode]);
  if (cas !== undefined) sink.putText(` C${cas}`);
  sink.putConstant(CRLF);
  putValue(sink, value);
}

function putNumber(sink: ByteSink, flag: string, value: number): void {
  sink.putByte(0x20);
  sink.putByte(flag.charCodeAt(0));
  sink.putDecimal(value);
}

function putDelete(sink: ByteSink, request: DeleteRequest, opaque: number): void {
  putHead(sink, MD, request.key, opaque);
  if (request.cas !== undefined) sink.putText(` C${request.cas}`);
  const { staleExptime } = request;
  if (staleExptime !== undefined) {
    sink.putText(staleExptime === 'kept' ? ' I' : ` I T${staleExptime}`);
  }
  sink.putConstant(CRLF);
}

function putCount(
  sink: ByteSink,
  { key, delta, isDecrement, initial }: CountRequest,
  opaque: number,
): void {
  putHead(sink, MA, key, opaque);
  const vivify = initial === undefined ? '' : ` N${initial.exptime} J${initial.value}`;
  sink.putText(` v D${delta}${isDecrement ? ' MD' : ''}${vivify}\r\n`);
}
