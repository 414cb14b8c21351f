import type { Random } from '../support/random.ts';

const FEW_KEYS = [
  'a',
  'ab',
  'abc',
  'key4',
  'k5:ab',
  'seven:7',
  'eight:08',
  'fifteen:bytes-1',
  'sixteen:bytes-16',
  'seventeen:bytes-7',
  'a-key-of-some-forty-bytes-in-all-0000001',
  'k'.repeat(100),
  `${'k'.repeat(99)}x`,
  'x'.repeat(249),
  'y'.repeat(250),
  'a\u007fb',
  'h\u00f6h\u00e9',
  'AmazonElastiCache:clusteR',
] as const;
const ODD_KEYS = [
  'z'.repeat(251),
  'AmazonElastiCache:cluster',
  'a\u0001b',
  'a\tb',
  'a\0b',
  '',
  'a\rb',
  '  a',
] as const;
/** Keys of this number are seldom used twice, so that items are evicted. */
const MANY_KEYS = 20_000;

const EXPTIMES = [
  '0',
  '0',
  '0',
  '0',
  '100',
  '5',
  '1',
  '-1',
  '2592000',
  '2592001',
  '1700000100',
  '2147483647',
] as const;
export const ODD_NUMBERS = [
  '2147483648',
  '4294967296',
  '-2',
  '+5',
  '007',
  '0000000001',
  '00000000001',
  '12345678901',
  '99999999999999999999',
  'x',
  '1x',
  '',
] as const;
export const CLIENT_FLAGS = ['0', '0', '0', '1', '9', '65536', '4294967295'] as const;
/** How large the values of a run become. */
export interface ValueSizes {
  /** Values longer than some 8 KB are chained where `slab_chunk_max` is 8 KiB. */
  readonly largeOneIn: number;
}

/** Chooses the parts of requests: mostly usual ones. */
export class RequestParts {
  readonly random: Random;
  /** One in so many parts of a request is odd. */
  oddOneIn = 20;
  readonly #sizes: ValueSizes;

  constructor(random: Random, sizes: ValueSizes) {
    this.random = random;
    this.#sizes = sizes;
  }

  get isOdd(): boolean {
    return this.random.oneIn(this.oddOneIn);
  }

  key(): string {
    const random = this.random;
    if (this.isOdd) return random.pick(ODD_KEYS);
    if (random.oneIn(3)) return `k${random.int(0, MANY_KEYS)}`;
    return random.oneIn(2) ? random.pick(FEW_KEYS) : random.pick(['a', 'ab', 'abc', 'key4']);
  }

  value(): string {
    const random = this.random;
    if (random.oneIn(this.#sizes.largeOneIn)) return 'L'.repeat(random.int(8000, 60_000));
    const bytes = random.weighted([
      [4, random.int(0, 20)],
      [3, random.int(0, 200)],
      [2, 100],
      [0.6, random.int(0, 6000)],
    ]);
    return String.fromCharCode(random.int(97, 122)).repeat(bytes);
  }

  blank(): string {
    return this.isOdd ? this.random.pick(['  ', '\t', ' \t ', '']) : ' ';
  }

  lineEnd(): string {
    return this.isOdd ? this.random.pick(['\n', ' \r\n', '\r\r\n', '\r', '\n\r\n']) : '\r\n';
  }

  exptime(): string {
    return this.random.pick(this.isOdd ? ODD_NUMBERS : EXPTIMES);
  }

  clientFlags(): string {
    return this.random.pick(this.isOdd ? ODD_NUMBERS : CLIENT_FLAGS);
  }
}
