import { describe, expect, test } from 'vitest';
import { resolveOptions } from '../../../../src/client/option-tables/resolved-options.ts';

describe('the routing options', () => {
  test('the defaults are ketama, one replica, no failover and 60 s for gutter items', () => {
    expect(resolveOptions({ nodes: [] })).toMatchObject({
      distribution: 'ketama',
      failover: 'fail',
      replicas: 1,
      previousOwner: undefined,
    });
    expect(resolveOptions({ nodes: [], failover: { gutter: ['g'] } }).failover).toEqual({
      gutter: ['g'],
      ttl: 60,
    });
  });

  test.each([
    [{ distribution: 'ring' }, /distribution is "ring", not one of ketama, modulo/],
    [{ replicas: 0 }, /replicas is 0, not a whole number from 1 to 8/],
    [{ replicas: 9 }, /replicas/],
    [{ replicas: 1.5 }, /replicas/],
    [{ failover: 'gutter' }, /failover is "gutter"/],
    [{ failover: { gutter: [] } }, /`nodes` is empty/],
    [{ failover: { gutter: ['g'], ttl: 0 } }, /failover.ttl is 0/],
    [{ failover: { gutter: ['g'], ttlSeconds: 5 } }, /no option "failover.ttlSeconds"/],
    [{ previousOwner: { graceSeconds: 100_000 } }, /previousOwner.graceSeconds is 100000/],
    [{ previousOwner: { grace: 5 } }, /no option "previousOwner.grace"/],
  ])('%o is refused with ERR_ARGUMENT', (options, message) => {
    expect(() => resolveOptions({ nodes: [], ...options } as never)).toThrow(message);
    expect(() => resolveOptions({ nodes: [], ...options } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_ARGUMENT' }),
    );
  });
});
