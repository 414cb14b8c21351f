import { describe, expect, test } from 'vitest';
import { Carry } from '../../../src/server/sockets/carry.ts';

const READ_BYTES = 64 * 1024;
const textOf = ({ bytes, start, end }: Carry): string => bytes.toString('latin1', start, end);

describe('the carry', () => {
  test('the carry keeps the rest of the input, and what follows it', () => {
    const carry = new Carry();
    carry.replace(Buffer.from('done, rest'), 6, 10);
    carry.append(Buffer.from(' of it'), 0, 6);
    expect(textOf(carry)).toBe('rest of it');
    carry.replace(carry.bytes, carry.start + 5, carry.end);
    expect(textOf(carry)).toBe('of it');
    carry.append(Buffer.from('x'.repeat(10_000)), 0, 10_000);
    expect(textOf(carry)).toBe(`of it${'x'.repeat(10_000)}`);
    expect(carry.replace(carry.bytes, carry.end, carry.end)).toBe(false);
    expect([carry.length, carry.bytes.length]).toEqual([0, 0]);
  });

  test('a long line asks for its growth before the next read, and frees its memory', () => {
    const carry = new Carry();
    const read = Buffer.alloc(READ_BYTES, 'k');
    expect(carry.growthFor(READ_BYTES)).toBe(0);
    carry.append(read, 0, READ_BYTES);
    const growth = carry.growthFor(READ_BYTES);
    const before = carry.bytes;
    expect(growth).toBeGreaterThan(0);
    carry.grow(READ_BYTES);
    expect(carry.bytes.length - READ_BYTES).toBe(growth);
    // Its ArrayBuffer is detached.
    expect(before.length).toBe(0);
    expect(carry.growthFor(READ_BYTES)).toBe(0);
    expect(carry.replace(carry.bytes, carry.end, carry.end)).toBe(true);
    expect(carry.bytes.length).toBe(0);
  });
});
