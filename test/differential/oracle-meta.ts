import { DATA_BYTES_MAX, fitsInt32, readNumber, wordsOf } from './stream-model.ts';

/** A meta line for memcached, and the length of the data that follows the original line. */
export interface OracleMetaRequest {
  readonly line: string;
  /** Includes the two bytes of CRLF. */
  readonly dataBytes: number;
  /** Whether memcached also reads the data. */
  readonly withData: boolean;
}

const KEY_BYTES_MAX = 250;
const WORDS_MAX = 19;
const OPAQUE_BYTES_MAX = 32;
const U32_MAX = 2n ** 32n - 1n;
const LENGTH_WORD = 2;

/** Translates a meta line; `undefined` for any other line. */
export function toOracleMetaLine(line: string): OracleMetaRequest | undefined {
  const words = wordsOf(line);
  const [name = '', key = ''] = words;
  if (!/^m[gsda]$/.test(name) || words.length < 2) return undefined;
  const flagsAt = name === 'ms' ? LENGTH_WORD + 1 : LENGTH_WORD;
  const dataBytes = name === 'ms' ? dataBytesOf(words[LENGTH_WORD]) : 0;
  const isRefusedEarly = key.length > KEY_BYTES_MAX || words.length > WORDS_MAX;
  const translated = words.map((word, at) => (at < flagsAt ? word : refuseLargeNumber(word)));
  if (name === 'ms' && dataBytes === 0) translated.splice(LENGTH_WORD, 1, 'x');
  const harmless =
    isOpaqueTooLong(translated) && !isRefusedEarly ? withoutEffect(translated) : translated;
  const isSame = harmless.every((word, at) => word === words[at]);
  return {
    line: isSame ? line : `${harmless.join(' ')}\r\n`,
    dataBytes,
    withData: dataBytes > 0 && !isRefusedEarly,
  };
}

function dataBytesOf(word: string | undefined): number {
  const length = readNumber(word);
  const isKnown = length !== undefined && length >= 0n && length <= DATA_BYTES_MAX;
  return isKnown ? Number(length) + 2 : 0;
}

/** memcached truncates numbers to 32 bits; a larger one becomes a word that both servers refuse. */
function refuseLargeNumber(flag: string): string {
  const number = readNumber(flag.slice(1));
  if (number === undefined) return flag;
  const fits = /^[TNR]/.test(flag) ? fitsInt32(number) : !flag.startsWith('F') || number <= U32_MAX;
  return fits ? flag : `${flag[0]}x`;
}

const isOpaqueTooLong = (words: readonly string[]): boolean =>
  words.some((word, at) => at >= LENGTH_WORD && /^O/.test(word) && word.length > OPAQUE_BYTES_MAX);

/** A request that gets the same error but changes nothing: memcached runs mg and ma first. */
function withoutEffect(words: readonly string[]): readonly string[] {
  const [name, ...rest] = words;
  if (name === 'ma' && !rest.some((word) => /^M./.test(word) && !/^M[I+D-]$/.test(word))) {
    return ['md', ...rest];
  }
  if (name !== 'mg') return words;
  const harmlessFlags = rest.filter((word, at) => at === 0 || !/^[TN][+-]?\d+$|^u$/.test(word));
  return [name, ...harmlessFlags, 'u'];
}
