import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { RawConnection } from '../../support/wire.ts';

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

test('a node creates its Unix socket with the mask, and removes it at its end', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'cache.sock');
  try {
    server = await startSlabring({ unixSocket: path, args: ['-a', '770', '-t', '2'] });
    const info = await stat(path);
    expect(info.isSocket()).toBe(true);
    expect((info.mode & 0o777).toString(8)).toBe('770');
    const connection = await RawConnection.connect({ path });
    const reply = await connection.exchange('set a 0 0 2\r\nhi\r\nget a\r\n');
    expect(reply.toString()).toBe('STORED\r\nVALUE a 0 2\r\nhi\r\nEND\r\n');
    connection.destroy();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await folder.remove();
  }
});

/** With fair sharing, 64 connections leave one of four threads idle once in 10^8 runs. */
test('four threads share one port and one store', async () => {
  const CONNECTIONS = 64;
  server = await startSlabring({ args: ['-t', '4'] });
  const address = server.address;
  const all = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => RawConnection.connect(address)),
  );
  await all[0]!.exchange('set n 0 0 1\r\n0\r\n');
  await Promise.all(all.map((each) => each.exchange('incr n 1\r\n'.repeat(100))));
  for (const each of all) {
    expect((await each.exchange('get n\r\n')).toString()).toContain(`\r\n${CONNECTIONS * 100}\r\n`);
  }
  const stats = (await all[0]!.exchange('stats\r\n')).toString();
  expect(stats).toContain('STAT threads 4\r\n');
  expect(stats).toContain(`STAT curr_connections ${CONNECTIONS}\r\n`);
  for (const each of all) each.destroy();
});

test('a node listens on TCP and on a Unix socket of -l at the same time', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'cache.sock');
  try {
    server = await startSlabring({ args: ['-l', path] });
    const overTcp = await RawConnection.connect(server.address);
    expect((await overTcp.exchange('set a 0 0 2\r\nhi\r\n')).toString()).toBe('STORED\r\n');
    const overUnix = await RawConnection.connect({ path });
    const reply = await overUnix.exchange('get a\r\n');
    expect(reply.toString()).toBe('VALUE a 0 2\r\nhi\r\nEND\r\n');
    for (const each of [overTcp, overUnix]) each.destroy();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await folder.remove();
  }
});
