import { ODD_NUMBERS, type RequestParts } from './fast-request-parts.ts';

const META_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const USUAL_GET_FLAGS = ['v', 'v', 'f', 'c', 's', 't', 'k', 'q', 'h', 'l', 'O7', 'T50', 'T0'];
const ODD_GET_FLAGS = ['N10', 'R30', 'R0', 'E77', 'b', 'C5', 'T-1', 'T', 'q', 'Ox y', 'v1', 'vv'];
const USUAL_SET_FLAGS = ['c', 'k', 's', 'q', 'T0', 'T60', 'F0', 'F5', 'F4294967295', 'Oab', 'MS'];
const ODD_SET_FLAGS = [
  'I',
  'C1',
  'E99',
  'ME',
  'MA',
  'MP',
  'MR',
  'Ms',
  'MSS',
  'N5',
  'F4294967296',
  'T-1',
  'b',
  'S5',
  'v',
  'T1700000050',
  `O${'o'.repeat(31)}`,
  `O${'o'.repeat(32)}`,
];
const USUAL_DELETE_FLAGS = ['q', 'k', 'O1'];
const ODD_DELETE_FLAGS = ['I', 'x', 'C3', 'T30', 'b', 'E5', 'N3', 'v'];

/** Generates requests of the classic and the meta protocol. */
export class TextRequests {
  /** How many requests it has made; a get counts once for each key. */
  count = 0;
  readonly #parts: RequestParts;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  next(): string {
    this.count++;
    const random = this.#parts.random;
    const request = random.weighted<() => string>([
      [8, () => this.#get()],
      [6, () => this.#storage('set')],
      [0.6, () => this.#storage(random.pick(['add', 'replace', 'append', 'prepend', 'cas']))],
      [6, () => this.#metaGet()],
      [5, () => this.#metaSet()],
      [2, () => this.#line('delete', this.#parts.key(), ...this.#noreply())],
      [2, () => this.#line('touch', this.#parts.key(), this.#parts.exptime(), ...this.#noreply())],
      [
        2,
        () =>
          this.#line('md', this.#parts.key(), ...this.#flags(USUAL_DELETE_FLAGS, ODD_DELETE_FLAGS)),
      ],
      [1.5, () => this.#line('mn')],
      [0.8, () => this.#rareText()],
    ]);
    return request();
  }

  #get(): string {
    const random = this.#parts.random;
    const count = random.weighted([
      [8, 1],
      [4, random.int(1, 12)],
      [0.6, random.int(20, 80)],
      [this.#parts.oddOneIn < 100 ? 0.03 : 0.15, random.int(400, 700)],
    ]);
    if (count <= 80) this.count += count - 1;
    const words = Array.from({ length: count }, () => this.#parts.key());
    return this.#line(random.oneIn(3) ? 'gets' : 'get', ...words);
  }

  #storage(verb: string): string {
    const value = this.#parts.value();
    const length = this.#parts.isOdd
      ? this.#parts.random.pick([value.length + 1, ...ODD_NUMBERS])
      : value.length;
    const words = [
      verb,
      this.#parts.key(),
      this.#parts.clientFlags(),
      this.#parts.exptime(),
      `${length}`,
    ];
    const unique = verb === 'cas' ? [`${this.#parts.random.int(1, 50)}`] : [];
    return this.#line(...words, ...unique, ...this.#noreply()) + value + this.#parts.lineEnd();
  }

  #metaGet(): string {
    return this.#line('mg', this.#parts.key(), ...this.#flags(USUAL_GET_FLAGS, ODD_GET_FLAGS));
  }

  #metaSet(): string {
    const value = this.#parts.value();
    const length = this.#parts.isOdd
      ? this.#parts.random.pick([value.length + 2, ...ODD_NUMBERS])
      : value.length;
    const flags = this.#flags(USUAL_SET_FLAGS, ODD_SET_FLAGS);
    return (
      this.#line('ms', this.#parts.key(), `${length}`, ...flags) + value + this.#parts.lineEnd()
    );
  }

  /** Each flag once, unless the request is odd. */
  #flags(usual: readonly string[], odd: readonly string[]): readonly string[] {
    const random = this.#parts.random;
    const flags = usual.filter(() => random.oneIn(usual.length > 4 ? 4 : 3));
    const isTwice = (flag: string, at: number): boolean =>
      flags.findIndex((each) => each[0] === flag[0]) < at;
    const chosen = this.#parts.isOdd ? flags : flags.filter((flag, at) => !isTwice(flag, at));
    if (this.#parts.isOdd) chosen.push(random.pick(odd));
    if (this.#parts.isOdd)
      chosen.push(random.pick([...META_LETTERS]) + random.pick(['', '1', 'x']));
    const many = random.oneIn(4 * this.#parts.oddOneIn) ? [...META_LETTERS].slice(0, 20) : [];
    return [...chosen.toSorted(() => random.fraction() - 0.5), ...many];
  }

  #rareText(): string {
    const random = this.#parts.random;
    const key = this.#parts.key();
    const base64 = Buffer.from(key, 'latin1').toString('base64');
    return random.pick([
      () => this.#line(random.pick(['incr', 'decr']), key, `${random.int(0, 30)}`),
      () => this.#line(random.pick(['gat', 'gats']), this.#parts.exptime(), key, this.#parts.key()),
      () => this.#line('ma', key, ...this.#flags(['v', 'N5', 'D2', 'q'], ODD_GET_FLAGS)),
      () => this.#line('me', key),
      () => `ms ${base64} 2 b\r\nhi\r\n`,
      () => `mg ${base64} b v k\r\nmg ${key} k v\r\n`,
      () => `ms ${key} 3 I\r\nnew\r\nmg ${key} v t\r\nmg ${key} v\r\n`,
      () => `md ${key} I T30\r\nmg ${key} v c\r\nmg ${key} v\r\n`,
      () => `mg ${key} N30 v\r\nmg ${key} v\r\n`,
      () => `ms ${key} 2 E${random.int(1, 1e9)}\r\nhi\r\nms ${key} 2 c\r\nho\r\ngets ${key}\r\n`,
      () => `set ${key} 0 0 2\r\n15\r\n`,
      () =>
        random.pick(['version\r\n', 'verbosity 1\r\n', 'bogus\r\n', '\r\n', 'GET a\r\n', 'm\r\n']),
      () => (random.oneIn(6) ? random.pick(['flush_all\r\n', 'flush_all 3\r\n']) : 'mn\r\n'),
      () => (random.oneIn(6) ? 'stats reset\r\n' : 'stats items\r\n'),
      () => (random.oneIn(6) ? 'quit\r\n' : `get ${key}\r\n`),
    ])();
  }

  #line(...words: readonly string[]): string {
    const line = words.map((word, at) => (at === 0 ? word : this.#parts.blank() + word)).join('');
    return line + this.#parts.lineEnd();
  }

  #noreply(): readonly string[] {
    if (this.#parts.isOdd)
      return [this.#parts.random.pick(['noreply ', 'NOREPLY', 'norepl', '0', 'noreply0'])];
    return this.#parts.random.oneIn(8) ? ['noreply'] : [];
  }
}
