/** `VALUE <key> <flags> <bytes>[ <cas>]`, at the start of a line outside data. */
const VALUE_LINE = /VALUE ([^ \n]+) (\d+) (\d+)(?: (\d+))?\r\n/y;
/** `VA <bytes>[ <flags>]`. */
const META_VALUE_LINE = /VA (\d+)(?: [^\n]*)?\r\n/y;
const META_LINE = /^(?:VA \d+|HD|NS|EX|NF|EN)(?= |\r)/;
const VERSION_LINE = /^VERSION [^\r\n]*/;
const DEBUG_LINE = /^ME /;

/**
 * What one server's replies have shown so far. Two servers number CAS ids differently; what must agree is which
 * replies show the same id, so ids are renamed by first appearance. Times tick, so they are only known to be there.
 */
export class ReplyReader {
  readonly #names = new Map<string, string>([['0', '0']]);
  readonly #lastSeen = new Map<string, string>();

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
    const tokens = line.replace(/\r\n$/, '').split(' ');
    const key = tokens.find((token) => token.startsWith('k'))?.slice(1);
    const normal = tokens.map((token, at) => {
      if (at === 0 || !/^[ctl]\d+$/.test(token)) return token;
      if (!token.startsWith('c')) return `${token[0]}#`;
      const cas = token.slice(1);
      if (key !== undefined) this.#lastSeen.set(key, cas);
      return `c${this.nameOf(cas)}`;
    });
    return `${normal.join(' ')}\r\n`;
  }

  /** Of the store's own business only that it is shown. */
  #normalDebugLine(line: string): string {
    return line
      .replace(/ exp=-?(?!1 )\d+/, ' exp=#')
      .replace(/ (la|cls|size)=\d+/g, ' $1=#')
      .replace(/ cas=(\d+)/, (_, cas: string) => ` cas=${this.nameOf(cas)}`);
  }
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
