import { expect, test } from 'vitest';
import { Cachedump } from '../../../../src/commands/admin/cachedump.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

/** The whole dump and the number of its pieces; `between` runs after each piece. */
function dump(node: CommandHarness, sizeClass: number, limit = 0, between = (): void => {}) {
  const stream = new Cachedump(node.store, sizeClass, limit);
  let output = '';
  for (let pieces = 1; ; pieces++) {
    const isDone = stream.write(node.sink);
    output += node.takeOutput();
    if (isDone) return { output, pieces };
    between();
  }
}

const classOf = (node: CommandHarness, key: string): number =>
  Number(/cls=(\d+)/.exec(node.run(`me ${key}`))![1]);
const keysOf = (output: string): readonly string[] =>
  [...output.matchAll(/^ITEM (\S+) /gm)].map(([, key = '']) => key);

test('a cachedump lists the live items of one class, and no flushed or expired ones', () => {
  const node = new CommandHarness();
  node.put('set flushed 0 0 1', 'x');
  node.run('flush_all');
  node.put('set a 0 100 5', 'value');
  node.put('set expired 0 -1 5', 'value');
  node.put('set large 0 0 900', 'x'.repeat(900));
  const { clock } = node.parts;
  const expiry = clock.now() + clock.epoch() + 100;
  expect(dump(node, classOf(node, 'a')).output).toBe(`ITEM a [5 b; ${expiry} s]\r\nEND\r\n`);
  expect(dump(node, classOf(node, 'large')).output).toBe('ITEM large [900 b; 0 s]\r\nEND\r\n');
  expect(dump(node, 0).output + dump(node, 63).output).toBe('END\r\nEND\r\n');
});

test('a cachedump lists a chained item in the largest class, whatever class its head has', () => {
  const node = new CommandHarness({ slabChunkMaxBytes: 1024, maxItemSizeBytes: 100_000 });
  node.put('set big 0 0 90000', 'x'.repeat(90_000));
  node.put('set small 0 0 1', 'x');
  const largest = classOf(node, 'big');
  expect(keysOf(dump(node, largest).output)).toEqual(['big']);
});

test('a cachedump comes in pieces, and lists each item that stays once', () => {
  const node = new CommandHarness({ memoryLimitBytes: 16 << 20 });
  const keys = node.fill('stays', 20_000, 10);
  let added = 0;
  const { output, pieces } = dump(node, classOf(node, 'stays1'), 0, () => {
    for (let i = 0; i < 200; i++) node.put(`set other${added++} 0 0 10`, '0123456789');
    node.run(`delete other${added - 1}`);
  });
  expect(pieces).toBeGreaterThan(5);
  const listed = keysOf(output).filter((key) => key.startsWith('stays'));
  expect(new Set(listed)).toEqual(new Set(keys));
  expect(listed.length).toBe(keys.length);
});

test('a cachedump ends at its limit, and at 2 MiB', () => {
  const node = new CommandHarness({ memoryLimitBytes: 32 << 20 });
  node.fill('k'.repeat(200), 12_000, 10);
  const sizeClass = classOf(node, `${'k'.repeat(200)}1`);
  expect(keysOf(dump(node, sizeClass, 7).output).length).toBe(7);
  const { output } = dump(node, sizeClass);
  expect(output.length).toBeGreaterThan(1.9 * 2 ** 20);
  expect(output.length).toBeLessThan(2.1 * 2 ** 20);
  expect(output.endsWith('\r\nEND\r\n')).toBe(true);
});
