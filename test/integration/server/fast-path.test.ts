/** Which fast path a node has, as its operator sees it. */
import { afterEach, expect, test } from 'vitest';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { RawConnection } from '../../support/wire.ts';

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

const MEBIBYTE = 2 ** 20;

async function startNode(args: readonly string[]) {
  const server = await startSlabring({ args });
  servers.push(server);
  const connection = await RawConnection.connect(server.address);
  const ask = async (request: string): Promise<string> =>
    (await connection.exchange(request)).toString('latin1');
  return { server, ask, end: () => connection.destroy() };
}

test.each([
  { megabytes: 64, kind: 'memory32', grown: 256 },
  { megabytes: 2048, kind: 'memory64', grown: 8192 },
])('a node with -m $megabytes has the fast path of $kind, and may grow to $grown', async (row) => {
  const { server, ask, end } = await startNode(['-m', String(row.megabytes), '-t', '2']);
  expect(server.process.stdout).toContain(`, fast path ${row.kind}. Listening on`);
  expect(await ask('stats\r\n')).toContain(`STAT slabring_fast_path ${row.kind}\r\n`);
  expect(await ask('stats settings\r\n')).toContain('STAT fast_path yes\r\n');
  expect(await ask('set k 0 0 5\r\nvalue\r\nget k\r\n')).toBe(
    'STORED\r\nVALUE k 0 5\r\nvalue\r\nEND\r\n',
  );
  expect(await ask(`cache_memlimit ${row.grown}\r\n`)).toBe('OK\r\n');
  expect(await ask('stats\r\n')).toContain(`STAT limit_maxbytes ${row.grown * MEBIBYTE}\r\n`);
  expect(await ask(`cache_memlimit ${row.grown + 1}\r\n`)).not.toBe('OK\r\n');
  expect(server.process.stderr).toBe('');
  end();
});

test('a node with -m 8192 may grow as far as a memory of 16 GiB reaches', async () => {
  const { ask, end } = await startNode(['-m', '8192', '-t', '1']);
  expect(await ask('stats\r\n')).toContain('STAT slabring_fast_path memory64\r\n');
  expect(await ask('cache_memlimit 14000\r\n')).toBe('OK\r\n');
  expect(await ask('cache_memlimit 16384\r\n')).not.toBe('OK\r\n');
  end();
});

test('a node with -o no_fast_path serves with JavaScript alone', async () => {
  const { server, ask, end } = await startNode(['-o', 'no_fast_path', '-t', '1']);
  expect(server.process.stdout).toContain(', fast path off (-o no_fast_path). Listening on');
  expect(await ask('stats\r\n')).toContain('STAT slabring_fast_path off\r\n');
  expect(await ask('stats settings\r\n')).toContain('STAT fast_path no\r\n');
  expect(server.process.stderr).toBe('');
  end();
});

test.skipIf(process.platform !== 'linux')(
  'a node whose address space is limited leaves it to its threads',
  async () => {
    const gibibytes = 2 ** 20; // `ulimit -v` counts KiB
    const limit = `ulimit -v ${60 * gibibytes} && exec "$@"`;
    const server = await startSlabring({
      args: ['-t', '1'],
      commandPrefix: ['sh', '-c', limit, 'sh'],
    });
    servers.push(server);
    expect(server.process.stdout).toContain(', fast path off. Listening on');
    expect(JSON.parse(server.process.stderr)).toMatchObject({
      level: 'warn',
      reason: 'the address space of the process is limited: run ulimit -v unlimited',
    });
  },
);
