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

/** What to ask for one line, with its data; and how many bytes of data we take after the line. */
function forOracleLine(line: string, stream: string, after: number) {
  const storage = readStorageLine(line);
  if (storage === undefined) return { ask: forOracleCommand(line), dataBytes: 0 };
  const taken = storage.dataBytes === undefined ? 0 : storage.dataBytes + 2;
  const { wordsAreRight, refusal } = storage;
  if (!wordsAreRight) return { ask: line, dataBytes: taken };
  if (refusal === undefined)
    return { ask: line + stream.slice(after, after + taken), dataBytes: taken };
  return { ask: refusedLine(storage.noreply), dataBytes: taken };
}

/** A line that both refuse with `CLIENT_ERROR bad command line format`, and that announces no data. */
const refusedLine = (noreply: boolean): string => `set x x 0 0${noreply ? ' noreply' : ''}\r\n`;

/** Where the exptime stands, by command. */
const EXPTIME_WORD: Readonly<Record<string, number>> = { touch: 2, gat: 1, gats: 1, flush_all: 1 };

function forOracleCommand(line: string): string {
  if (line.includes('\0')) return refusedLine(false);
  const words = wordsOf(line);
  const place = EXPTIME_WORD[words[0] ?? ''];
  const exptime = place === undefined ? undefined : readNumber(words[place]);
  if (place === undefined || exptime === undefined || fitsInt32(exptime)) return line;
  return `${words.with(place, 'x').join(' ')}\r\n`;
}
