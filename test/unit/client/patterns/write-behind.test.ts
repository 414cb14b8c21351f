import { describe, expect, test } from 'vitest';
import { UnwrittenError, WriteBehind } from '../../../../src/client/patterns/write-behind.ts';
import { Random, testSeed } from '../../../support/random.ts';

/** A cache on a map, which accepts every key but the empty one. */
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
  test('several writes to one key become one, and no batch exceeds its bound', async () => {
    const batches: ReadonlyMap<string, number>[] = [];
    const cache = mapCache();
    const behind = new WriteBehind<number>(cache, {
      store: async (batch) => void batches.push(batch),
      maxKeysPerBatch: 3,
      batchDelayMs: 60_000,
    });
    await Promise.all([1, 2].map((value) => behind.write('a', value)));
    expect([await behind.get('a'), behind.queuedKeyCount, batches.length]).toEqual([2, 1, 0]);
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

  test('a writer waits while the queue is full, until its signal aborts', async () => {
    const gate = Promise.withResolvers<void>();
    const behind = new WriteBehind<number>(mapCache(), {
      store: () => gate.promise,
      maxQueuedKeys: 2,
      maxKeysPerBatch: 1,
      batchDelayMs: 0,
    });
    await behind.write('a', 1);
    await behind.write('b', 1);
    const controller = new AbortController();
    const [cancelled, waiting] = [
      behind.write('c', 1, { signal: controller.signal }),
      behind.write('d', 1),
    ];
    controller.abort('enough');
    await expect(cancelled).rejects.toMatchObject({ code: 'ERR_ABORTED_UNSENT', cause: 'enough' });
    await behind.write('b', 2); // needs no further room
    expect(behind.queuedKeyCount).toBe(2);
    gate.resolve();
    await waiting;
    await behind.close();
    expect(behind.queuedKeyCount).toBe(0);
  });

  test('write-behind retries a failed batch until the source has it', async () => {
    const attempts: number[] = [];
    const written: string[] = [];
    const behind = new WriteBehind<number>(mapCache(), {
      store: async (batch) => {
        if (attempts.length < 3) throw new Error('not now');
        written.push(...batch.keys());
      },
      onStoreError: (_, __, count) => {
        attempts.push(count);
        throw new Error('a handler that throws stops no retry');
      },
      batchDelayMs: 0,
      minRetryDelayMs: 1,
    });
    await behind.write('a', 1);
    await behind.flush();
    expect([attempts, written]).toEqual([[1, 2, 3], ['a']]);
    await behind.close();
  });

  test('close fails with the values that it could not write', async () => {
    const behind = new WriteBehind<number>(mapCache(), {
      store: async () => Promise.reject(new Error('never')),
      batchDelayMs: 0,
      maxKeysPerBatch: 1,
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

  test('write-behind rejects an invalid key and does not queue it', async () => {
    const behind = new WriteBehind<number>(mapCache(), { store: async () => {} });
    await expect(behind.write('', 1)).rejects.toThrow('no key');
    expect(behind.queuedKeyCount).toBe(0);
    await behind.close();
  });

  test.each([{ maxQueuedKeys: 0 }, { maxKeysPerBatch: 0 }, { batchDelayMs: -1 }])(
    'write-behind refuses %j',
    (options) => {
      const failure = expect.objectContaining({ code: 'ERR_ARGUMENT' });
      const make = () => new WriteBehind(mapCache(), { store: async () => {}, ...options });
      expect(make).toThrow(failure);
    },
  );

  test(`the source gets the last value of each key, whatever fails (seed ${seed})`, async () => {
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
      maxQueuedKeys: 8,
      maxKeysPerBatch: 3,
      batchDelayMs: 0,
      minRetryDelayMs: 1,
      maxRetryDelayMs: 1,
    });
    let version = 0;
    const writer = async (name: number): Promise<void> => {
      for (let step = 0; step < 60; step++) {
        const key = `${name}-${random.int(0, 3)}`;
        const value = version++;
        await behind.write(key, value);
        last.set(key, value);
        if (random.oneIn(20)) await behind.flush();
        expect(behind.queuedKeyCount).toBeLessThanOrEqual(8);
      }
    };
    await Promise.all([0, 1, 2, 3, 4].map(writer));
    await behind.close();
    expect(source).toEqual(last);
  });
});
