/**
 * How memcached splits a stream of requests into lines and data. It models only what the
 * translation for the oracle needs.
 */
export interface StorageLine {
  readonly noreply: boolean;
  /** A line with too few or too many words gets the reply `ERROR`. */
  readonly hasRightWordCount: boolean;
  /** Why slabring refuses the line, if it does. */
  readonly refusal?: 'key' | 'number' | 'number does not fit' | 'length' | 'NUL';
  /** Bytes of data that the line announces, without CRLF; absent if the length is not readable. */
  readonly dataBytes?: number;
}

const STORAGE = new Set(['set', 'add', 'replace', 'append', 'prepend', 'cas']);
const KEY_BYTES_MAX = 250;
/** The longest data block that a line may announce. */
export const DATA_BYTES_MAX = 2n ** 31n - 3n;
const U32_MAX = 2n ** 32n - 1n;
const U64_MAX = 2n ** 64n - 1n;
/** A number as strtol reads it: white space may precede it, white space and anything may follow. */
const NUMBER = /^[\t-\r ]*([+-]?\d+)(?:[\t-\r ].*)?$/s;

/** The words of a line; blanks separate them. */
export const wordsOf = (line: string): string[] =>
  line
    .replace(/\r?\n$/, '')
    .split(' ')
    .filter((word) => word !== '');

export function readNumber(word: string | undefined): bigint | undefined {
  const digits = NUMBER.exec(word ?? '')?.[1];
  return digits === undefined ? undefined : BigInt(digits.replace('+', ''));
}

export const fitsInt32 = (value: bigint): boolean => value >= -(2n ** 31n) && value < 2n ** 31n;

/** Reads a storage line; `undefined` for other lines and for one without a length. */
export function readStorageLine(line: string): StorageLine | undefined {
  const words = wordsOf(line);
  const [name = '', , , , length] = words;
  if (!STORAGE.has(name) || length === undefined) return undefined;
  const wordCount = name === 'cas' ? 6 : 5;
  const wordsAreRight = words.length === wordCount || words.length === wordCount + 1;
  const noreply = wordsAreRight && words.at(-1) === 'noreply';
  const announced = readNumber(length);
  if (announced === undefined || announced < 0n || announced > DATA_BYTES_MAX) {
    const isTruncated = announced !== undefined && !fitsInt32(announced);
    return {
      noreply,
      hasRightWordCount: wordsAreRight,
      refusal: isTruncated ? 'number does not fit' : 'length',
    };
  }
  const refusal = refusalOf(line, words);
  const dataBytes = Number(announced);
  return {
    noreply,
    hasRightWordCount: wordsAreRight,
    dataBytes,
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function refusalOf(line: string, words: readonly string[]): StorageLine['refusal'] {
  const [name, key = '', flagsWord, exptimeWord, , casWord] = words;
  const [flags, exptime] = [readNumber(flagsWord), readNumber(exptimeWord)];
  const cas = name === 'cas' ? readNumber(casWord) : 0n;
  if (line.includes('\0')) return 'NUL';
  if (key.length > KEY_BYTES_MAX) return 'key';
  if (flags === undefined || flags < 0n || exptime === undefined) return 'number';
  if (cas === undefined || cas < 0n || cas > U64_MAX) return 'number';
  return flags > U32_MAX || !fitsInt32(exptime) ? 'number does not fit' : undefined;
}
