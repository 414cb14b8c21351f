import { describe, expect, test } from 'vitest';
import { type CacheClient, createClient, WriteBehind } from '../../../../src/client.ts';
import { SERVERS } from '../../../support/both-servers.ts';
import { freePort } from '../../../support/ports.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { withClients } from './clients.ts';

const seed = testSeed();

describe.each(SERVERS.filter(({ skip }) => !skip))(
  'writes to a source and to $name',
  ({ start }) => {
    let one: CacheClient;
    let two: CacheClient;
    let key = '';
    withClients(start, (context) => {
      ({ one, two, key } = context);
    });

    test('writeThrough writes to the source, then to the cache', async () => {
      const source = new Map<string, number>();
      const store = async (value: number, name: string): Promise<void> => {
        expect(await two.get(name)).not.toBe(value);
        source.set(name, value);
      };
      expect(await one.writeThrough(key, 1, store, { ttl: 100 })).toBe('stored');
      expect(await one.writeThrough(key, 2, store, { ttl: 100 })).toBe('stored');
      expect([source.get(key), await two.get(key)]).toEqual([2, 2]);
      expect((await two.fetch(key)).ttl).toBeLessThanOrEqual(100);
    });

    test('writeThrough does not store a value that the source rejects', async () => {
      await one.set(key, 'old');
      const reject = (): never => {
        throw new Error('rejected');
      };
      await expect(one.writeThrough(key, 'new', reject)).rejects.toThrow('rejected');
      expect(await two.get(key)).toBe('old');
    });

    test('writeThrough deletes the key when another caller wrote it in between', async () => {
      await one.set(key, 'old');
      const writeByOther = (): Promise<void> => two.set(key, 'other');
      expect(await one.writeThrough(key, 'mine', writeByOther)).toBe('removed');
      expect(await two.get(key)).toBe(undefined);
    });

    test('a load that started before writeThrough does not store the old value', async () => {
      let source = 'old';
      const loaded = await two.getOrSet(key, async () => {
        const value = source;
        const written = await one.writeThrough(key, 'new', (next) => {
          source = next;
        });
        expect(written).toBe('stored');
        return value;
      });
      expect(loaded).toBe('old');
      expect(await one.get(key)).toBe('new');
    });

    test('writeThrough writes to the source also while the cache is down', async () => {
      const down = createClient({ nodes: [`127.0.0.1:${await freePort()}`], deadlineMs: 20_000 });
      try {
        const source: string[] = [];
        const store = (value: string): void => void source.push(value);
        expect(await down.writeThrough(key, 'value', store)).toBe('unknown');
        expect(source).toEqual(['value']);
        await expect(down.writeThrough('a key', 'v', store)).rejects.toMatchObject({
          code: 'ERR_KEY',
        });
        expect(source).toEqual(['value']);
      } finally {
        await down.close();
      }
    });

    test(`after writeThrough the cache agrees with the source (seed ${seed})`, async () => {
      const random = new Random(seed);
      for (let round = 0; round < 30; round++) {
        const name = `${key}-${round}`;
        let source = -1;
        const turns = async (): Promise<void> => {
          for (let left = random.int(0, 4); left > 0; left--) await two.get('other');
        };
        const write = async (value: number): Promise<void> => {
          await turns();
          await random.pick([one, two]).writeThrough(name, value, async () => {
            await turns();
            source = value;
            await turns();
          });
        };
        const read = async (): Promise<void> => {
          await turns();
          const load = async (): Promise<number> => {
            const value = source;
            await turns();
            return value;
          };
          await random.pick([one, two]).getOrSet(name, load);
        };
        await Promise.all([write(0), write(1), write(2), read(), read(), read()]);
        expect([source, undefined]).toContain(await one.get(name));
      }
    });

    test('write-behind stores at once in the cache, and by close in the source', async () => {
      const source = new Map<string, number>();
      let batches = 0;
      const behind = new WriteBehind<number>(one, {
        store: async (batch) => {
          batches++;
          for (const [name, value] of batch) source.set(name, value);
        },
        batchDelayMs: 60_000,
        ttl: 100,
      });
      const writes = Array.from({ length: 250 }, (_, i) => behind.write(`${key}-${i % 50}`, i));
      await Promise.all(writes);
      expect(await two.get<number>(`${key}-7`)).toBe(207);
      expect(batches).toBe(0);
      await behind.close();
      expect(batches).toBe(1);
      expect(source.size).toBe(50);
      expect([...source.values()].every((value) => value >= 200)).toBe(true);
    });
  },
);
