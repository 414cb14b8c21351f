import { beforeEach, describe, expect, test } from 'vitest';
import { CommandHarness } from '../../../support/command-harness.ts';

describe('ma', () => {
  let node: CommandHarness;
  beforeEach(() => {
    node = new CommandHarness();
    node.put('set n 0 0 2', '10');
  });
  test('ma counts up and down, and shows what its flags ask for', () => {
    expect(node.run('ma n')).toBe('HD\r\n');
    expect(node.run('ma n v D5')).toBe('VA 2\r\n16\r\n');
    expect(node.run('ma n MD D6 v k O1 t')).toBe('VA 2 kn O1 t-1\r\n10\r\n');
    expect(node.run('ma n T60 t v')).toBe('VA 2 t60\r\n11\r\n');
    expect(node.run('ma n MD D99 v')).toBe('VA 1\r\n0\r\n');
  });
  test('ma creates a missing counter with N and J, and counts from then on', () => {
    expect(node.run('ma new v k')).toBe('NF knew\r\n');
    expect(node.run('ma new N30 J13 v t')).toBe('VA 2 t30\r\n13\r\n');
    expect(node.run('ma new N30 J13 v t')).toBe('VA 2 t30\r\n14\r\n');
    expect(node.run('ma other N30 t')).toBe('HD t30\r\n');
    expect([node.thread('incr_misses'), node.classes('incr_hits')]).toEqual([1, 1]);
  });
  test('ma with q suppresses success, also of a creation, but no error', () => {
    expect([node.run('ma n q v'), node.run('ma n v')]).toEqual(['', 'VA 2\r\n12\r\n']);
    expect([node.run('ma new q N0 J7'), node.run('ma new v')]).toEqual(['', 'VA 1\r\n8\r\n']);
    expect(node.run('ma none q')).toBe('NF\r\n');
  });
  test('ma compares the CAS id, and sets the one that the client chose', () => {
    expect(node.run('ma n E99 c')).toBe('HD c99\r\n');
    expect([node.run('ma n C98'), node.run('ma n C99 v')]).toEqual(['EX\r\n', 'VA 2\r\n12\r\n']);
  });
  test('ma refuses a value that is no number, and leaves it', () => {
    node.put('set s 0 0 1', 'x');
    expect(node.run('ma s q')).toBe(
      'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n',
    );
    expect(node.run('get s')).toBe('VALUE s 0 1\r\nx\r\nEND\r\n');
  });
});
