import { describe, expect, test } from 'vitest';
import { Pacer } from '../../../../src/ops/index.ts';

describe('Pacer', () => {
  test('work rests until its rate is that of the limit', () => {
    const pacer = new Pacer(1000);
    expect(pacer.restMs(500, 0)).toBe(500);
    expect(pacer.restMs(500, 500)).toBe(500);
    expect(pacer.restMs(100, 700)).toBe(400);
  });
  test('a time without work gives no credit for a burst', () => {
    const pacer = new Pacer(1000);
    pacer.restMs(10, 0);
    expect(pacer.restMs(10, 60_000)).toBe(10);
  });
});
