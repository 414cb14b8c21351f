import { describe, expect, test } from 'vitest';
import { CacheError, type FailureCode } from '../../../../src/client/base/errors.ts';
import {
  isIdempotent,
  mayRetry,
  withTtlAtMost,
} from '../../../../src/client/routing/retry-policy.ts';
import type { Request, StoreMode } from '../../../../src/protocol/client.ts';

const get: Request = { verb: 'get', key: 'k', cas: false };
const store = (mode: StoreMode, exptime = 0, cas?: bigint): Request => {
  return { verb: 'store', mode, key: 'k', value: 'v', flags: 0, exptime, cas };
};
const remove = (cas?: bigint): Request => ({
  verb: 'delete',
  key: 'k',
  cas,
  staleExptime: undefined,
});
const count = (exptime?: number): Request => {
  const start = exptime === undefined ? undefined : { value: 1n, exptime };
  return { verb: 'count', key: 'k', delta: 1n, isDecrement: false, initial: start };
};
const touch = (exptime: number): Request => ({ verb: 'touch', key: 'k', exptime });

describe('a retry at another node', () => {
  test.each([
    [get, true],
    [store('set'), true],
    [store('set', 0, 1n), false],
    [store('add'), false],
    [store('replace'), false],
    [store('append'), false],
    [store('prepend'), false],
    [remove(), true],
    [remove(1n), false],
    [touch(1), true],
    [count(), false],
  ])('%o is idempotent: %s', (request, expected) => {
    expect(isIdempotent(request)).toBe(expected);
  });

  test.each<[FailureCode, boolean, boolean]>([
    ['ERR_NODE_DOWN', true, true],
    ['ERR_LOGIN', true, true],
    ['ERR_DEADLINE_UNSENT', true, true],
    ['ERR_DEADLINE', true, false],
    ['ERR_REPLY_LOST', true, false],
    ['ERR_PROTOCOL', true, false],
    ['ERR_REFUSED', false, false],
    ['ERR_UNSUPPORTED', false, false],
    ['ERR_QUEUE_FULL', false, false],
    ['ERR_CLOSED', false, false],
    ['ERR_ABORTED', false, false],
  ])('after %s a set may be retried: %s; a count: %s', (code, set, counted) => {
    const error = new CacheError(code);
    expect(mayRetry(store('set'), error)).toBe(set);
    expect(mayRetry(count(), error)).toBe(counted);
  });
});

describe('a ttl of at most 60 seconds', () => {
  test.each([
    [0, 60],
    [1, 1],
    [60, 60],
    [61, 60],
    // An exptime above 30 days is a Unix time.
    [1_900_000_000, 60],
  ])('an exptime of %i becomes %i', (exptime, expected) => {
    expect(withTtlAtMost(store('set', exptime), 60)).toMatchObject({ exptime: expected });
    expect(withTtlAtMost(touch(exptime), 60)).toMatchObject({ exptime: expected });
    expect(withTtlAtMost(count(exptime), 60)).toMatchObject({ initial: { exptime: expected } });
  });

  test('a request without an exptime stays as it is', () => {
    for (const request of [get, count(), remove()])
      expect(withTtlAtMost(request, 60)).toBe(request);
  });
});
