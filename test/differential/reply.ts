/** `VALUE <key> <flags> <bytes>[ <cas>]`, at the start of a line outside data. */
const VALUE_LINE = /VALUE ([^ \n]+) (\d+) (\d+)(?: (\d+))?\r\n/y;
const VERSION_LINE = /^VERSION [^\r\n]*/;

/**
 * What one server's replies have shown so far. Two servers number CAS ids differently; what must agree is which
 * replies show the same id, so ids are renamed by first appearance.
 */
export class ReplyReader {
  readonly #names = new Map<string, string>();
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
      VALUE_LINE.lastIndex = at;
      const value = VALUE_LINE.exec(text);
      const end = value === null ? lineEnd(text, at) : at + value[0].length + Number(value[3]) + 2;
      normal += this.#normalPart(text.slice(at, end), value);
      at = end;
    }
    return normal;
  }

  #normalPart(part: string, value: RegExpExecArray | null): string {
    const [head = '', key = '', , , cas] = value ?? [];
    if (cas === undefined) return part.replace(VERSION_LINE, 'VERSION #');
    this.#lastSeen.set(key, cas);
    const name = this.#names.get(cas) ?? `cas#${this.#names.size + 1}`;
    this.#names.set(cas, name);
    return head.replace(` ${cas}\r\n`, ` ${name}\r\n`) + part.slice(head.length);
  }
}

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline < 0 ? text.length : newline + 1;
}
