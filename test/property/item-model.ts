import type { Random } from '../support/random.ts';

/** The item of a key, as a client sees it. */
export interface ModelItem {
  readonly value: string;
  readonly flags: number;
  /** On the store's clock; 0 is never. */
  readonly expiry: number;
}

/** The effect of a request on one key: the reply, and the item afterwards. */
export interface Effect {
  readonly reply: string;
  readonly after: ModelItem | undefined;
}

export type Effects = (before: ModelItem | undefined) => Effect;

/** A request for one key, and its expected effect. */
export interface ModelRequest {
  readonly text: string;
  readonly effects: Effects;
  /** The possible effects when there is no memory. */
  readonly outOfMemory: readonly Effects[];
}

/** A request for `key` when the store's clock says `now`. */
export function randomRequest(random: Random, key: string, now: number): ModelRequest {
  const kind = random.int(0, 15);
  const exptime = random.pick([0, 0, 0, 0, 0, 0, 1, 2, 5, 40, 40, -1]);
  const expiry = exptime === 0 ? 0 : exptime < 0 ? 1 : now + exptime;
  if (kind < 6) return storageRequest(random, key, exptime, expiry, kind);
  if (kind < 8) return { ...neverOutOfMemory, text: `delete ${key}\r\n`, effects: deleted };
  if (kind < 10) return arithmeticRequest(key, random.int(0, 30), random.oneIn(2));
  if (kind === 10) {
    const effects = touched(expiry);
    return { ...neverOutOfMemory, text: `touch ${key} ${exptime}\r\n`, effects };
  }
  return { ...neverOutOfMemory, text: `get ${key}\r\n`, effects: fetched(key) };
}

const effect = (reply: string, after: ModelItem | undefined): Effect => ({ reply, after });
const neverOutOfMemory = { outOfMemory: [] };

function storageRequest(
  random: Random,
  key: string,
  exptime: number,
  expiry: number,
  kind: number,
): ModelRequest {
  const value = randomValue(random, kind === 4 || kind === 5);
  const flags = random.pick([0, 0, 1, 4_294_967_295]);
  const fresh = expiry === 1 ? undefined : { value, flags, expiry };
  const command = random.pick(COMMANDS[kind]!);
  const text = `${command} ${key} ${flags} ${exptime} ${value.length}\r\n${value}\r\n`;
  // A set without memory removes the old item, too (memcached).
  const refusedStorage: Effects = (e) =>
    effect('SERVER_ERROR out of memory storing object\r\n', command === 'set' ? undefined : e);
  const refusedConcatenation: Effects = (e) => effect('NOT_STORED\r\n', e);
  const effects: Readonly<Record<Command, Effects>> = {
    set: () => effect('STORED\r\n', fresh),
    add: (e) => (e === undefined ? effect('STORED\r\n', fresh) : effect('NOT_STORED\r\n', e)),
    replace: (e) => (e === undefined ? effect('NOT_STORED\r\n', e) : effect('STORED\r\n', fresh)),
    append: concatenated((e) => e.value + value),
    prepend: concatenated((e) => value + e.value),
  };
  return { text, effects: effects[command], outOfMemory: [refusedStorage, refusedConcatenation] };
}

type Command = 'set' | 'add' | 'replace' | 'append' | 'prepend';
const COMMANDS: readonly (readonly Command[])[] = [
  ['set'],
  ['set'],
  ['set'],
  ['add', 'replace'],
  ['append'],
  ['prepend'],
];

/** Values of many sizes, so that many classes compete; often numbers. */
function randomValue(random: Random, isShort: boolean): string {
  const kind = random.int(0, 199);
  if (kind < 80) return String(random.int(0, 100));
  const longest = kind < 160 ? 300 : kind < 195 || isShort ? 2000 : kind < 199 ? 9000 : 60_000;
  return String.fromCharCode(random.int(97, 122)).repeat(random.int(0, longest));
}

const deleted: Effects = (e) =>
  effect(e === undefined ? 'NOT_FOUND\r\n' : 'DELETED\r\n', undefined);

function fetched(key: string): Effects {
  return (e) => {
    if (e === undefined) return effect('END\r\n', e);
    return effect(`VALUE ${key} ${e.flags} ${e.value.length}\r\n${e.value}\r\nEND\r\n`, e);
  };
}

function touched(expiry: number): Effects {
  return (e) => {
    if (e === undefined) return effect('NOT_FOUND\r\n', e);
    return effect('TOUCHED\r\n', expiry === 1 ? undefined : { ...e, expiry });
  };
}

function concatenated(join: (item: ModelItem) => string): Effects {
  return (item) => {
    if (item === undefined) return effect('NOT_STORED\r\n', item);
    return effect('STORED\r\n', { ...item, value: join(item) });
  };
}

function arithmeticRequest(key: string, delta: number, up: boolean): ModelRequest {
  return {
    text: `${up ? 'incr' : 'decr'} ${key} ${delta}\r\n`,
    effects: counted(up ? delta : -delta),
    outOfMemory: [(item) => effect('SERVER_ERROR out of memory\r\n', item)],
  };
}

function counted(delta: number): Effects {
  return (item) => {
    if (item === undefined) return effect('NOT_FOUND\r\n', item);
    const digits = /^ *(\d+)(?: .*)?$/s.exec(item.value)?.[1];
    if (digits === undefined || BigInt(digits) >= 2n ** 64n || item.value.length > 4096) {
      const reply = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
      return effect(reply, item);
    }
    const sum = BigInt(digits) + BigInt(delta);
    const result = String(sum < 0n ? 0n : BigInt.asUintN(64, sum));
    return effect(`${result}\r\n`, { ...item, value: result.padEnd(item.value.length) });
  };
}
