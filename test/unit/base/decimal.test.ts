import { expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/byte-sink.ts';
import { digitsOf, writeDecimal64 } from '../../../src/base/decimal.ts';

const POWERS = Array.from({ length: 20 }, (_, i) => 10n ** BigInt(i));
const EDGES = [0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const VALUES = [...EDGES, ...POWERS, ...POWERS.map((power) => power - 1n)].filter(
  (value) => value < 2n ** 64n,
);

test.each(VALUES)('%i is written in decimal, and nothing around it', (value) => {
  const [high, low] = [Number(value >> 32n), Number(value & 0xffff_ffffn)];
  const target = Buffer.alloc(24, '?');
  const length = writeDecimal64(target, 2, high, low);
  expect(target.toString()).toBe(`??${value}`.padEnd(24, '?'));
  expect(length).toBe(String(value).length);
  const sink = new ByteSink(32);
  sink.putDecimal64(high, low);
  expect(sink.bytes.toString('latin1', 0, sink.at)).toBe(String(value));
});

test('a number has as many digits as its text, up to 2^53 - 1', () => {
  for (const value of VALUES.filter((each) => each < 2n ** 53n)) {
    expect(digitsOf(Number(value))).toBe(String(value).length);
  }
});
