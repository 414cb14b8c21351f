import type { Driver } from './drivers.ts';

/** A kind of call that the benchmark repeats. */
export interface Load {
  readonly name: string;
  /** The number of concurrent callers, each waiting for its reply. */
  readonly concurrency: number;
  /** The number of keys per call. */
  readonly keysPerCall: number;
  /** One call; `draw` returns a key number. Resolves with the number of keys served. */
  readonly call: (driver: Driver, draw: () => number) => Promise<number>;
}

export const KEYS = 10_000;
export const VALUE_BYTES = 100;
const BATCH = 100;

/** A key of 20 bytes, like those of the macro benchmark. */
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
/** Consecutive key numbers, modulo KEYS, so that no call contains a key twice. */
const getMany: Load['call'] = async (driver, draw) => {
  const first = draw();
  const keys = Array.from({ length: BATCH }, (_, i) => ALL_KEYS[(first + i) % KEYS]!);
  return driver.getMany(keys);
};

export const LOADS: readonly Load[] = [
  { name: 'get, one at a time', concurrency: 1, keysPerCall: 1, call: get },
  { name: 'get, 64 at a time', concurrency: 64, keysPerCall: 1, call: get },
  { name: 'set, 64 at a time', concurrency: 64, keysPerCall: 1, call: set },
  { name: 'get of 100 keys, one at a time', concurrency: 1, keysPerCall: BATCH, call: getMany },
  { name: 'get of 100 keys, 8 at a time', concurrency: 8, keysPerCall: BATCH, call: getMany },
];

/** Stores every key. */
export async function fill(driver: Driver): Promise<void> {
  for (let at = 0; at < KEYS; at += BATCH) {
    await Promise.all(ALL_KEYS.slice(at, at + BATCH).map((key) => driver.set(key, VALUE)));
  }
}
