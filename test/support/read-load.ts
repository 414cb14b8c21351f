import { type CacheClient, CacheError } from '../../src/client.ts';

/** Reads one key after the other, and counts what it finds: each has the value `value of <key>`. */
export function startReads(cache: CacheClient, keys: readonly string[]) {
  const load = { hits: 0, misses: 0, wrong: 0, errors: 0, codes: new Map<string, number>() };
  let isEnding = false;
  const read = async (name: string): Promise<void> => {
    try {
      const value = await cache.get(name);
      if (value === undefined) load.misses++;
      else if (value === `value of ${name}`) load.hits++;
      else load.wrong++;
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      load.errors++;
      load.codes.set(error.code, (load.codes.get(error.code) ?? 0) + 1);
    }
  };
  const run = async (): Promise<void> => {
    for (let nth = 0; !isEnding; nth++) await read(keys[nth % keys.length]!);
  };
  const running = run();
  const end = async (): Promise<void> => {
    isEnding = true;
    await running;
  };
  return { load, end };
}
