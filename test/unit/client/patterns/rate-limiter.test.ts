import { describe, expect, test } from 'vitest';
import { RateLimiter, type RateLimiterOptions } from '../../../../src/client.ts';
import { Random, testSeed } from '../../../support/random.ts';

const WINDOW_MS = 10_000;
const EDGE_MS = 1_700_000_000_000;

/** Counters whose requests wait until the test lets one of them reach its node. */
class SlowCounters {
  readonly values = new Map<string, number>();
  readonly pending: (() => void)[] = [];

  increment(key: string, by: number | bigint = 1): Promise<bigint | undefined> {
    return this.#later(() => {
      const sum = (this.values.get(key) ?? 0) + Number(by);
      this.values.set(key, sum);
      return BigInt(sum);
    });
  }
  decrement(key: string, by: number | bigint = 1): Promise<bigint | undefined> {
    return this.increment(key, -Number(by));
  }
  get<T>(key: string): Promise<T | undefined> {
    return this.#later(() => this.values.get(key) as T | undefined);
  }
  add(): Promise<'stored' | 'not-stored'> {
    return Promise.resolve('not-stored');
  }
  delete(key: string): Promise<boolean> {
    return this.#later(() => this.values.delete(key));
  }

  #later<T>(run: () => T): Promise<T> {
    return new Promise((resolve) => void this.pending.push(() => resolve(run())));
  }
}

/**
 * Processes with skewed clocks call a limiter around the end of a window as fast as they can.
 * Returns the calls that it allowed until 1500 ms after the end of the window.
 */
async function burst(seed: string | number, options: RateLimiterOptions, skewMs: number) {
  const random = new Random(Number(seed));
  const counters = new SlowCounters();
  let nowMs = EDGE_MS - random.fraction() * 600;
  const limiters = Array.from({ length: 4 }, () => {
    const offsetMs = (random.fraction() - 0.5) * skewMs;
    return new RateLimiter(counters, options, { nowMs: () => nowMs + offsetMs });
  });
  let allowedCount = 0;
  let callCount = 0;
  const call = async (): Promise<void> => {
    const startedMs = nowMs;
    const { allowed } = await limiters[random.int(0, 3)]!.consume('user');
    callCount--;
    if (allowed && startedMs < EDGE_MS + 1500) allowedCount++;
  };
  while (nowMs < EDGE_MS + 1500) {
    for (; callCount < 6; callCount++) void call();
    const next = random.int(0, counters.pending.length - 1);
    counters.pending.splice(next, 1)[0]?.();
    nowMs += random.fraction() * 8;
    await undefined;
    await undefined;
  }
  return allowedCount;
}

describe('a rate limiter', () => {
  const options = { name: 'login', limit: 20, windowSeconds: WINDOW_MS / 1000 };
  const base = Number(testSeed());
  // Calls until 1500 ms after the end of the window, by clocks that differ by 900 ms.
  const allowedMax = options.limit * (1 + (1500 + 900) / WINDOW_MS);

  test(`a window's end with skewed clocks allows no second limit (seed ${base})`, async () => {
    for (let seed = base; seed < base + 40; seed++) {
      const allowed = await burst(seed, { ...options, clockSkewMs: 1000 }, 900);
      expect(allowed, `seed ${seed}`).toBeLessThanOrEqual(allowedMax);
      expect(allowed, `seed ${seed}`).toBeGreaterThan(options.limit / 2);
    }
  });

  test('without an allowance for skewed clocks, a seed of the same test allows more', async () => {
    const all = [];
    for (let seed = 1; seed <= 40; seed++) {
      all.push(await burst(seed, { ...options, clockSkewMs: 0 }, 900));
    }
    expect(Math.max(...all)).toBeGreaterThan(allowedMax);
  });
});
