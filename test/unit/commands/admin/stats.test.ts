import { describe, expect, test } from 'vitest';
import { CommandHarness } from '../../../support/command-harness.ts';

/** The statistics of a topic, by name. */
function stats(node: CommandHarness, topic = ''): Readonly<Record<string, string>> {
  const lines = node.run(`stats ${topic}`.trim()).split('\r\n');
  expect(lines.slice(-2)).toEqual(['END', '']);
  return Object.fromEntries(
    lines.slice(0, -2).map((line) => {
      const [, name, value] = /^STAT (\S+) (.*)$/.exec(line) ?? ['', line, 'no statistic'];
      return [name, value];
    }),
  );
}

describe('stats', () => {
  test('stats shows the version of slabring, and memory and CPU time of its process', () => {
    const { slabring_version: version, ...all } = stats(new CommandHarness());
    expect(version).toBe('0.0.0');
    expect(all['version']).toBe('test');
    expect(all['slabring_fast_path']).toBe('off');
    expect(Number(all['rss_bytes'])).toBeGreaterThan(2 ** 20);
    expect(Number(all['rusage_user'])).toBeGreaterThan(0);
  });

  test('stats counts commands, hits and misses, and resets them', () => {
    const node = new CommandHarness();
    node.put('set a 0 0 5', 'value');
    node.run('get a none');
    node.run('touch a 0');
    node.run('delete none');
    expect(stats(node)).toMatchObject({
      cmd_get: '2',
      cmd_set: '1',
      cmd_touch: '1',
      get_hits: '1',
      get_misses: '1',
      delete_misses: '1',
      touch_hits: '1',
      curr_items: '1',
      total_items: '1',
      bytes: '38',
    });
    expect(node.run('stats reset')).toBe('RESET\r\n');
    expect(stats(node)).toMatchObject({
      cmd_get: '0',
      get_hits: '0',
      curr_items: '1',
      bytes: '38',
    });
  });
  test('stats shows the classes that have items or pages only', () => {
    const node = new CommandHarness();
    expect(stats(node, 'items')).toEqual({});
    node.put('set a 0 0 0', '');
    const cls = /cls=(\d+)/.exec(node.run('me a'))![1]!;
    expect(stats(node, 'items')).toMatchObject({ [`items:${cls}:number`]: '1' });
    expect(stats(node, 'slabs')).toMatchObject({
      [`${cls}:used_chunks`]: '1',
      [`${cls}:total_pages`]: '1',
      active_slabs: '1',
    });
  });
  test('stats counts sizes in steps of 32 bytes once it is enabled', () => {
    const node = new CommandHarness();
    expect(stats(node, 'sizes')).toEqual({ sizes_status: 'disabled' });
    expect(stats(node, 'sizes_enable')).toEqual({ sizes_status: 'enabled' });
    node.put('set a 0 0 0', '');
    node.put('set b 0 0 40', 'v'.repeat(40));
    expect(stats(node, 'sizes')).toEqual({ 64: '1', 96: '1' });
    expect(stats(node, 'sizes_disable')).toEqual({ sizes_status: 'disabled' });
  });
});
