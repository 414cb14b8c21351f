import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  KERNEL_SETTING,
  whyNoLargeFastPath,
  whyNoLargePages,
  withLargePages,
} from '../../src/cli/process/large-pages.ts';
import { freePort } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

const ITEMS = 20_000;

/** The kernel setting of this machine. If it gives no large pages, the first test cannot run. */
const setting = existsSync(KERNEL_SETTING) ? await readFile(KERNEL_SETTING, 'utf8') : undefined;
const reason = whyNoLargePages(setting);

test.skipIf(reason !== undefined)('a node with -L stores its items in large pages', async () => {
  const port = await freePort();
  const command = [process.execPath, MAIN, 'serve', '-L', '-l', '127.0.0.1', '-p', `${port}`];
  const node = new OwnedProcess([...command, '-t', '1', '-m', '64', '-o', 'no_fast_path']);
  try {
    await node.failOnExit(waitUntil('it listens', () => node.stdout.includes('Listening')));
    const connection = await RawConnection.connect({ host: '127.0.0.1', port });
    const value = 'x'.repeat(1000);
    const sets = Array.from(
      { length: ITEMS },
      (_, i) => `set key-${i} 0 0 1000 noreply\r\n${value}\r\n`,
    );
    await connection.exchange(`${sets.join('')}version\r\n`);
    const sums = await readFile(`/proc/${node.pid}/smaps_rollup`, 'utf8');
    const kilobytes = Number(/AnonHugePages:\s+(\d+) kB/.exec(sums)?.[1]);
    expect(kilobytes).toBeGreaterThan(8 * 1024);
    expect(node.stderr).toBe('');
    connection.destroy();
  } finally {
    expect((await node.stop()).code).toBe(0);
  }
});

test.each([
  [undefined, /only Linux/],
  ['always madvise [never]\n', /says never/],
  ['always [madvise] never\n', undefined],
  ['[always] madvise never\n', undefined],
])('whyNoLargePages explains the kernel setting %j', (text, message) => {
  if (message === undefined) expect(whyNoLargePages(text)).toBeUndefined();
  else expect(whyNoLargePages(text)).toMatch(message);
});

test.each([
  [undefined, undefined],
  ['always madvise [never]\n', undefined],
  ['always [madvise] never\n', /only if \S+ says always; -o no_fast_path keeps them/],
  ['[always] madvise never\n', undefined],
])('the fast path has large pages as the kernel setting %j says', (text, message) => {
  if (message === undefined) expect(whyNoLargeFastPath(text)).toBeUndefined();
  else expect(whyNoLargeFastPath(text)).toMatch(message);
});

test('withLargePages adds one tunable to the environment, and only once', () => {
  const once = withLargePages({ HOME: '/', GLIBC_TUNABLES: 'glibc.malloc.check=1' });
  expect(once).toEqual({
    HOME: '/',
    GLIBC_TUNABLES: 'glibc.malloc.check=1:glibc.malloc.hugetlb=1',
  });
  expect(withLargePages(once!)).toBeUndefined();
  expect(withLargePages({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' })).toBeUndefined();
});
