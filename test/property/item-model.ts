import type { Random } from '../support/random.ts';

/** What a key holds, as far as a client can tell. */
export interface Entry {
  readonly value: string;
  readonly flags: number;
  /** On the store's clock; 0 is never. */
  readonly expiry: number;
}

/** What a request does to one key: the reply, and what the key holds afterwards. */
export interface Effect {
  readonly reply: string;
  readonly after: Entry | undefined;
}

export type Effects = (before: Entry | undefined) => Effect;

/** One request about one key, and what it must come to. */
export interface ModelRequest {
  readonly text: string;
  readonly effects: Effects;
  /** What may come of it instead when there is no memory. */
  readonly starved: readonly Effects[];
}

/** A request for `key` when the store's clock says `now`. */
export function randomRequest(random: Random, key: string, now: number): ModelRequest {
  const kind = random.int(0, 15);
  const exptime = random.pick([0, 0, 0, 0, 0, 0, 1, 2, 5, 40, 40, -1]);
  const expiry = exptime === 0 ? 0 : exptime < 0 ? 1 : now + exptime;
  if (kind < 6) return storing(random, key, exptime, expiry, kind);
  if (kind < 8) return { ...unstarved, text: `delete ${key}\r\n`, effects: deleted };
  if (kind < 10) return counting(key, random.int(0, 30), random.oneIn(2));
  if (kind === 10) {
    const effects = touched(expiry);
    return { ...unstarved, text: `touch ${key} ${exptime}\r\n`, effects };
  }
  return { ...unstarved, text: `get ${key}\r\n`, effects: fetched(key) };
}

const stays = (reply: string, after: Entry | undefined): Effect => ({ reply, after });
const unstarved = { starved: [] };

function storing(
  random: Random,
  key: string,
  exptime: number,
  expiry: number,
  kind: number,
): ModelRequest {
  const value = randomValue(random, kind === 4 || kind === 5);
  const flags = random.pick([0, 0, 1, 4_294_967_295]);
  const fresh = expiry === 1 ? undefined : { value, flags, expiry };
  const word = random.pick(WORDS[kind]!);
  const text = `${word} ${key} ${flags} ${exptime} ${value.length}\r\n${value}\r\n`;
  // What cannot be set leaves nothing of the old value either (memcached).
  const refused: Effects = (e) =>
    stays('SERVER_ERROR out of memory storing object\r\n', word === 'set' ? undefined : e);
  const unjoined: Effects = (e) => stays('NOT_STORED\r\n', e);
  const effects: Readonly<Record<Word, Effects>> = {
    set: () => stays('STORED\r\n', fresh),
    add: (e) => (e === undefined ? stays('STORED\r\n', fresh) : stays('NOT_STORED\r\n', e)),
    replace: (e) => (e === undefined ? stays('NOT_STORED\r\n', e) : stays('STORED\r\n', fresh)),
    append: joined((e) => e.value + value),
    prepend: joined((e) => value + e.value),
  };
  return { text, effects: effects[word], starved: [refused, unjoined] };
}

type Word = 'set' | 'add' | 'replace' | 'append' | 'prepend';
const WORDS: readonly (readonly Word[])[] = [
  ['set'],
  ['set'],
  ['set'],
  ['add', 'replace'],
  ['append'],
  ['prepend'],
];

/** Many sizes, so that many classes compete; often a number. */
function randomValue(random: Random, isShort: boolean): string {
  const kind = random.int(0, 199);
  if (kind < 80) return String(random.int(0, 100));
  const longest = kind < 160 ? 300 : kind < 195 || isShort ? 2000 : kind < 199 ? 9000 : 60_000;
  return String.fromCharCode(random.int(97, 122)).repeat(random.int(0, longest));
}

const deleted: Effects = (e) => stays(e === undefined ? 'NOT_FOUND\r\n' : 'DELETED\r\n', undefined);

function fetched(key: string): Effects {
  return (e) => {
    if (e === undefined) return stays('END\r\n', e);
    return stays(`VALUE ${key} ${e.flags} ${e.value.length}\r\n${e.value}\r\nEND\r\n`, e);
  };
}

function touched(expiry: number): Effects {
  return (e) => {
    if (e === undefined) return stays('NOT_FOUND\r\n', e);
    return stays('TOUCHED\r\n', expiry === 1 ? undefined : { ...e, expiry });
  };
}

function joined(join: (entry: Entry) => string): Effects {
  return (entry) => {
    if (entry === undefined) return stays('NOT_STORED\r\n', entry);
    return stays('STORED\r\n', { ...entry, value: join(entry) });
  };
}

function counting(key: string, delta: number, up: boolean): ModelRequest {
  return {
    text: `${up ? 'incr' : 'decr'} ${key} ${delta}\r\n`,
    effects: counted(up ? delta : -delta),
    starved: [(entry) => stays('SERVER_ERROR out of memory\r\n', entry)],
  };
}

function counted(delta: number): Effects {
  return (entry) => {
    if (entry === undefined) return stays('NOT_FOUND\r\n', entry);
    const digits = /^ *(\d+)(?: .*)?$/s.exec(entry.value)?.[1];
    if (digits === undefined || BigInt(digits) >= 2n ** 64n || entry.value.length > 4096) {
      const reply = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
      return stays(reply, entry);
    }
    const sum = BigInt(digits) + BigInt(delta);
    const result = String(sum < 0n ? 0n : BigInt.asUintN(64, sum));
    return stays(`${result}\r\n`, { ...entry, value: result.padEnd(entry.value.length) });
  };
}
