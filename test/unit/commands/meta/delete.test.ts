import { beforeEach, describe, expect, test } from 'vitest';
import { STREAM } from '../../../../src/commands/index.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

describe('md', () => {
  let node: CommandHarness;
  beforeEach(() => {
    node = new CommandHarness({ watchedStreams: STREAM.deletions });
    node.put('set key 5 100 5', 'value');
  });
  test('md deletes an item, and shows key and opaque', () => {
    expect(node.run('md key k O1')).toBe('HD kkey O1\r\n');
    expect(node.run('md key k O1')).toBe('NF kkey O1\r\n');
    expect(node.run('md key')).toBe('NF\r\n');
    expect([node.classes('delete_hits'), node.thread('delete_misses')]).toEqual([1, 2]);
    expect(node.events).toHaveLength(1);
    expect(node.events[0]).toMatch(/^deleted key=key cmd=md clsid=\d+ size=\d+$/);
    expect(audit(node.parts)).toEqual([]);
  });
  test('md with q suppresses success only', () => {
    expect([node.run('md key q'), node.run('md key q')]).toEqual(['', 'NF\r\n']);
  });
  test('md compares the CAS id, also the id 0', () => {
    const cas = /c(\d+)/.exec(node.run('mg key c'))![1]!;
    expect(node.run(`md key C${BigInt(cas) + 1n}`)).toBe('EX\r\n');
    expect(node.run('md key C0')).toBe('EX\r\n');
    expect(node.run(`md key C${cas}`)).toBe('HD\r\n');
  });
  test('md with I marks the item stale, so its old CAS id fails, and tells no watcher', () => {
    const cas = /c(\d+)/.exec(node.run('mg key c'))![1]!;
    expect(node.run('md key I T30')).toBe('HD\r\n');
    expect(node.put(`cas key 0 0 1 ${cas}`, 'x')).toBe('EXISTS\r\n');
    expect(node.run('mg key v t')).toBe('VA 5 t30 X W\r\nvalue\r\n');
    expect(node.events).toEqual([]);
  });
  test('md with x leaves a tombstone, which has no value and no flags', () => {
    expect(node.run('md key x T30')).toBe('HD\r\n');
    expect(node.run('mg key v f t s')).toBe('VA 0 f0 t30 s0\r\n\r\n');
    expect(node.put('add key 0 0 1', 'x')).toBe('NOT_STORED\r\n');
    expect(audit(node.parts)).toEqual([]);
  });
  test('md with x and I leaves a stale tombstone with the CAS id that the client chose', () => {
    expect(node.run('md key x I E77 T30')).toBe('HD\r\n');
    expect(node.run('mg key v c')).toBe('VA 0 c77 X W\r\n\r\n');
  });
});
