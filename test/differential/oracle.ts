import { type OracleMetaRequest, toOracleMetaLine } from './oracle-meta.ts';
import { fitsInt32, readNumber, readStorageLine, wordsOf } from './stream-model.ts';

/**
 * Translates `stream` so that memcached 1.6.18 sends the replies that slabring sends to `stream`.
 * The result is the same bytes, except where known-differences.ts lists a difference. So the tests
 * can compare the replies to those bytes too.
 */
export function toOracleStream(stream: string): string {
  let translated = '';
  for (let at = 0; at < stream.length; ) {
    const newline = stream.indexOf('\n', at);
    if (newline < 0) return translated + stream.slice(at);
    const line = stream.slice(at, newline + 1);
    const { request, dataBytes } = toOracleRequest(line, stream, newline + 1);
    translated += request;
    at = newline + 1 + dataBytes;
  }
  return translated;
}

const LENGTH_WORD = 4;
/** A value of this size is too large for both servers (`-I 1m`). */
const ITEM_BYTES_MAX = 2 ** 20;

/** Translates one line and its data; `dataBytes` is the length of that data in `stream`. */
function toOracleRequest(line: string, stream: string, after: number) {
  const meta = toOracleMetaLine(line);
  if (meta !== undefined)
    return toOracleMetaRequest(meta, stream.slice(after, after + meta.dataBytes));
  const storage = readStorageLine(line);
  if (storage === undefined) return { request: toOracleCommand(line), dataBytes: 0 };
  const dataBytes = storage.dataBytes === undefined ? 0 : storage.dataBytes + 2;
  const { hasRightWordCount, refusal } = storage;
  if (!hasRightWordCount) return { request: line, dataBytes };
  if (refusal !== undefined) return { request: refusedLine(storage.noreply), dataBytes };
  const data = stream.slice(after, after + dataBytes);
  const request = data.length === dataBytes ? line + data : toOracleTruncated(line, dataBytes);
  return { request, dataBytes };
}

function toOracleMetaRequest({ line, dataBytes, withData }: OracleMetaRequest, data: string) {
  if (!withData) return { request: line, dataBytes };
  const request = data.length === dataBytes ? line + data : toOracleTruncated(line, dataBytes, 2);
  return { request, dataBytes };
}

/**
 * Translates a request whose data the stream cuts off. memcached then loses the replies that it has
 * not written yet, so it must not see the request. If the value is too large, slabring refuses it
 * without waiting for the data, so memcached gets the whole request.
 */
function toOracleTruncated(line: string, dataBytes: number, lengthWord = LENGTH_WORD): string {
  if (dataBytes <= ITEM_BYTES_MAX) return '';
  const words = wordsOf(line).with(lengthWord, String(ITEM_BYTES_MAX));
  return `${words.join(' ')}\r\n${'x'.repeat(ITEM_BYTES_MAX)}\r\n`;
}

/** A line without data that both servers refuse with `CLIENT_ERROR bad command line format`. */
const refusedLine = (noreply: boolean): string => `set x x 0 0${noreply ? ' noreply' : ''}\r\n`;

/** The position of a 32-bit number in each command, and whether it may be negative. */
const NUMBER_WORDS: Readonly<Record<string, { readonly word: number; readonly signed: boolean }>> =
  {
    touch: { word: 2, signed: true },
    gat: { word: 1, signed: true },
    gats: { word: 1, signed: true },
    flush_all: { word: 1, signed: true },
    verbosity: { word: 1, signed: false },
  };

function toOracleCommand(line: string): string {
  if (line.includes('\0')) return toOracleNulLine(line);
  const words = wordsOf(line);
  const place = NUMBER_WORDS[words[0] ?? ''];
  const number = place === undefined ? undefined : readNumber(words[place.word]);
  if (place === undefined || number === undefined) return line;
  const fits = place.signed ? fitsInt32(number) : number < 2n ** 32n;
  return fits ? line : `${words.with(place.word, 'x').join(' ')}\r\n`;
}

/**
 * Translates a line with a NUL. slabring checks the name and the exptime of a retrieval first; a
 * control character in the place of the NUL gets the same error from memcached.
 */
function toOracleNulLine(line: string): string {
  const [name = '', second] = wordsOf(line);
  if (!line.trimStart().startsWith('g')) return refusedLine(false);
  const isKnown = /^(get|gets|gat|gats)$/.test(name) && second !== undefined;
  const exptimeIsBad = name.startsWith('gat') && readNumber(second) === undefined;
  return isKnown && !exptimeIsBad ? refusedLine(false) : line.replaceAll('\0', '\x01');
}
