import { beforeEach, describe, expect, test } from 'vitest';
import { CommandHarness } from '../../../support/command-harness.ts';

describe('mg', () => {
  let node: CommandHarness;
  beforeEach(() => {
    node = new CommandHarness();
    node.put('set key 5 100 5', 'value');
  });
  const later = (seconds: number): void => {
    node.parts.clock.tick(node.parts.clock.now() + seconds);
  };

  test('mg shows what its flags ask for, in their order', () => {
    expect(node.run('mg key')).toBe('HD\r\n');
    expect(node.run('mg key v')).toBe('VA 5\r\nvalue\r\n');
    later(10);
    expect(node.run('mg key Oid k s f t h l v')).toBe(
      'VA 5 Oid kkey s5 f5 t90 h1 l10\r\nvalue\r\n',
    );
    expect(node.run('mg none k O9 v')).toBe('EN knone O9\r\n');
    expect(node.run('mg none q v')).toBe('');
  });
  test('mg does not count a read with u as one', () => {
    expect([node.run('mg key h u'), node.run('mg key h'), node.run('mg key h')]).toEqual([
      'HD h0\r\n',
      'HD h0\r\n',
      'HD h1\r\n',
    ]);
  });
  test('mg leaves out the value if the CAS id is that of the request', () => {
    const cas = /c(\d+)/.exec(node.run('mg key c'))![1]!;
    expect(node.run(`mg key v C${cas}`)).toBe('HD\r\n');
    expect(node.run(`mg key v C${BigInt(cas) + 1n}`)).toBe('VA 5\r\nvalue\r\n');
  });
  test('mg touches with T, in the order of the flags', () => {
    expect(node.run('mg key t T30')).toBe('HD t100\r\n');
    expect(node.run('mg key T40 t')).toBe('HD t40\r\n');
    expect(node.run('mg key T0 t')).toBe('HD t-1\r\n');
    expect([node.classes('touch_hits'), node.thread('touch_cmds')]).toEqual([3, 3]);
  });
  test('mg creates a missing item with N, and gives the lease to the first client only', () => {
    expect(node.run('mg new N30 v t')).toBe('VA 0 t30 W\r\n\r\n');
    expect(node.run('mg new N30 v t')).toBe('VA 0 t30 Z\r\n\r\n');
    later(30);
    expect(node.run('mg new N30 v')).toBe('VA 0 W\r\n\r\n');
  });
  test('mg gives the lease to recache once, when less time is left than R says', () => {
    later(69);
    expect(node.run('mg key R30 t')).toBe('HD t31\r\n');
    later(2);
    expect(node.run('mg key R30 t')).toBe('HD t29 W\r\n');
    expect(node.run('mg key R30 t')).toBe('HD t29 Z\r\n');
  });
  test('mg shows a stale item as such, and gives its lease once', () => {
    node.run('md key I T50');
    expect(node.run('mg key v t')).toBe('VA 5 t50 X W\r\nvalue\r\n');
    expect(node.run('mg key v')).toBe('VA 5 Z X\r\nvalue\r\n');
    node.put('ms key 3', 'new');
    expect(node.run('mg key v')).toBe('VA 3\r\nnew\r\n');
  });
  test('mg shows a key in base64 as the client sent it', () => {
    node.put('ms YWI= 1 b', 'x');
    expect(node.run('mg YWI= b k v')).toBe('VA 1 kYWI= b\r\nx\r\n');
    expect(node.run('mg ab k v')).toBe('VA 1 kYWI= b\r\nx\r\n');
  });
  test('mg counts hits and misses', () => {
    node.run('mg key v');
    node.run('mg none v');
    expect([node.thread('get_cmds'), node.thread('get_misses')]).toEqual([2, 1]);
  });
});

test('E0 draws a new CAS id in every meta command, so that no item has 0', () => {
  const node = new CommandHarness();
  const casOf = (key: string): bigint => BigInt(/c(\d+)/.exec(node.run(`mg ${key} c`))![1]!);
  expect(node.put('ms set 1 E0 c', 'x')).toMatch(/^HD c[1-9]\d*\r\n$/);
  expect(node.put('ms set 1 C0', 'y')).toBe('EX\r\n');
  node.run('mg created N0 E0');
  node.put('set n 0 0 1', '5');
  const before = casOf('n');
  node.run('ma n E0');
  const counted = casOf('n');
  node.run('md n I E0');
  const stale = casOf('n');
  node.run('md n x E0');
  expect([casOf('created') > 0n, counted > before, stale > counted, casOf('n') > stale]).toEqual(
    Array.from({ length: 4 }, () => true),
  );
});
