import { describe, expect, test } from 'vitest';
import { UnwrittenError, WriteBehind } from '../../../../src/client/patterns/write-behind.ts';
import { Random, testSeed } from '../../../support/random.ts';

/** A cache that keeps everything and knows all keys but one. */
function mapCache() {
  const values = new Map<string, unknown>();
  return {
    values,
    nodeOf: (key: string) => {
      if (key === '') throw new Error('no key');
      return 'node';
    },
    get: async <T>(key: string) => values.get(key) as T | undefined,
    set: async (key: string, value: unknown) => void values.set(key, value),
  };
}
const seed = testSeed();

describe('write-behind', () => {
  test('many writes to one key become one, and each batch has its bound', async () => {
    const batches: ReadonlyMap<string, number>[] = [];
    const cache = mapCache();
    const behind = new WriteBehind<number>(cache, {
      store: async (batch) => void batches.push(batch),
      batchSize: 3,
      gatherMs: 60_000,
    });
    await Promise.all([1, 2].map((value) => behind.write('a', value)));
    expect([await behind.get('a'), behind.queued, batches.length]).toEqual([2, 1, 0]);
    for (const key of ['b', 'c', 'd']) await behind.write(key, 3);
    await behind.close();
    expect(batches.map((batch) => [...batch])).toEqual([
      [
        ['a', 2],
        ['b', 3],
        ['c', 3],
      ],
      [['d', 3]],
    ]);
    expect(cache.values.get('a')).toBe(2);
    await expect(behind.write('e', 1)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('a full queue makes writers wait, until their signal', async () => {
    const held = Promise.withResolvers<void>();
    const behind = new WriteBehind<number>(mapCache(), {
      store: () => held.promise,
      maxQueued: 2,
      batchSize: 1,
      gatherMs: 0,
    });
    await behind.write('a', 1);
    await behind.write('b', 1);
    const controller = new AbortController();
    const [impatient, patient] = [
      behind.write('c', 1, { signal: controller.signal }),
      behind.write('d', 1),
    ];
    controller.abort('enough');
    await expect(impatient).rejects.toMatchObject({ code: 'ERR_ABORTED_UNSENT', cause: 'enough' });
    await behind.write('b', 2); // takes no more room
    expect(behind.queued).toBe(2);
    held.resolve();
    await patient;
    await behind.close();
    expect(behind.queued).toBe(0);
  });

  test('a batch that fails is tried again until it is written', async () => {
    const tries: number[] = [];
    const written: string[] = [];
    const behind = new WriteBehind<number>(mapCache(), {
      store: async (batch) => {
        if (tries.length < 3) throw new Error('not now');
        written.push(...batch.keys());
      },
      onStoreError: (_, __, count) => void tries.push(count),
      gatherMs: 0,
      retryFirstMs: 1,
    });
    await behind.write('a', 1);
    await behind.flush();
    expect([tries, written]).toEqual([[1, 2, 3], ['a']]);
    await behind.close();
  });

  test('close says what it could not write', async () => {
    const behind = new WriteBehind<number>(mapCache(), {
      store: async () => Promise.reject(new Error('never')),
      gatherMs: 0,
      batchSize: 1,
    });
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ] as const) {
      await behind.write(key, value);
    }
    const error: unknown = await behind.close(20).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(UnwrittenError);
    expect([...(error as UnwrittenError).unwritten].toSorted()).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
    expect(error).toMatchObject({ cause: { message: 'never' } });
    await expect(behind.flush()).rejects.toBeInstanceOf(UnwrittenError);
  });

  test('keys that cannot be sent are refused, and not written', async () => {
    const behind = new WriteBehind<number>(mapCache(), { store: async () => {} });
    await expect(behind.write('', 1)).rejects.toThrow('no key');
    expect(behind.queued).toBe(0);
    await behind.close();
  });

  test.each([{ maxQueued: 0 }, { batchSize: 0 }, { gatherMs: -1 }])('refuses %j', (options) => {
    const refused = expect.objectContaining({ code: 'ERR_ARGUMENT' });
    const make = () => new WriteBehind(mapCache(), { store: async () => {}, ...options });
    expect(make).toThrow(refused);
  });

  test(`the source ends with the last value of each key, whatever fails (seed ${seed})`, async () => {
    const random = new Random(seed);
    const source = new Map<string, number>();
    const last = new Map<string, number>();
    const behind = new WriteBehind<number>(mapCache(), {
      store: async (batch) => {
        if (random.oneIn(4)) await new Promise((later) => setImmediate(later));
        if (random.oneIn(3)) throw new Error('at times');
        for (const [key, value] of batch) {
          expect(value).toBeGreaterThan(source.get(key) ?? -1);
          source.set(key, value);
        }
      },
      maxQueued: 8,
      batchSize: 3,
      gatherMs: 0,
      retryFirstMs: 1,
      retryMostMs: 1,
    });
    let version = 0;
    const writer = async (name: number): Promise<void> => {
      for (let step = 0; step < 60; step++) {
        const key = `${name}-${random.int(0, 3)}`;
        const value = version++;
        await behind.write(key, value);
        last.set(key, value);
        if (random.oneIn(20)) await behind.flush();
        expect(behind.queued).toBeLessThanOrEqual(8);
      }
    };
    await Promise.all([0, 1, 2, 3, 4].map(writer));
    await behind.close();
    expect(source).toEqual(last);
  });
});
