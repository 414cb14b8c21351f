import { beforeEach, describe, expect, test } from 'vitest';
import { CommandHarness } from '../../../support/command-harness.ts';

const MAX = '18446744073709551615';
const NON_NUMERIC = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';

describe('incr and decr', () => {
  let node: CommandHarness;
  beforeEach(() => {
    node = new CommandHarness();
  });
  const store = (value: string): string => node.put(`set n 7 0 ${value.length}`, value);
  const storedValue = (): string => node.run('get n').split('\r\n')[1]!;

  test.each([
    ['5', 'incr n 3', '8', '8'],
    ['9', 'incr n 1', '10', '10'],
    [MAX, 'incr n 1', '0', `0${' '.repeat(19)}`],
    ['4294967295', 'incr n 1', '4294967296', '4294967296'],
    ['1', `incr n ${MAX}`, '0', '0'],
    ['100', 'decr n 1', '99', '99 '],
    ['4294967296', 'decr n 1', '4294967295', '4294967295'],
    ['5', 'decr n 6', '0', '0'],
    ['12 ', 'incr n 1', '13', '13 '],
    [' 7', 'incr n 1', '8', '8 '],
    ['0', `decr n ${MAX}`, '0', '0'],
  ])('%j after %j is %s, and is stored as %j', (before, line, reply, after) => {
    store(before);
    expect(node.run(line)).toBe(`${reply}\r\n`);
    expect(storedValue()).toBe(after);
    expect(node.run('get n')).toContain('VALUE n 7 ');
  });
  test.each(['', 'x', '-1', '1.5', '5x', '   ', '18446744073709551616'])(
    'incr and decr refuse the value %j, and leave it',
    (value) => {
      store(value);
      expect(node.run('incr n 1')).toBe(NON_NUMERIC);
      expect(storedValue()).toBe(value);
    },
  );
  test('incr and decr refuse a number in more than 4096 bytes', () => {
    node.put('set n 0 0 4096', '5'.padEnd(4096));
    expect(node.run('incr n 1')).toBe('6\r\n');
    node.put('set n 0 0 4097', '5'.padEnd(4097));
    expect(node.run('incr n 1')).toBe(NON_NUMERIC);
  });
  test('incr and decr count hits and misses apart', () => {
    store('5');
    node.run('incr n 1');
    node.run('decr n 1');
    node.run('decr n 1');
    expect(node.run('incr none 1')).toBe('NOT_FOUND\r\n');
    expect(node.run('decr none 1')).toBe('NOT_FOUND\r\n');
    expect([node.classes('incr_hits'), node.classes('decr_hits')]).toEqual([1, 2]);
    expect([node.thread('incr_misses'), node.thread('decr_misses')]).toEqual([1, 1]);
  });
  test('incr and decr draw a new CAS id', () => {
    store('5');
    const casOf = (): string | undefined => /VALUE n 7 1 (\d+)/.exec(node.run('gets n'))?.[1];
    const before = casOf();
    node.run('incr n 1');
    expect(BigInt(casOf()!)).toBeGreaterThan(BigInt(before!));
  });
});
