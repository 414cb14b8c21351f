import { expect, test } from 'vitest';
import { RequestPool } from '../../../../src/server/session/request-pool.ts';

const MANY_KEYS = 100_000;

function decodeLongGet(pool: RequestPool): void {
  for (let key = 0; key < MANY_KEYS; key++) pool.current.addKey(2 * key, 2 * key + 1);
}

test('the pool frees the memory of a recycled request that had many keys', () => {
  const pool = new RequestPool();
  decodeLongGet(pool);
  const parked = pool.park();
  expect(parked.keyBytes).toBeGreaterThanOrEqual(8 * MANY_KEYS);
  pool.recycle(parked);
  expect(parked.keyBytes).toBe(0);
});

test('the pool frees the memory of the current request that had many keys', () => {
  const pool = new RequestPool();
  decodeLongGet(pool);
  const { current } = pool;
  pool.trim();
  expect([current.keyBytes, pool.current === current]).toEqual([0, false]);
});

test('the pool uses a request with few keys again', () => {
  const pool = new RequestPool();
  pool.current.addKey(0, 1);
  const parked = pool.park();
  pool.recycle(parked);
  pool.park();
  expect(pool.current).toBe(parked);
});

test('a request keeps its keys while their memory grows', () => {
  const pool = new RequestPool();
  decodeLongGet(pool);
  const last = MANY_KEYS - 1;
  expect([pool.current.keyStart(last), pool.current.keyEnd(last)]).toEqual([
    2 * last,
    2 * last + 1,
  ]);
});
