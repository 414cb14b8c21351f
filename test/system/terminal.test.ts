/** What people see who run the command line on a terminal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSlabring } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import type { TestServer } from '../support/server.ts';
import { onTerminal, whyNoTerminal } from '../support/terminal.ts';

const RED = '\u001b[31m';
const skip = whyNoTerminal() !== undefined;

describe.skipIf(skip)('the command line on a terminal', () => {
  let server: TestServer;
  let access: readonly string[];
  beforeAll(async () => {
    server = await startSlabring({ args: ['-t', '1', '-m', '8'] });
    access = ['--nodes', `127.0.0.1:${server.port}`, '--deadline', '20000'];
  });
  afterAll(() => server?.stop());

  test.each([
    ['yes\r', 'flushed', 0],
    ['Y\r', 'flushed', 0],
    ['\r', 'Nothing was flushed.', 1],
    ['yess\r', 'Nothing was flushed.', 1],
    ['\x04', 'Nothing was flushed.', 1],
  ])('the answer %j to the question of flush has the effect %j', async (typed, effect, exit) => {
    await onTerminal(['set', 'kept', 'v', ...access]);
    const { code, shown } = await onTerminal(['flush', ...access], [['Flush? [y/N]', typed]]);
    expect(shown).toContain(effect);
    expect(shown).not.toContain('bug');
    expect(code).toBe(exit);
    expect((await onTerminal(['get', 'kept', ...access])).code).toBe(exit === 0 ? 1 : 0);
  });

  test('set without a value says how to end the input', async () => {
    const line = ['set', 'typed', ...access];
    const { code, shown } = await onTerminal(line, [['Ctrl-D on a line', 'hello\r\x04']]);
    expect([code, shown]).toEqual([0, expect.stringContaining('stored')]);
    expect((await onTerminal(['get', 'typed', ...access])).shown).toContain('hello');
  });

  test.each(['dump', 'restore'])('%s sends no snapshot over a terminal', async (verb) => {
    const { code, shown } = await onTerminal([verb, '-', '--admin', 'http://127.0.0.1:1']);
    expect([code, shown]).toEqual([2, expect.stringContaining('is a terminal: send ')]);
  });

  test('a node that is down is red, unless NO_COLOR is set', async () => {
    const nodes = `127.0.0.1:${server.port},127.0.0.1:${await freePort()}`;
    const line = ['stats', '--nodes', nodes, '--deadline', '20000'];
    expect((await onTerminal(line)).shown).toContain(`${RED}DOWN: connection refused`);
    const plain = await onTerminal(line, [], { env: { NO_COLOR: '1' } });
    expect(plain.shown).toContain(' DOWN: connection refused');
    expect(plain.shown).not.toContain('\u001b[');
  });

  test.each([40, 80])('help and statistics fit a terminal of %i columns', async (columns) => {
    const raw = columns === 80 ? [['stats', '--all', ...access]] : [];
    for (const line of [['stats', '--help'], ['stats', ...access], ...raw]) {
      const { shown } = await onTerminal(line, [], { columns });
      const lines = shown.split(/\r?\n/).map((each) => each.trim());
      // A command and a single word stay on their line.
      const wrapped = lines.filter((each) => !/slabring /.test(each) && / /.test(each));
      expect(Math.max(...wrapped.map((each) => each.length))).toBeLessThanOrEqual(columns);
    }
  });
});
