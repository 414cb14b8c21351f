import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type CacheClient, type LoadOptions, ReadThrough } from '../../../../src/client.ts';
import { SERVERS } from '../../../support/both-servers.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { OwnedProcess, type TestServer } from '../../../support/server.ts';
import { waitUntil } from '../../../support/wait.ts';
import { withClients } from './clients.ts';
import { Gate } from './gate.ts';
import type { LoaderReport } from './loader-process.ts';

const LOADER = fileURLToPath(new URL('loader-process.ts', import.meta.url));
const seed = testSeed();

describe.each(SERVERS.filter(({ skip }) => !skip))('getOrSet on $name', ({ start }) => {
  let server: TestServer;
  let one: CacheClient;
  let two: CacheClient;
  let classic: CacheClient;
  let key = '';
  withClients(start, (context) => {
    ({ server, one, two, classic, key } = context);
  });

  test('getOrSet loads on a miss, stores the value, and does not load again', async () => {
    const load = () => ({ made: 'of', any: ['thing'] });
    expect(await one.getOrSet(key, load, { ttl: 100 })).toEqual(load());
    const never = () => Promise.reject(new Error('loaded again'));
    expect(await two.getOrSet(key, never)).toEqual(load());
    const { ttl } = await one.fetch(key);
    expect(ttl).toBeGreaterThan(90);
    expect(ttl).toBeLessThanOrEqual(100);
  });

  test('many callers of one process cause one load', async () => {
    let loads = 0;
    const load = async (): Promise<number> => ++loads;
    const all = Array.from({ length: 500 }, () => one.getOrSet(key, load));
    expect(new Set(await Promise.all(all))).toEqual(new Set([1]));
    expect(loads).toBe(1);
  });

  test('callers of several processes cause one load of each key', async () => {
    const processes = [0, 1].map(() => {
      return new OwnedProcess([process.execPath, LOADER, String(server.port)], { ipc: true });
    });
    try {
      await Promise.all(processes.map((each) => each.failOnExit(once(each.child, 'message'))));
      const wanted = Array.from({ length: 20 }, (_, i) => `${key}-${i}`);
      const reports = await Promise.all(
        processes.map(async (each) => {
          each.child.send({ keys: wanted, calls: 25, loadMs: 30 });
          const [report] = await each.failOnExit(once(each.child, 'message'));
          return report as LoaderReport;
        }),
      );
      expect(reports.reduce((sum, { loads }) => sum + loads, 0)).toBe(wanted.length);
      for (const { values } of reports) expect(values.length).toBeLessThanOrEqual(2);
    } finally {
      await Promise.all(processes.map((each) => each.stop()));
    }
  });

  test('a waiting caller loads when the lease of a dead loader has ended', async () => {
    const lease = await one.fetch(key, { leaseSeconds: 1 });
    expect(lease.wonLease).toBe(true);
    expect(await two.getOrSet(key, () => 'second', { waitMs: 30_000 })).toBe('second');
    expect(await one.cas(key, 'too late', lease.cas!)).toBe('exists');
    expect(await one.get(key)).toBe('second');
  });

  test('a loader that is slower than its lease does not overwrite the next value', async () => {
    const [started, mayFinish] = [new Gate(), new Gate()];
    const slow = one.getOrSet(
      key,
      async () => {
        started.open();
        await mayFinish.opened;
        return 'older';
      },
      { leaseSeconds: 1 },
    );
    await started.opened;
    expect(await two.getOrSet(key, () => 'newer', { waitMs: 30_000 })).toBe('newer');
    mayFinish.open();
    expect(await slow).toBe('older');
    expect(await one.get(key)).toBe('newer');
  });

  test('a load does not overwrite a set or a delete that happened during it', async () => {
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

  test('a caller after a delete does not join a load that started before it', async () => {
    const [started, mayFinish] = [new Gate(), new Gate()];
    const before = one.getOrSet(key, async () => {
      started.open();
      await mayFinish.opened;
      return 'before';
    });
    await started.opened;
    await two.delete(key);
    const other = await two.fetch(key, { leaseSeconds: 30 });
    const after = one.getOrSet(key, () => 'never', { waitMs: 30_000 });
    mayFinish.open();
    expect(await before).toBe('before');
    await two.cas(key, 'after', other.cas!);
    expect(await after).toBe('after');
  });

  test('a failed load releases its lease and rejects all waiting callers', async () => {
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
    expect(await two.getOrSet(key, () => 'now', { leaseSeconds: 60 })).toBe('now');
  });

  test('the cache remembers a failed load for errorTtl', async () => {
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

  test('the cache remembers a missing value for negativeTtl', async () => {
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

  test('all callers get the old value at once while one caller refreshes it', async () => {
    const reader = new ReadThrough(one);
    const mayFinish = new Gate();
    const options = { ttl: 1000, staleWhileRevalidateSeconds: 500, recacheSeconds: 999 };
    await one.set(key, 'old', { ttl: 1400 });
    let loads = 0;
    const load = async (): Promise<string> => {
      loads++;
      await mayFinish.opened;
      return 'new';
    };
    for (let i = 0; i < 10; i++) expect(await reader.getOrSet(key, load, options)).toBe('old');
    expect(loads).toBe(1);
    expect(reader.counts).toMatchObject({ hits: 10, staleHits: 10, loads: 1, waits: 0 });
    mayFinish.open();
    await reader.settled();
    expect(await two.getOrSet(key, load)).toBe('new');
    expect((await one.fetch(key)).ttl).toBeGreaterThan(1400);
  });

  test('a failed refresh keeps the old value, and the next caller tries again', async () => {
    const reader = new ReadThrough(one);
    const options = { ttl: 1000, recacheSeconds: 999 };
    await one.set(key, 'old', { ttl: 900 });
    const errors: unknown[] = [];
    const fail = (): never => {
      throw new Error(`failure ${errors.length + 1}`);
    };
    const onRefreshError = (error: unknown): void => void errors.push(error);
    for (let i = 0; i < 3; i++) {
      const got = await reader.getOrSet(key, fail, { ...options, onRefreshError });
      expect(got).toBe('old');
      await reader.settled();
    }
    expect(errors).toMatchObject([1, 2, 3].map((i) => ({ message: `failure ${i}` })));
    const kept = await one.fetch(key);
    expect(kept.value).toBe('old');
    expect(kept.ttl).toBeGreaterThan(800);
    expect(kept.ttl).toBeLessThanOrEqual(900);
  });

  test('callers get a value that is marked stale while one of them refreshes it', async () => {
    const reader = new ReadThrough(one);
    await one.set(key, 'old');
    await two.delete(key, { staleSeconds: 60 });
    expect(await reader.getOrSet(key, () => 'new')).toBe('old');
    await reader.settled();
    expect(await two.getOrSet(key, () => 'no')).toBe('new');
  });

  test('a caller that waits for too long loads without storing, or fails', async () => {
    expect((await two.fetch(key, { leaseSeconds: 60 })).wonLease).toBe(true);
    expect(await one.getOrSet(key, () => 'mine', { waitMs: 20 })).toBe('mine');
    const failing = one.getOrSet(key, () => 'mine', { waitMs: 20, onLeaseTimeout: 'fail' });
    await expect(failing).rejects.toThrow(expect.objectContaining({ code: 'ERR_LOAD' }));
    expect((await two.fetch(key)).leaseHeldByOther).toBe(true);
  });

  test('getOrSet aborts a load and frees its lease when all callers have cancelled', async () => {
    const [started, first, second] = [new Gate(), new AbortController(), new AbortController()];
    const reasons: unknown[] = [];
    const load = ({ signal }: { readonly signal: AbortSignal }): Promise<string> => {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
        started.open();
      });
    };
    const reader = new ReadThrough(one);
    const winner = reader.getOrSet(key, load, { signal: first.signal });
    await started.opened;
    const joined = reader.getOrSet(key, load, { signal: second.signal });
    await waitUntil('the second caller waits', () => reader.counts.waits === 1);
    first.abort('first gone');
    await expect(winner).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'first gone' });
    expect(reasons).toEqual([]);
    second.abort('second gone');
    await expect(joined).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'second gone' });
    await waitUntil('the lease is released', async () => !(await two.fetch(key)).isHit);
    expect(reasons).toEqual(['second gone']);
  });

  test('a caller that cancels before it gets the lease does not keep it', async () => {
    const controller = new AbortController();
    const cancelled = one.getOrSet(key, () => 'never', { signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await two.getOrSet(key, () => 'mine', { leaseSeconds: 60 })).toBe('mine');
    const late = one.getOrSet(key, () => 'never', { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ code: 'ERR_ABORTED_UNSENT' });
  });

  test('every caller loads a value that is too large for the cache', async () => {
    const large = 'x'.repeat(2 ** 21);
    for (const cache of [one, two]) {
      expect((await cache.getOrSet(key, () => large, { leaseSeconds: 60 }))?.length).toBe(
        large.length,
      );
    }
    const unstorable = one.getOrSet<unknown>(key, () => () => {});
    await expect(unstorable).rejects.toMatchObject({ code: 'ERR_ARGUMENT' });
    expect(await two.getOrSet(key, () => 'small', { leaseSeconds: 60 })).toBe('small');
  });

  test('without the meta protocol one caller of each process loads', async () => {
    let loads = 0;
    const load = async (): Promise<string> => `load ${++loads}`;
    const all = Array.from({ length: 50 }, () => classic.getOrSet(key, load, { ttl: 100 }));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['load 1']));
    expect(await one.get(key)).toBe('load 1');
  });

  test(`no caller gets a value older than the last ended write (seed ${seed})`, async () => {
    const random = new Random(seed);
    const source = { version: 0 };
    /** The newest version after whose write a delete has reached the cache. */
    let newestDeleted = 0;
    const write = async (cache: CacheClient): Promise<void> => {
      const version = ++source.version;
      await cache.delete(key);
      newestDeleted = Math.max(newestDeleted, version);
    };
    const read = async (cache: CacheClient, options: LoadOptions): Promise<void> => {
      const minVersion = newestDeleted;
      const load = async (): Promise<number> => {
        const { version } = source;
        for (let turns = random.int(0, 5); turns > 0; turns--) await cache.get(`${key}-other`);
        return version;
      };
      expect(await cache.getOrSet(key, load, options)).toBeGreaterThanOrEqual(minVersion);
    };
    const actor = async (): Promise<void> => {
      for (let step = 0; step < 150; step++) {
        const cache = random.pick([one, two]);
        if (random.oneIn(6)) await write(cache);
        else await read(cache, { leaseSeconds: 60, waitMs: random.pick([0, 60_000]) });
      }
    };
    await Promise.all(Array.from({ length: 8 }, actor));
  });
});
