import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { KERNEL_SETTING, whyNoLargePages, withLargePages } from '../../src/cli/large-pages.ts';
import { freePort } from '../support/ports.ts';
import { OwnedProcess } from '../support/server.ts';
import { until } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const ITEMS = 20_000;

/** Which of the machine's settings give large pages to who asks; elsewhere the sentence is tested. */
const setting = existsSync(KERNEL_SETTING) ? await readFile(KERNEL_SETTING, 'utf8') : undefined;
const reason = whyNoLargePages(setting);

test.skipIf(reason !== undefined)('-L: the items of a node lie in large pages', async () => {
  const port = await freePort();
  const command = [process.execPath, MAIN, 'serve', '-L', '-l', '127.0.0.1', '-p', `${port}`];
  const node = new OwnedProcess([...command, '-t', '1', '-m', '64']);
  try {
    await node.unlessItEnds(until('it listens', () => node.stdout.includes('Listening')));
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
])('the kernel says %j', (said, why) => {
  if (why === undefined) expect(whyNoLargePages(said)).toBeUndefined();
  else expect(whyNoLargePages(said)).toMatch(why);
});

test('the environment keeps what it has, and is asked for once', () => {
  const once = withLargePages({ HOME: '/', GLIBC_TUNABLES: 'glibc.malloc.check=1' });
  expect(once).toEqual({
    HOME: '/',
    GLIBC_TUNABLES: 'glibc.malloc.check=1:glibc.malloc.hugetlb=1',
  });
  expect(withLargePages(once!)).toBeUndefined();
  expect(withLargePages({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' })).toBeUndefined();
});
