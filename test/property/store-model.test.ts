import { expect, test } from 'vitest';
import { audit } from '../../src/store/index.ts';
import { Random, testSeed } from '../support/random.ts';
import { Talker, testShare } from '../support/talker.ts';

const STEPS = 150_000;
const KEYS = 400;

interface Entry {
  readonly value: string;
  readonly flags: number;
  /** On the store's clock; 0 is never. */
  readonly expiry: number;
}

/** What a request does to one key: the reply, and what the key holds afterwards. */
interface Effect {
  readonly reply: string;
  readonly after: Entry | undefined;
}

type Effects = (before: Entry | undefined) => Effect;

const seed = testSeed();

test(`store and model agree for ${STEPS} steps, seed ${seed}`, () => {
  const random = new Random(seed);
  const talker = new Talker(testShare({ memoryLimitBytes: 4 << 20 }));
  const { store } = talker;
  const model = new Map<string, Entry>();
  for (let step = 0; step < STEPS; step++) {
    if (random.int(0, 50) === 0) store.lifetimes.tick(store.lifetimes.now() + 1);
    const now = store.lifetimes.now();
    const key = `key-${random.int(0, KEYS - 1)}`;
    const known = model.get(key);
    const before =
      known !== undefined && known.expiry !== 0 && known.expiry <= now ? undefined : known;
    const { text, effects } = randomRequest(random, key, now);
    const reply = talker.say(text);
    // Eviction may forget, never lie: the reply fits the key as it was, or its absence.
    const fitting = [effects(before), effects(undefined)].find((effect) => effect.reply === reply);
    if (fitting === undefined) {
      expect(reply, `seed ${seed}, step ${step}: ${text.slice(0, 80)}`).toBe(effects(before).reply);
    } else if (fitting.after === undefined) model.delete(key);
    else model.set(key, fitting.after);
    if (step % 30_000 === 0) expect(audit(store), `seed ${seed}, step ${step}`).toEqual([]);
  }
  expect(audit(store), `seed ${seed}`).toEqual([]);
  expect(talker.say('stats\r\n')).toMatch(/STAT evictions [1-9]/);
});

function randomRequest(
  random: Random,
  key: string,
  now: number,
): { readonly text: string; readonly effects: Effects } {
  const value = randomValue(random);
  const flags = random.pick([0, 0, 1, 4_294_967_295]);
  const exptime = random.pick([0, 0, 0, 1, 2, 5, -1]);
  const expiry = exptime === 0 ? 0 : exptime < 0 ? 1 : now + exptime;
  const fresh = expiry === 1 ? undefined : { value, flags, expiry };
  const store = (word: string): string =>
    `${word} ${key} ${flags} ${exptime} ${value.length}\r\n${value}\r\n`;
  const stays = (reply: string, after: Entry | undefined): Effect => ({ reply, after });
  const delta = random.int(0, 30);
  switch (random.int(0, 10)) {
    case 0:
    case 1:
      return { text: store('set'), effects: () => stays('STORED\r\n', fresh) };
    case 2:
      return {
        text: store('add'),
        effects: (e) => (e === undefined ? stays('STORED\r\n', fresh) : stays('NOT_STORED\r\n', e)),
      };
    case 3:
      return {
        text: store('replace'),
        effects: (e) => (e === undefined ? stays('NOT_STORED\r\n', e) : stays('STORED\r\n', fresh)),
      };
    case 4:
      return { text: store('append'), effects: joined((e) => e.value + value) };
    case 5:
      return { text: store('prepend'), effects: joined((e) => value + e.value) };
    case 6:
      return {
        text: `delete ${key}\r\n`,
        effects: (e) => stays(e === undefined ? 'NOT_FOUND\r\n' : 'DELETED\r\n', undefined),
      };
    case 7:
      return { text: `incr ${key} ${delta}\r\n`, effects: counted(delta) };
    case 8:
      return { text: `decr ${key} ${delta}\r\n`, effects: counted(-delta) };
    case 9:
      return {
        text: `touch ${key} ${exptime}\r\n`,
        effects: (e) => {
          if (e === undefined) return stays('NOT_FOUND\r\n', e);
          return stays('TOUCHED\r\n', expiry === 1 ? undefined : { ...e, expiry });
        },
      };
    default:
      return {
        text: `get ${key}\r\n`,
        effects: (e) => {
          if (e === undefined) return stays('END\r\n', e);
          const head = `VALUE ${key} ${e.flags} ${e.value.length}`;
          return stays(`${head}\r\n${e.value}\r\nEND\r\n`, e);
        },
      };
  }
}

/** Many sizes, so that many classes compete; often a number. */
function randomValue(random: Random): string {
  const kind = random.int(0, 20);
  if (kind < 8) return String(random.int(0, 100));
  const length = kind < 16 ? random.int(0, 300) : kind < 20 ? random.int(300, 9000) : 60_000;
  return String.fromCharCode(random.int(97, 122)).repeat(length);
}

function joined(join: (entry: Entry) => string): Effects {
  return (entry) => {
    if (entry === undefined) return { reply: 'NOT_STORED\r\n', after: entry };
    const value = join(entry);
    // What would not fit into an item stays as it was; far below, it always fits.
    if (value.length > 1_000_000) return { reply: 'NOT_STORED\r\n', after: entry };
    return { reply: 'STORED\r\n', after: { ...entry, value } };
  };
}

function counted(delta: number): Effects {
  return (entry) => {
    if (entry === undefined) return { reply: 'NOT_FOUND\r\n', after: entry };
    const digits = /^ *(\d+)(?: .*)?$/s.exec(entry.value)?.[1];
    if (digits === undefined || BigInt(digits) >= 2n ** 64n || entry.value.length > 4096) {
      const reply = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
      return { reply, after: entry };
    }
    const sum = BigInt(digits) + BigInt(delta);
    const result = String(sum < 0n ? 0n : BigInt.asUintN(64, sum));
    return {
      reply: `${result}\r\n`,
      after: { ...entry, value: result.padEnd(entry.value.length) },
    };
  };
}
