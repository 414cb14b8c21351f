import { describe, expect, test } from 'vitest';
import { readI32, readU32, readU64, u64 } from '../../../../src/protocol/text/numbers.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const u32 = (text: string): number => readU32(bytes(text), 0, text.length);
const i32 = (text: string): number => readI32(bytes(text), 0, text.length);
const u64Of = (text: string): bigint | undefined => {
  if (!readU64(bytes(text), 0, text.length)) return undefined;
  return (BigInt(u64.high) << 32n) | BigInt(u64.low);
};

describe('the number parser reads numbers like memcached', () => {
  test.each([
    ['0', 0],
    ['+7', 7],
    ['007', 7],
    ['\t5', 5],
    ['5\tx', 5],
    ['4294967295', 4294967295],
    ['-0', 0],
    ['4294967296', Number.NaN],
    ['-1', Number.NaN],
    ['', Number.NaN],
    ['+', Number.NaN],
    ['5x', Number.NaN],
    ['99999999999999999999999', Number.NaN],
    ['0000000000000000000000005', 5],
  ])('the parser reads %j as the unsigned 32-bit number %d', (text, value) =>
    expect(u32(text)).toBe(value),
  );

  test.each([
    ['2147483647', 2147483647],
    ['-2147483648', -2147483648],
    ['2147483648', Number.NaN],
    ['-2147483649', Number.NaN],
  ])('the parser reads %j as the signed 32-bit number %d', (text, value) =>
    expect(i32(text)).toBe(value),
  );

  test.each([
    ['18446744073709551615', 2n ** 64n - 1n],
    ['18446744073709551616', undefined],
    ['99999999999999999999999', undefined],
    ['9223372036854775808', 2n ** 63n],
    ['4294967296', 2n ** 32n],
    ['12 ab', 12n],
    [' 12', 12n],
    ['-1', undefined],
    ['-0', 0n],
    [' ', undefined],
    ['1.5', undefined],
  ])('the parser reads %j as the unsigned 64-bit number %s', (text, value) =>
    expect(u64Of(text)).toBe(value),
  );
});
