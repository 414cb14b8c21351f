import type { Driver } from './drivers.ts';

/** What is asked of a client, over and over. */
export interface Load {
  readonly name: string;
  /** How many do it side by side, each waiting for its answer. */
  readonly concurrency: number;
  /** Keys of one call. */
  readonly keysPerCall: number;
  /** One call; `draw` gives the number of a key. Resolves with how many keys it served. */
  readonly call: (driver: Driver, draw: () => number) => Promise<number>;
}

export const KEYS = 10_000;
export const VALUE_BYTES = 100;
const MANY = 100;

/** 20 bytes, as the macro benchmark has them. */
export const keyOf = (number: number): string => `bench:key:${String(number).padStart(10, '0')}`;
const VALUE = 'v'.repeat(VALUE_BYTES);
const ALL_KEYS = Array.from({ length: KEYS }, (_, number) => keyOf(number));

const get: Load['call'] = async (driver, draw) => {
  const found = await driver.get(ALL_KEYS[draw()]!);
  return found === undefined || found === null ? 0 : 1;
};
const set: Load['call'] = async (driver, draw) => {
  await driver.set(ALL_KEYS[draw()]!, VALUE);
  return 1;
};
/** Neighbours on a circle, so that no key is asked for twice in one call. */
const getMany: Load['call'] = async (driver, draw) => {
  const first = draw();
  const keys = Array.from({ length: MANY }, (_, i) => ALL_KEYS[(first + i) % KEYS]!);
  return driver.getMany(keys);
};

export const LOADS: readonly Load[] = [
  { name: 'get, one at a time', concurrency: 1, keysPerCall: 1, call: get },
  { name: 'get, 64 at a time', concurrency: 64, keysPerCall: 1, call: get },
  { name: 'set, 64 at a time', concurrency: 64, keysPerCall: 1, call: set },
  { name: 'get of 100 keys, one at a time', concurrency: 1, keysPerCall: MANY, call: getMany },
  { name: 'get of 100 keys, 8 at a time', concurrency: 8, keysPerCall: MANY, call: getMany },
];

/** Stores every key. */
export async function fill(driver: Driver): Promise<void> {
  for (let at = 0; at < KEYS; at += MANY) {
    await Promise.all(ALL_KEYS.slice(at, at + MANY).map((key) => driver.set(key, VALUE)));
  }
}
