/** `VALUE <key> <flags> <bytes>[ <cas>]`, at the start of a line that is not data. */
const VALUE_LINE = /VALUE ([^ \n]+) (\d+) (\d+)(?: (\d+))?\r\n/y;
/** `VA <bytes>[ <flags>]`. */
const META_VALUE_LINE = /VA (\d+)(?: [^\n]*)?\r\n/y;
const META_LINE = /^(?:VA \d+|HD|NS|EX|NF|EN)(?= |\r)/;
const VERSION_LINE = /^VERSION [^\r\n]*/;
const DEBUG_LINE = /^ME /;

/** A longer remaining time comes from an absolute time, so it depends on when the script runs. */
const RELATIVE_TTL_MAX = 2_592_000;
/** A script takes less time than this, and scripts use multiples of it as times. */
const ROUNDING_SECONDS = 10;

export interface ReplyOptions {
  /**
   * Decodes keys that a reply shows in base64, because memcached loses the base64 mark of some
   * items (known-differences.ts).
   */
  readonly keysAsBytes?: boolean;
}

/**
 * Normalises the replies of one server. Two servers number CAS ids differently, but must show equal
 * ids in the same replies, so each id gets a name by its first appearance. Times change while a
 * script runs, so they are rounded.
 */
export class ReplyNormaliser {
  readonly #casNames = new Map<string, string>([['0', '0']]);
  readonly #lastCas = new Map<string, string>();
  readonly #keysAsBytes: boolean;

  constructor({ keysAsBytes = false }: ReplyOptions = {}) {
    this.#keysAsBytes = keysAsBytes;
  }

  /** The CAS id that a reply last showed for `key`, or an id that no item has. */
  lastCasOf(key: string): string {
    return this.#lastCas.get(key) ?? '9999999999999';
  }

  /** The reply with named CAS ids, rounded times, and without the version number. */
  normalise(reply: Buffer): string {
    const text = reply.toString('latin1');
    let normalised = '';
    for (let at = 0; at < text.length; ) {
      const part = partAt(text, at);
      normalised += this.#normalLine(part.line) + part.data;
      at += part.line.length + part.data.length;
    }
    return normalised;
  }

  /** The name of a CAS id: the position of its first appearance in the replies of this server. */
  casName(cas: string): string {
    const name = this.#casNames.get(cas) ?? `cas#${this.#casNames.size}`;
    this.#casNames.set(cas, name);
    return name;
  }

  #normalLine(line: string): string {
    VALUE_LINE.lastIndex = 0;
    const value = VALUE_LINE.exec(line);
    if (value !== null) return this.#normalValueLine(line, value[1]!, value[4]);
    if (META_LINE.test(line)) return this.#normalMetaLine(line);
    if (DEBUG_LINE.test(line)) return this.#normalDebugLine(line);
    return line.replace(VERSION_LINE, 'VERSION #');
  }

  #normalValueLine(line: string, key: string, cas: string | undefined): string {
    if (cas === undefined) return line;
    this.#lastCas.set(key, cas);
    return line.replace(` ${cas}\r\n`, ` ${this.casName(cas)}\r\n`);
  }

  #normalMetaLine(line: string): string {
    const tokens = this.#decodeBase64Key(line.replace(/\r\n$/, '').split(' '));
    const key = tokens.find((token) => token.startsWith('k'))?.slice(1);
    const normal = tokens.map((token, at) => {
      if (at === 0 || !/^[ctl]\d+$/.test(token)) return token;
      const number = token.slice(1);
      if (token.startsWith('t')) return `t${roundedTtl(number)}`;
      if (token.startsWith('l')) return `l${roundedAge(number)}`;
      if (key !== undefined) this.#lastCas.set(key, number);
      return `c${this.casName(number)}`;
    });
    return `${normal.join(' ')}\r\n`;
  }

  /** Replaces a token `k…` and the `b` behind it, which marks base64, by the decoded key. */
  #decodeBase64Key(tokens: readonly string[]): readonly string[] {
    const at = tokens.indexOf('b');
    if (!this.#keysAsBytes || at < 1) return tokens;
    const bytes = Buffer.from(tokens[at - 1]!.slice(1), 'base64').toString('latin1');
    return tokens.toSpliced(at - 1, 2, `k${bytes}`);
  }

  /**
   * Hides the facts that differ between stores (size class, item size). memcached 1.6.18 shows the
   * remaining time as a negative number.
   */
  #normalDebugLine(line: string): string {
    return line
      .replace(/^ME \S+/, this.#keysAsBytes ? 'ME #' : '$&')
      .replace(/ exp=-?(\d+)/, (_, ttl: string) => ` exp=${ttl === '1' ? -1 : roundedTtl(ttl)}`)
      .replace(/ la=(\d+)/, (_, seconds: string) => ` la=${roundedAge(seconds)}`)
      .replace(/ (cls|size)=\d+/g, ' $1=#')
      .replace(/ cas=(\d+)/, (_, cas: string) => ` cas=${this.casName(cas)}`);
  }
}

/** Rounds a remaining time up, because two clocks differ: 100, 99 and 91 are equal. */
function roundedTtl(seconds: string): string {
  const ttl = Number(seconds);
  if (ttl > RELATIVE_TTL_MAX) return '#';
  return `<=${Math.ceil(ttl / ROUNDING_SECONDS) * ROUNDING_SECONDS}`;
}

/** Rounds an elapsed time down: 0, 1 and 9 are equal. */
function roundedAge(seconds: string): string {
  return `>=${Math.floor(Number(seconds) / ROUNDING_SECONDS) * ROUNDING_SECONDS}`;
}

/** The line at `at` and its data block. */
function partAt(text: string, at: number): { line: string; data: string } {
  VALUE_LINE.lastIndex = at;
  META_VALUE_LINE.lastIndex = at;
  const value = VALUE_LINE.exec(text);
  const metaValue = value === null ? META_VALUE_LINE.exec(text) : null;
  const lineEnd = endOfLine(text, at);
  const bytes = value?.[3] ?? metaValue?.[1];
  const dataEnd = bytes === undefined ? lineEnd : lineEnd + Number(bytes) + 2;
  return { line: text.slice(at, lineEnd), data: text.slice(lineEnd, dataEnd) };
}

function endOfLine(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline < 0 ? text.length : newline + 1;
}
