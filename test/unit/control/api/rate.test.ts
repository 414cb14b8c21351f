import { describe, expect, test } from 'vitest';
import { RateLimit } from '../../../../src/control/api/rate.ts';

const taken = (rate: RateLimit, key: string, atMs: number, tries: number): number =>
  Array.from({ length: tries }, () => rate.takes(key, atMs)).filter(Boolean).length;

describe('the rate of requests', () => {
  test('an access key has 200 requests at once, and 100 a second after that', () => {
    const rate = new RateLimit();
    expect(taken(rate, 'a', 0, 500)).toBe(200);
    expect(taken(rate, 'a', 1000, 500)).toBe(100);
    expect(taken(rate, 'a', 60_000, 500)).toBe(200);
  });

  test('one key takes nothing from another', () => {
    const rate = new RateLimit();
    taken(rate, 'a', 0, 500);
    expect(taken(rate, 'b', 0, 500)).toBe(200);
  });

  test('a clock that goes back gives nothing', () => {
    const rate = new RateLimit();
    expect(taken(rate, 'a', 5000, 500)).toBe(200);
    expect(taken(rate, 'a', 0, 500)).toBe(0);
  });
});
