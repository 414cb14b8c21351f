import { DATA_BYTES_MAX, fitsInt32, readNumber, wordsOf } from './stream-model.ts';

/** What to ask memcached for a meta line, and how many bytes of data we take after it. */
export interface MetaAsk {
  readonly line: string;
  /** With the two bytes that end it. */
  readonly dataBytes: number;
  /** Whether memcached takes the data too. */
  readonly withData: boolean;
}

const KEY_BYTES_MAX = 250;
const WORDS_MAX = 19;
const OPAQUE_BYTES_MAX = 32;
const U32_MAX = 2n ** 32n - 1n;
const LENGTH_WORD = 2;

/** `undefined` when it is no meta line. */
export function forOracleMeta(line: string): MetaAsk | undefined {
  const words = wordsOf(line);
  const [name = '', key = ''] = words;
  if (!/^m[gsda]$/.test(name) || words.length < 2) return undefined;
  const flagsAt = name === 'ms' ? LENGTH_WORD + 1 : LENGTH_WORD;
  const dataBytes = name === 'ms' ? dataBytesOf(words[LENGTH_WORD]) : 0;
  const isRefusedEarly = key.length > KEY_BYTES_MAX || words.length > WORDS_MAX;
  const asked = words.map((word, at) => (at < flagsAt ? word : fittingFlag(word)));
  if (name === 'ms' && dataBytes === 0) asked.splice(LENGTH_WORD, 1, 'x');
  const withoutDeed = isOpaqueTooLong(asked) && !isRefusedEarly ? undone(asked) : asked;
  const isSame = withoutDeed.every((word, at) => word === words[at]);
  return {
    line: isSame ? line : `${withoutDeed.join(' ')}\r\n`,
    dataBytes,
    withData: dataBytes > 0 && !isRefusedEarly,
  };
}

function dataBytesOf(word: string | undefined): number {
  const length = readNumber(word);
  const isKnown = length !== undefined && length >= 0n && length <= DATA_BYTES_MAX;
  return isKnown ? Number(length) + 2 : 0;
}

/** memcached cuts numbers to 32 bits: what does not fit is asked for as no number, which both refuse. */
function fittingFlag(flag: string): string {
  const number = readNumber(flag.slice(1));
  if (number === undefined) return flag;
  const fits = /^[TNR]/.test(flag) ? fitsInt32(number) : !flag.startsWith('F') || number <= U32_MAX;
  return fits ? flag : `${flag[0]}x`;
}

const isOpaqueTooLong = (words: readonly string[]): boolean =>
  words.some((word, at) => at >= LENGTH_WORD && /^O/.test(word) && word.length > OPAQUE_BYTES_MAX);

/** The same refusal, of a request that changes nothing before it is refused: memcached's mg and ma do. */
function undone(words: readonly string[]): readonly string[] {
  const [name, ...rest] = words;
  if (name === 'ma' && !rest.some((word) => /^M./.test(word) && !/^M[I+D-]$/.test(word))) {
    return ['md', ...rest];
  }
  if (name !== 'mg') return words;
  const idle = rest.filter((word, at) => at === 0 || !/^[TN][+-]?\d+$|^u$/.test(word));
  return [name, ...idle, 'u'];
}
