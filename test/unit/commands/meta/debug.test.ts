import { expect, test } from 'vitest';
import { CommandHarness } from '../../../support/command-harness.ts';

test('me shows the facts of an item, and does not count as a fetch', () => {
  const node = new CommandHarness();
  const { clock } = node.parts;
  node.put('set key 0 100 5', 'value');
  clock.tick(clock.now() + 10);
  const facts = node.run('me key');
  expect(facts).toMatch(/^ME key exp=90 la=10 cas=\d+ fetch=no cls=\d+ size=40\r\n$/);
  expect(node.run('me key')).toBe(facts);
  node.run('get key');
  expect(node.run('me key')).toContain('la=0 ');
  expect(node.run('me key')).toContain('fetch=yes');
  expect([node.run('me none'), node.thread('meta_cmds')]).toEqual(['EN\r\n', 5]);
});

test('me shows a key in base64 as the client sent it, and -1 for no expiry', () => {
  const node = new CommandHarness();
  node.put('ms YWI= 1 b', 'x');
  expect(node.run('me YWI= b')).toMatch(/^ME YWI= exp=-1 la=0 /);
});

test.each([
  ['k\ty', 'k\ty'],
  ['k\x01\x7fy', 'k\x01\x7fy'],
])('me shows the key %j raw, as memcached does', (key, shown) => {
  const node = new CommandHarness();
  node.put(`set ${key} 0 0 1`, 'x');
  expect(node.run(`me ${key}`).split(' ')[1]).toBe(shown);
});
