import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type CacheClient, type LoadOptions, ReadThrough } from '../../../../src/client.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { OwnedProcess, type TestServer } from '../../../support/server.ts';
import { until } from '../../../support/wait.ts';
import { withClients } from './clients.ts';
import { Gate } from './gate.ts';
import type { LoaderReport } from './loader-process.ts';
import { NODES } from './servers.ts';

const LOADER = fileURLToPath(new URL('loader-process.ts', import.meta.url));
const seed = testSeed();

describe.each(NODES.filter(({ skip }) => !skip))('getOrSet by $name', ({ start }) => {
  let server: TestServer;
  let one: CacheClient;
  let two: CacheClient;
  let classic: CacheClient;
  let key = '';
  withClients(start, (given) => {
    ({ server, one, two, classic, key } = given);
  });

  test('loads on a miss, stores, and does not load again', async () => {
    const load = () => ({ made: 'of', any: ['thing'] });
    expect(await one.getOrSet(key, load, { ttl: 100 })).toEqual(load());
    const never = () => Promise.reject(new Error('loaded again'));
    expect(await two.getOrSet(key, never)).toEqual(load());
    const { ttlSeconds } = await one.fetch(key);
    expect(ttlSeconds).toBeGreaterThan(90);
    expect(ttlSeconds).toBeLessThanOrEqual(100);
  });

  test('one load for many callers in one process', async () => {
    let loads = 0;
    const load = async (): Promise<number> => ++loads;
    const all = Array.from({ length: 500 }, () => one.getOrSet(key, load));
    expect(new Set(await Promise.all(all))).toEqual(new Set([1]));
    expect(loads).toBe(1);
  });

  test('one load for each key across processes', async () => {
    const processes = [0, 1].map(() => {
      return new OwnedProcess([process.execPath, LOADER, String(server.port)], { ipc: true });
    });
    try {
      await Promise.all(processes.map((each) => each.unlessItEnds(once(each.child, 'message'))));
      const wanted = Array.from({ length: 20 }, (_, i) => `${key}-${i}`);
      const reports = await Promise.all(
        processes.map(async (each) => {
          each.child.send({ keys: wanted, calls: 25, loadMs: 30 });
          const [report] = await each.unlessItEnds(once(each.child, 'message'));
          return report as LoaderReport;
        }),
      );
      expect(reports.reduce((sum, { loads }) => sum + loads, 0)).toBe(wanted.length);
      for (const { values } of reports) expect(values.length).toBeLessThanOrEqual(2);
    } finally {
      await Promise.all(processes.map((each) => each.stop()));
    }
  });

  test('who waits takes over when the loader dies: its lease ends', async () => {
    const lease = await one.fetch(key, { leaseSeconds: 1 });
    expect(lease.won).toBe(true);
    expect(await two.getOrSet(key, () => 'second', { waitMs: 30_000 })).toBe('second');
    expect(await one.cas(key, 'too late', lease.cas!)).toBe('exists');
    expect(await one.get(key)).toBe('second');
  });

  test('a loader slower than its lease does not overwrite the one after it', async () => {
    const [begun, mayEnd] = [new Gate(), new Gate()];
    const slow = one.getOrSet(
      key,
      async () => {
        begun.open();
        await mayEnd.opened;
        return 'older';
      },
      { lease: 1 },
    );
    await begun.opened;
    expect(await two.getOrSet(key, () => 'newer', { waitMs: 30_000 })).toBe('newer');
    mayEnd.open();
    expect(await slow).toBe('older');
    expect(await one.get(key)).toBe('newer');
  });

  test('what was set or deleted while it was loaded stays so', async () => {
    const loadAnd = (during: () => Promise<unknown>): Promise<string | undefined> => {
      return one.getOrSet(key, async () => {
        await during();
        return 'older';
      });
    };
    expect(await loadAnd(() => two.set(key, 'newer'))).toBe('older');
    expect(await one.get(key)).toBe('newer');
    await one.delete(key);
    expect(await loadAnd(() => two.delete(key))).toBe('older');
    expect(await one.get(key)).toBe(undefined);
  });

  test('who comes after a delete does not join a load from before it', async () => {
    const [begun, mayEnd] = [new Gate(), new Gate()];
    const before = one.getOrSet(key, async () => {
      begun.open();
      await mayEnd.opened;
      return 'before';
    });
    await begun.opened;
    await two.delete(key);
    const other = await two.fetch(key, { leaseSeconds: 30 });
    const after = one.getOrSet(key, () => 'never', { waitMs: 30_000 });
    mayEnd.open();
    expect(await before).toBe('before');
    await two.cas(key, 'after', other.cas!);
    expect(await after).toBe('after');
  });

  test('a loader that fails gives its lease up, and its error to all who wait', async () => {
    let loads = 0;
    const fail = async (): Promise<string> => {
      loads++;
      throw new Error('no database');
    };
    const all = Array.from({ length: 10 }, () => one.getOrSet(key, fail));
    const results = await Promise.allSettled(all);
    expect(results.map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
    expect(loads).toBe(1);
    expect((await one.fetch(key)).isHit).toBe(false);
    expect(await two.getOrSet(key, () => 'now', { lease: 60 })).toBe('now');
  });

  test('errors are remembered when that is asked for', async () => {
    const fail = (): never => {
      throw new Error('no database');
    };
    await expect(one.getOrSet(key, fail, { errorTtl: 60 })).rejects.toThrow('no database');
    const remembered = expect.objectContaining({
      code: 'ERR_LOAD',
      message: expect.stringContaining('no database'),
    });
    await expect(two.getOrSet(key, () => 'fine')).rejects.toThrow(remembered);
  });

  test('that there is no value is remembered when that is asked for', async () => {
    let loads = 0;
    const none = async (): Promise<string | undefined> => {
      loads++;
      return undefined;
    };
    expect(await one.getOrSet(key, none)).toBe(undefined);
    expect(await one.getOrSet(key, none, { negativeTtl: 60 })).toBe(undefined);
    expect(await two.getOrSet(key, none)).toBe(undefined);
    expect(loads).toBe(2);
    await two.delete(key);
    expect(await one.getOrSet<unknown>(key, () => null)).toBe(null);
    expect(await two.getOrSet<unknown>(key, () => 'no')).toBe(null);
  });

  test('while one loads anew, the old value is given to all, at once', async () => {
    const reader = new ReadThrough(one);
    const mayEnd = new Gate();
    const options = { ttl: 1000, staleWhileRevalidate: 500, earlyRecache: 999 };
    await one.set(key, 'old', { ttl: 1400 });
    let loads = 0;
    const load = async (): Promise<string> => {
      loads++;
      await mayEnd.opened;
      return 'new';
    };
    for (let i = 0; i < 10; i++) expect(await reader.getOrSet(key, load, options)).toBe('old');
    expect(loads).toBe(1);
    expect(reader.counts).toMatchObject({ hits: 10, staleHits: 10, loads: 1, waits: 0 });
    mayEnd.open();
    await reader.settled();
    expect(await two.getOrSet(key, load)).toBe('new');
    expect((await one.fetch(key)).ttlSeconds).toBeGreaterThan(1400);
  });

  test('a load in the background that fails leaves the old value to the next who tries', async () => {
    const reader = new ReadThrough(one);
    const options = { ttl: 1000, earlyRecache: 999 };
    await one.set(key, 'old', { ttl: 900 });
    const errors: unknown[] = [];
    const fail = (): never => {
      throw new Error(`failure ${errors.length + 1}`);
    };
    const tell = (error: unknown): void => void errors.push(error);
    for (let i = 0; i < 3; i++) {
      const got = await reader.getOrSet(key, fail, { ...options, onRefreshError: tell });
      expect(got).toBe('old');
      await reader.settled();
    }
    expect(errors).toMatchObject([1, 2, 3].map((i) => ({ message: `failure ${i}` })));
    const left = await one.fetch(key);
    expect(left.value).toBe('old');
    expect(left.ttlSeconds).toBeGreaterThan(800);
    expect(left.ttlSeconds).toBeLessThanOrEqual(900);
  });

  test('a value marked stale is loaded anew by one, and given meanwhile', async () => {
    const reader = new ReadThrough(one);
    await one.set(key, 'old');
    await two.delete(key, { staleSeconds: 60 });
    expect(await reader.getOrSet(key, () => 'new')).toBe('old');
    await reader.settled();
    expect(await two.getOrSet(key, () => 'no')).toBe('new');
  });

  test('who waits for another process in vain loads without storing, or fails', async () => {
    expect((await two.fetch(key, { leaseSeconds: 60 })).won).toBe(true);
    expect(await one.getOrSet(key, () => 'mine', { waitMs: 20 })).toBe('mine');
    const busy = one.getOrSet(key, () => 'mine', { waitMs: 20, whenBusy: 'fail' });
    await expect(busy).rejects.toThrow(expect.objectContaining({ code: 'ERR_LOAD' }));
    expect((await two.fetch(key)).isTaken).toBe(true);
  });

  test('the load is called off when all who wait have gone, and its lease given up', async () => {
    const [begun, first, second] = [new Gate(), new AbortController(), new AbortController()];
    const why: unknown[] = [];
    const load = ({ signal }: { readonly signal: AbortSignal }): Promise<string> => {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          why.push(signal.reason);
          reject(signal.reason);
        });
        begun.open();
      });
    };
    const reader = new ReadThrough(one);
    const winner = reader.getOrSet(key, load, { signal: first.signal });
    await begun.opened;
    const joined = reader.getOrSet(key, load, { signal: second.signal });
    await until('the second waits', () => reader.counts.waits === 1);
    first.abort('first gone');
    await expect(winner).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'first gone' });
    expect(why).toEqual([]);
    second.abort('second gone');
    await expect(joined).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'second gone' });
    await until('the lease is given up', async () => !(await two.fetch(key)).isHit);
    expect(why).toEqual(['second gone']);
  });

  test('a caller who goes before the lease came does not keep it', async () => {
    const controller = new AbortController();
    const asked = one.getOrSet(key, () => 'never', { signal: controller.signal });
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await two.getOrSet(key, () => 'mine', { lease: 60 })).toBe('mine');
    const late = one.getOrSet(key, () => 'never', { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ code: 'ERR_ABORTED_UNSENT' });
  });

  test('what is too large to be stored is loaded by each', async () => {
    const large = 'x'.repeat(2 ** 21);
    for (const cache of [one, two]) {
      expect((await cache.getOrSet(key, () => large, { lease: 60 }))?.length).toBe(large.length);
    }
    const strange = one.getOrSet<unknown>(key, () => () => {});
    await expect(strange).rejects.toMatchObject({ code: 'ERR_ARGUMENT' });
    expect(await two.getOrSet(key, () => 'small', { lease: 60 })).toBe('small');
  });

  test('without the meta protocol one loads in each process', async () => {
    let loads = 0;
    const load = async (): Promise<string> => `load ${++loads}`;
    const all = Array.from({ length: 50 }, () => classic.getOrSet(key, load, { ttl: 100 }));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['load 1']));
    expect(await one.get(key)).toBe('load 1');
  });

  test(`nobody ever gets what is older than the last write that ended before (seed ${seed})`, async () => {
    const random = new Random(seed);
    const source = { version: 0 };
    /** The newest version of which the cache has been told. */
    let told = 0;
    const write = async (cache: CacheClient): Promise<void> => {
      const version = ++source.version;
      await cache.delete(key);
      told = Math.max(told, version);
    };
    const read = async (cache: CacheClient, options: LoadOptions): Promise<void> => {
      const least = told;
      const load = async (): Promise<number> => {
        const { version } = source;
        for (let turns = random.int(0, 5); turns > 0; turns--) await cache.get(`${key}-other`);
        return version;
      };
      expect(await cache.getOrSet(key, load, options)).toBeGreaterThanOrEqual(least);
    };
    const actor = async (): Promise<void> => {
      for (let step = 0; step < 150; step++) {
        const cache = random.pick([one, two]);
        if (random.oneIn(6)) await write(cache);
        else await read(cache, { lease: 60, waitMs: random.pick([0, 60_000]) });
      }
    };
    await Promise.all(Array.from({ length: 8 }, actor));
  });
});
