import { expect, test } from 'vitest';
import { usageAfter } from '../../../../src/control/serverless/usage.ts';

const NEW = { ecpu: 0, throttled: 0, gigabyteHours: 0, untilMs: 0 };
const proxy = (startedSeconds: number, ecpu: number, throttled = 0) => {
  return { startedSeconds, ecpu, throttled };
};

test('usage counts what a proxy has counted since the last look', () => {
  const first = usageAfter(NEW, { atMs: 5000, usedBytes: 0, proxy: proxy(1, 100, 3) });
  const second = usageAfter(first, { atMs: 10_000, usedBytes: 0, proxy: proxy(1, 150, 3) });
  expect(second).toMatchObject({ ecpu: 150, throttled: 3 });
});

test('usage goes on after a restart of the proxy, and without a reply of it', () => {
  const first = usageAfter(NEW, { atMs: 5000, usedBytes: 0, proxy: proxy(1, 100) });
  const silent = usageAfter(first, { atMs: 10_000, usedBytes: 0, proxy: undefined });
  expect(usageAfter(silent, { atMs: 15_000, usedBytes: 0, proxy: proxy(1, 120) }).ecpu).toBe(120);
  expect(usageAfter(silent, { atMs: 15_000, usedBytes: 0, proxy: proxy(2, 30) }).ecpu).toBe(130);
});

test('usage counts held bytes by the hour, and no time of a stopped manager', () => {
  const held = { usedBytes: 36e9, proxy: undefined };
  const first = usageAfter(NEW, { ...held, atMs: 10_000 });
  expect(first.gigabyteHours).toBeCloseTo(0.1);
  expect(usageAfter(first, { ...held, atMs: 9e9 }).gigabyteHours).toBeCloseTo(0.7);
});
