/** `VALUE <key> <flags> <bytes>[ <cas>]`, at the start of a line outside data. */
const VALUE_LINE = /VALUE ([^ \n]+) (\d+) (\d+)(?: (\d+))?\r\n/y;
/** `VA <bytes>[ <flags>]`. */
const META_VALUE_LINE = /VA (\d+)(?: [^\n]*)?\r\n/y;
const META_LINE = /^(?:VA \d+|HD|NS|EX|NF|EN)(?= |\r)/;
const VERSION_LINE = /^VERSION [^\r\n]*/;
const DEBUG_LINE = /^ME /;

/** Beyond this many seconds left, a time was given as a date: how far it is off depends on the second. */
const TTL_SECONDS_MAX = 2_592_000;
/** A script takes less than this, and scripts give times in multiples of it. */
const SECONDS_ROUNDED = 10;

export interface ReplyOptions {
  /**
   * Shows keys that a reply has in base64 as their bytes. memcached forgets of some items that their key is binary
   * (known-differences.ts).
   */
  readonly keysAsBytes?: boolean;
}

/**
 * What one server's replies have shown so far. Two servers number CAS ids differently; what must agree is which
 * replies show the same id, so ids are renamed by first appearance. Times tick, so they are rounded.
 */
export class ReplyReader {
  readonly #names = new Map<string, string>([['0', '0']]);
  readonly #lastSeen = new Map<string, string>();
  readonly #keysAsBytes: boolean;

  constructor({ keysAsBytes = false }: ReplyOptions = {}) {
    this.#keysAsBytes = keysAsBytes;
  }

  /** The CAS id last shown for `key`; one that no item has when none was shown. */
  casOf(key: string): string {
    return this.#lastSeen.get(key) ?? '9999999999999';
  }

  /** The reply with CAS ids renamed and the version's number left out. */
  normalise(reply: Buffer): string {
    const text = reply.toString('latin1');
    let normal = '';
    for (let at = 0; at < text.length; ) {
      const part = partAt(text, at);
      normal += this.#normalLine(part.line) + part.data;
      at += part.line.length + part.data.length;
    }
    return normal;
  }

  /** The name of a CAS id, by which server's reply it appeared in first. */
  nameOf(cas: string): string {
    const name = this.#names.get(cas) ?? `cas#${this.#names.size}`;
    this.#names.set(cas, name);
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
    this.#lastSeen.set(key, cas);
    return line.replace(` ${cas}\r\n`, ` ${this.nameOf(cas)}\r\n`);
  }

  #normalMetaLine(line: string): string {
    const tokens = this.#withKeysAsWanted(line.replace(/\r\n$/, '').split(' '));
    const key = tokens.find((token) => token.startsWith('k'))?.slice(1);
    const normal = tokens.map((token, at) => {
      if (at === 0 || !/^[ctl]\d+$/.test(token)) return token;
      const number = token.slice(1);
      if (token.startsWith('t')) return `t${roundedTtl(number)}`;
      if (token.startsWith('l')) return `l${roundedAge(number)}`;
      if (key !== undefined) this.#lastSeen.set(key, number);
      return `c${this.nameOf(number)}`;
    });
    return `${normal.join(' ')}\r\n`;
  }

  /** A token `k…`, and the `b` behind it that says it is in base64. */
  #withKeysAsWanted(tokens: readonly string[]): readonly string[] {
    const at = tokens.indexOf('b');
    if (!this.#keysAsBytes || at < 1) return tokens;
    const bytes = Buffer.from(tokens[at - 1]!.slice(1), 'base64').toString('latin1');
    return tokens.toSpliced(at - 1, 2, `k${bytes}`);
  }

  /** Of the store's own business only that it is shown; memcached 1.6.18 shows the time left as a negative number. */
  #normalDebugLine(line: string): string {
    return line
      .replace(/^ME \S+/, this.#keysAsBytes ? 'ME #' : '$&')
      .replace(/ exp=-?(\d+)/, (_, ttl: string) => ` exp=${ttl === '1' ? -1 : roundedTtl(ttl)}`)
      .replace(/ la=(\d+)/, (_, seconds: string) => ` la=${roundedAge(seconds)}`)
      .replace(/ (cls|size)=\d+/g, ' $1=#')
      .replace(/ cas=(\d+)/, (_, cas: string) => ` cas=${this.nameOf(cas)}`);
  }
}

/** Time left, as both servers' clocks see it: the same for 100, 99 and 91. */
function roundedTtl(seconds: string): string {
  const ttl = Number(seconds);
  if (ttl > TTL_SECONDS_MAX) return '#';
  return `<=${Math.ceil(ttl / SECONDS_ROUNDED) * SECONDS_ROUNDED}`;
}

/** Time gone by: the same for 0, 1 and 9. */
function roundedAge(seconds: string): string {
  return `>=${Math.floor(Number(seconds) / SECONDS_ROUNDED) * SECONDS_ROUNDED}`;
}

/** The line at `at`, and the data block that belongs to it. */
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
