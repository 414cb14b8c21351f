import { expect, test } from 'vitest';
import { latenciesOf, quantileOf } from '../../../benchmarks/latency/system-calls.ts';

const BUFFER = 65_536;
const LOG = `
7 100.000000 read(21, ""..., 65536) = 35 <0.000010>
7 100.000030 write(21, ""..., 120) = 120 <0.000020>
7 100.000100 read(22, ""..., 65536) = 35 <0.000010>
7 100.000120 write(9, ""..., 8) = 8 <0.000001>
7 100.000130 write(22, ""..., 64000) = 64000 <0.000020>
7 100.000180 write(22, ""..., 500) = 500 <0.000020>
7 100.000300 read(21, 0x7f, 65536) = -1 EAGAIN (Resource temporarily unavailable) <0.000003>
7 100.000310 read(9, ""..., 1024) = 8 <0.000001>
7 100.000320 write(9, ""..., 8) = 8 <0.000001>
8 100.000400 read(23,  <unfinished ...>
7 100.000410 read(21, ""..., 65536) = 0 <0.000001>
8 100.000420 <... read resumed>""..., 65536) = 35 <0.000040>
8 100.000500 write(23, ""..., 5) = 5 <0.000060>
8 100.000600 read(24, ""..., 65536) = 35 <0.000010>
`;

test('a latency is the time from a read to the last write before the next read', () => {
  const us = latenciesOf(LOG, BUFFER).map((seconds) => Math.round(seconds * 1e6));
  expect(us.toSorted((a, b) => a - b)).toEqual([40, 90, 120]);
});
test('a quantile is the value that this share does not exceed', () => {
  const values = Array.from({ length: 100 }, (_, nth) => 100 - nth);
  expect([0.5, 0.99, 1].map((share) => quantileOf(values, share))).toEqual([50, 99, 100]);
});
