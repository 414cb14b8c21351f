import { describe, expect, test } from 'vitest';
import { STREAM } from '../../../../src/commands/index.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

describe('delete', () => {
  test('delete removes an item once, counts it, and frees its memory', () => {
    const node = new CommandHarness({ watchedStreams: STREAM.deletions });
    node.put('set a 0 0 1', 'x');
    expect([node.run('delete a'), node.run('delete a')]).toEqual(['DELETED\r\n', 'NOT_FOUND\r\n']);
    expect([node.classes('delete_hits'), node.thread('delete_misses')]).toEqual([1, 1]);
    expect(node.events).toHaveLength(1);
    expect(node.events[0]).toMatch(/^deleted key=a cmd=delete clsid=\d+ size=\d+$/);
    expect(audit(node.parts)).toEqual([]);
  });
  test('delete says nothing to a quiet request', () => {
    const node = new CommandHarness();
    node.put('set a 0 0 1', 'x');
    expect([node.run('delete a noreply'), node.run('get a')]).toEqual(['', 'END\r\n']);
  });
});

describe('touch', () => {
  test('touch sets the ttl of an item, and counts hits and misses', () => {
    const node = new CommandHarness();
    node.put('set a 0 0 1', 'x');
    expect([node.run('touch a 5'), node.run('touch b 5')]).toEqual([
      'TOUCHED\r\n',
      'NOT_FOUND\r\n',
    ]);
    expect([node.thread('touch_cmds'), node.thread('touch_misses')]).toEqual([2, 1]);
    expect(node.classes('touch_hits')).toBe(1);
    node.parts.clock.tick(node.parts.clock.now() + 5);
    expect(node.run('get a')).toBe('END\r\n');
  });
});

describe('flush_all', () => {
  test('flush_all hides every item at once, or when its second comes', () => {
    const node = new CommandHarness();
    const { clock } = node.parts;
    node.put('set a 0 0 1', 'x');
    expect(node.run('flush_all')).toBe('OK\r\n');
    expect(node.run('get a')).toBe('END\r\n');
    node.put('set a 0 0 1', 'x');
    expect(node.run('flush_all 10')).toBe('OK\r\n');
    clock.tick(clock.now() + 9);
    expect(node.run('get a')).toContain('VALUE');
    clock.tick(clock.now() + 1);
    expect(node.run('get a')).toBe('END\r\n');
    expect(node.thread('flush_cmds')).toBe(2);
  });
  test('flush_all is refused, and counted, where the operator does not allow it', () => {
    const node = new CommandHarness({ flushAllowed: false });
    node.put('set a 0 0 1', 'x');
    expect(node.run('flush_all')).toBe('CLIENT_ERROR flush_all not allowed\r\n');
    expect([node.run('get a').length > 5, node.thread('flush_cmds')]).toEqual([true, 1]);
  });
});
