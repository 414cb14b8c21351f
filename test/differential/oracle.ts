import { forOracleMeta, type MetaAsk } from './oracle-meta.ts';
import { fitsInt32, readNumber, readStorageLine, wordsOf } from './stream-model.ts';

/**
 * What memcached 1.6.18 must be asked so that it answers as we answer `stream`: the same bytes, but where
 * known-differences.ts says that the two part. So even those bytes are compared, in the oracle's own words.
 */
export function forOracle(stream: string): string {
  let asked = '';
  for (let at = 0; at < stream.length; ) {
    const newline = stream.indexOf('\n', at);
    if (newline < 0) return asked + stream.slice(at);
    const line = stream.slice(at, newline + 1);
    const { ask, dataBytes } = forOracleLine(line, stream, newline + 1);
    asked += ask;
    at = newline + 1 + dataBytes;
  }
  return asked;
}

const LENGTH_WORD = 4;
/** A value of this many bytes is too large for both (`-I 1m`). */
const ITEM_BYTES_MAX = 2 ** 20;

/** What to ask for one line, with its data; and how many bytes of data we take after the line. */
function forOracleLine(line: string, stream: string, after: number) {
  const meta = forOracleMeta(line);
  if (meta !== undefined)
    return forOracleMetaLine(meta, stream.slice(after, after + meta.dataBytes));
  const storage = readStorageLine(line);
  if (storage === undefined) return { ask: forOracleCommand(line), dataBytes: 0 };
  const taken = storage.dataBytes === undefined ? 0 : storage.dataBytes + 2;
  const { wordsAreRight, refusal } = storage;
  if (!wordsAreRight) return { ask: line, dataBytes: taken };
  if (refusal !== undefined) return { ask: refusedLine(storage.noreply), dataBytes: taken };
  const data = stream.slice(after, after + taken);
  const ask = data.length === taken ? line + data : forOracleUnfinished(line, taken);
  return { ask, dataBytes: taken };
}

function forOracleMetaLine({ line, dataBytes, withData }: MetaAsk, data: string) {
  if (!withData) return { ask: line, dataBytes };
  const ask = data.length === dataBytes ? line + data : forOracleUnfinished(line, dataBytes, 2);
  return { ask, dataBytes };
}

/**
 * The stream ends before the data does. memcached then loses replies it has not written yet, so it is not told of the
 * request at all; when it is too large it is told in full, for its refusal needs no data with us.
 */
function forOracleUnfinished(line: string, taken: number, lengthWord = LENGTH_WORD): string {
  if (taken <= ITEM_BYTES_MAX) return '';
  const words = wordsOf(line).with(lengthWord, String(ITEM_BYTES_MAX));
  return `${words.join(' ')}\r\n${'x'.repeat(ITEM_BYTES_MAX)}\r\n`;
}

/** A line that both refuse with `CLIENT_ERROR bad command line format`, and that announces no data. */
const refusedLine = (noreply: boolean): string => `set x x 0 0${noreply ? ' noreply' : ''}\r\n`;

/** Where a 32-bit number stands, by command, and whether it may be negative. */
const NUMBER_AT: Readonly<Record<string, { readonly word: number; readonly signed: boolean }>> = {
  touch: { word: 2, signed: true },
  gat: { word: 1, signed: true },
  gats: { word: 1, signed: true },
  flush_all: { word: 1, signed: true },
  verbosity: { word: 1, signed: false },
};

function forOracleCommand(line: string): string {
  if (line.includes('\0')) return forOracleNul(line);
  const words = wordsOf(line);
  const place = NUMBER_AT[words[0] ?? ''];
  const number = place === undefined ? undefined : readNumber(words[place.word]);
  if (place === undefined || number === undefined) return line;
  const fits = place.signed ? fitsInt32(number) : number < 2n ** 32n;
  return fits ? line : `${words.with(place.word, 'x').join(' ')}\r\n`;
}

/** A retrieval is first looked at for its name and its exptime; a NUL is as bad as a control character there. */
function forOracleNul(line: string): string {
  const [name = '', second] = wordsOf(line);
  if (!line.trimStart().startsWith('g')) return refusedLine(false);
  const isKnown = /^(get|gets|gat|gats)$/.test(name) && second !== undefined;
  const exptimeIsBad = name.startsWith('gat') && readNumber(second) === undefined;
  return isKnown && !exptimeIsBad ? refusedLine(false) : line.replaceAll('\0', '\x01');
}
