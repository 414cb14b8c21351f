import { beforeEach, describe, expect, test } from 'vitest';
import { CacheError } from '../../../../src/client/base/errors.ts';
import type { LoadOptions } from '../../../../src/client/option-types/patterns.ts';
import { LoadCoordinator } from '../../../../src/client/patterns/load-coordinator.ts';
import { TagSpace } from '../../../../src/client/patterns/tags.ts';
import { ManualTiming } from '../../../support/manual-timing.ts';
import { LeaseCache } from './lease-cache.ts';

const LEASE_MS = 10_000;
const LOAD_MS = 20;

const never = (): Promise<never> => new Promise(() => {});

let timing: ManualTiming;
let cache: LeaseCache;
let loads: LoadCoordinator;
let loadCount: number;
/** What the calls of the loader return, the first one first. */
let results: (() => Promise<string>)[];
beforeEach(() => {
  timing = new ManualTiming();
  cache = new LeaseCache(timing);
  loads = new LoadCoordinator(timing);
  loadCount = 0;
  results = [never];
});

/** Loads in LOAD_MS. */
function load(): Promise<string> {
  const count = ++loadCount;
  const result = results[count - 1];
  if (result !== undefined) return result();
  return new Promise((resolve) => void timing.setTimer(() => resolve(`load ${count}`), LOAD_MS));
}

/** The outcomes of calls that began together, as far as they have settled. */
function callTogether(count: number, options: LoadOptions = {}): unknown[] {
  const outcomes: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const settle = (outcome: unknown): void => void outcomes.push(outcome);
    const code = (error: unknown): void => settle(error instanceof CacheError && error.code);
    loads.getOrSet(cache, 'k', load, options).then(settle, code);
  }
  return outcomes;
}

describe('callers that joined a load which never settles', () => {
  test('the callers read the cache again when the lease is over, and one loads', async () => {
    const outcomes = callTogether(50, { waitMs: 60_000 });
    await timing.advance(LEASE_MS - 1);
    expect([outcomes, loadCount]).toEqual([[], 1]);
    await timing.advance(1000);
    expect(outcomes).toEqual(Array.from({ length: 49 }, () => 'load 2'));
    expect([loadCount, cache.items.get('k')?.value]).toEqual([2, 'load 2']);
    expect(timing.timerCount).toBe(0);
  });

  test('the callers take the value that another process has stored in between', async () => {
    const outcomes = callTogether(5, { waitMs: 60_000 });
    await timing.advance(100);
    cache.store('k', 'stored');
    await timing.advance(LEASE_MS);
    expect([outcomes, loadCount]).toEqual([['stored', 'stored', 'stored', 'stored'], 1]);
  });

  test('with the default waitMs one caller loads for all', async () => {
    const outcomes = callTogether(20);
    await timing.advance(LEASE_MS + 1000);
    expect(outcomes).toEqual(Array.from({ length: 19 }, () => 'load 2'));
    expect(loadCount).toBe(2);
  });

  test('after waitMs one caller loads for all that wait, without storing', async () => {
    const outcomes = callTogether(10, { waitMs: 200 });
    await timing.advance(199);
    expect([outcomes, loadCount]).toEqual([[], 1]);
    await timing.advance(1 + LOAD_MS);
    expect(outcomes).toEqual(Array.from({ length: 9 }, () => 'load 2'));
    expect([loadCount, cache.items.get('k')?.value]).toEqual([2, undefined]);
  });

  test('after waitMs the callers fail if onLeaseTimeout says so', async () => {
    const outcomes = callTogether(3, { waitMs: 200, onLeaseTimeout: 'fail' });
    await timing.advance(200);
    expect([outcomes, loadCount]).toEqual([['ERR_LOAD', 'ERR_LOAD'], 1]);
  });

  test('each caller has its own waitMs', async () => {
    const patient = callTogether(1, { waitMs: 5000, onLeaseTimeout: 'fail' });
    const waiting = callTogether(1, { waitMs: 3000, onLeaseTimeout: 'fail' });
    const hasty = callTogether(1, { waitMs: 10, onLeaseTimeout: 'fail' });
    await timing.advance(10);
    expect([hasty, waiting]).toEqual([['ERR_LOAD'], []]);
    await timing.advance(3000);
    expect([waiting, patient]).toEqual([['ERR_LOAD'], []]);
  });

  test('a caller that joined two stuck loads fails when both have had their time', async () => {
    results = [never, never];
    const outcomes = callTogether(5, { waitMs: 200 });
    await timing.advance(200 + LEASE_MS - 1);
    expect(outcomes).toEqual([]);
    await timing.advance(1);
    expect([outcomes, loadCount]).toEqual([['ERR_LOAD', 'ERR_LOAD', 'ERR_LOAD'], 2]);
  });

  test('a new call does not join a late load, which may have read an old value', async () => {
    results = [never, never];
    callTogether(2, { waitMs: 200 });
    await timing.advance(300);
    const outcomes = callTogether(1, { waitMs: 200 });
    await timing.advance(200 + LOAD_MS);
    expect([outcomes, loadCount]).toEqual([['load 3'], 3]);
  });

  test('a load is cancelled when all its callers have left it', async () => {
    const { promise, resolve } = Promise.withResolvers<AbortSignal>();
    const controller = new AbortController();
    const stuck = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
      resolve(signal);
      return never();
    };
    const first = loads.getOrSet(cache, 'k', stuck, { signal: controller.signal });
    const signal = await promise;
    const outcomes = callTogether(1, { waitMs: 50, onLeaseTimeout: 'fail' });
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(signal.aborted).toBe(false);
    await timing.advance(50);
    expect([outcomes, signal.aborted]).toEqual([['ERR_LOAD'], true]);
  });
});

describe('callers with a deadline of their own', () => {
  test('the callers wait for a load of another caller until their deadlines', async () => {
    const patient = callTogether(1);
    const hasty = callTogether(2, { deadlineMs: 50 });
    const later = callTogether(1, { deadlineMs: 90, waitMs: 60_000 });
    await timing.advance(49);
    expect([hasty, loadCount]).toEqual([[], 1]);
    await timing.advance(1);
    expect([hasty, later]).toEqual([['ERR_DEADLINE', 'ERR_DEADLINE'], []]);
    await timing.advance(40);
    expect([later, patient, loadCount]).toEqual([['ERR_DEADLINE'], [], 1]);
  });

  test('the callers wait for the load of another process until their deadlines', async () => {
    await cache.fetch('k', { leaseSeconds: 10 });
    const hasty = callTogether(2, { deadlineMs: 50 });
    const later = callTogether(1, { deadlineMs: 90 });
    const failing = callTogether(1, { waitMs: 200, onLeaseTimeout: 'fail' });
    const patient = callTogether(2);
    await timing.advance(50);
    expect([hasty, later]).toEqual([['ERR_DEADLINE', 'ERR_DEADLINE'], []]);
    await timing.advance(150);
    expect([later, failing, patient]).toEqual([['ERR_DEADLINE'], ['ERR_LOAD'], []]);
    cache.store('k', 'stored');
    await timing.advance(200);
    expect([patient, loadCount, timing.timerCount]).toEqual([['stored', 'stored'], 0, 0]);
  });

  test('the deadline bounds the wait for a load that began after waitMs', async () => {
    results = [never, never];
    callTogether(2, { waitMs: 200 });
    const outcomes = callTogether(1, { waitMs: 200, deadlineMs: 250 });
    await timing.advance(249);
    expect([outcomes, loadCount]).toEqual([[], 2]);
    await timing.advance(1);
    expect(outcomes).toEqual(['ERR_DEADLINE']);
  });

  test('a deadline that passes while the process is busy is extended', async () => {
    const wasBusyUntil = timing.now() + 130;
    timing = new (class extends ManualTiming {
      override now(): number {
        return super.now() < wasBusyUntil - 80 ? super.now() : super.now() + 80;
      }
    })();
    loads = new LoadCoordinator(timing);
    results = [() => new Promise((resolve) => void timing.setTimer(() => resolve('late'), 60))];
    const outcomes = [callTogether(1), callTogether(1, { deadlineMs: 50 })];
    await timing.advance(60);
    expect(outcomes).toEqual([['late'], ['late']]);
  });

  test('the deadline does not bound the load of the call itself', async () => {
    results = [];
    const outcomes = callTogether(1, { deadlineMs: LOAD_MS / 2 });
    await timing.advance(LOAD_MS);
    expect(outcomes).toEqual(['load 1']);
  });

  test('the deadline begins again for a load that replaces a failed request', async () => {
    const fetch = cache.fetch.bind(cache);
    const isLate = Promise.withResolvers<void>();
    cache.fetch = async () => {
      await isLate.promise;
      return fetch('k');
    };
    cache.isDown = true;
    results = [];
    const outcomes = callTogether(3, { deadlineMs: 50 });
    await timing.advance(50);
    isLate.resolve();
    await timing.advance(LOAD_MS);
    expect(outcomes).toEqual(['load 1', 'load 1', 'load 1']);
  });
});

describe('callers that joined a stuck load while the cache is down', () => {
  test('the callers read the cache again when the time of the load is over', async () => {
    cache.isDown = true;
    const outcomes = callTogether(5, { waitMs: 60_000 });
    await timing.advance(100);
    cache.isDown = false;
    cache.store('k', 'stored');
    await timing.advance(LEASE_MS);
    expect([outcomes, loadCount]).toEqual([['stored', 'stored', 'stored', 'stored'], 1]);
  });

  test('one caller loads for all after waitMs, and a later call loads at once', async () => {
    cache.isDown = true;
    const outcomes = callTogether(5, { waitMs: 200 });
    await timing.advance(200 + LOAD_MS);
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => 'load 2'));
    await timing.advance(LEASE_MS);
    const later = callTogether(1);
    await timing.advance(LOAD_MS);
    expect([later, loadCount]).toEqual([['load 3'], 3]);
  });

  test('the callers of a tagged value leave the load, too', async () => {
    const down = async (): Promise<never> => {
      throw new CacheError('ERR_NODE_DOWN');
    };
    const all = { get: down, getOrSet: down, set: down, delete: down, getMany: down, add: down };
    const tagged = new TagSpace({ ...all, increment: down }, {}, timing).tagged(['t']);
    const calls = [200, 60_000].map((waitMs) => tagged.getOrSet('k', load, { waitMs }));
    const outcomes: unknown[] = [];
    const joined = [200, 60_000].map((waitMs) => tagged.getOrSet('k', load, { waitMs }));
    for (const call of [...calls, ...joined]) void call.then((value) => outcomes.push(value));
    await timing.advance(200 + LOAD_MS);
    expect(outcomes).toEqual(['load 2']);
    await timing.advance(LEASE_MS);
    expect(outcomes).toEqual(['load 2', 'load 3', 'load 3']);
  });
});

describe('refreshes in the background', () => {
  test('a refresh that never settles is over with its lease', async () => {
    results = Array.from({ length: 300 }, () => never);
    const callAll = (): Promise<unknown[]> => {
      const keys = Array.from({ length: 256 }, (_, i) => `k${i}`);
      for (const key of keys) cache.store(key, 'old', 0);
      return Promise.all(keys.map((key) => loads.getOrSet(cache, key, load)));
    };
    expect(new Set(await callAll())).toEqual(new Set(['old']));
    cache.store('k', 'old', 0);
    const outcomes = callTogether(1);
    await timing.advance(LEASE_MS - 1);
    expect(outcomes).toEqual([]);
    await timing.advance(1);
    expect(outcomes).toEqual(['old']);
    await loads.settled();
    results = [];
    expect(new Set(await callAll())).toEqual(new Set(['old']));
  });

  test.each([
    ['throws', (): never => throwIt()],
    ['rejects', async (): Promise<never> => throwIt()],
  ])('a handler of failed refreshes that %s is no unhandled rejection', async (_, handler) => {
    const calls: unknown[] = [];
    const onRefreshError = (error: unknown, key: string): unknown => {
      calls.push([error, key]);
      return handler();
    };
    const failed = new Error('the source is down');
    results = [async () => Promise.reject(failed)];
    cache.store('k', 'old', 0);
    expect(await loads.getOrSet(cache, 'k', load, { onRefreshError })).toBe('old');
    await loads.settled();
    await timing.advance(0);
    expect(calls).toEqual([[failed, 'k']]);
  });
});

function throwIt(): never {
  throw new Error('a handler that fails');
}
