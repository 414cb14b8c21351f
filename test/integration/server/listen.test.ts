import { lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';
import { RawConnection, sendAndReadToEnd } from '../../support/wire.ts';

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

test('a node at its end keeps the socket of another node that has its path by then', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'cache.sock');
  try {
    const older = await startSlabring({ unixSocket: path, args: ['-t', '1'] });
    await rm(path);
    server = await startSlabring({ unixSocket: path, args: ['-t', '1'] });
    expect(await older.stop()).toEqual({ code: 0, signal: null });
    const connection = await RawConnection.connect({ path });
    expect((await connection.exchange('get a\r\n')).toString()).toBe('END\r\n');
    connection.destroy();
    expect(await readdir(folder.path)).toEqual(['cache.sock']);
  } finally {
    await folder.remove();
  }
});

test('only one of two nodes that start at the same time gets the port', async () => {
  const port = await freePort();
  const start = () => startSlabring({ args: ['-t', '2'], port });
  const started = await Promise.allSettled([start(), start()]);
  const nodes = started.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  await Promise.all(nodes.map((node) => node.stop()));
  expect(nodes).toHaveLength(1);
  const reasons = started.flatMap((each) => (each.status === 'rejected' ? [`${each.reason}`] : []));
  expect(reasons).toEqual([expect.stringContaining(`already listens on port ${port}`)]);
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

/** The path of a Unix socket in a folder of its own. */
async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder();
  try {
    await use(join(folder.path, 'cache.sock'));
  } finally {
    await folder.remove();
  }
}

test('a node refuses -s with a file, a link or a folder, and keeps it', () =>
  inFolder(async (path) => {
    const start = (unixSocket: string) => startSlabring({ unixSocket, args: ['-t', '1'] });
    await writeFile(path, 'precious');
    await expect(start(path)).rejects.toThrow(/Unix socket .*: the path is taken by a file/);
    expect(await readFile(path, 'utf8')).toBe('precious');
    await symlink(path, `${path}.link`);
    await expect(start(`${path}.link`)).rejects.toThrow(/taken by a symbolic link/);
    expect((await lstat(`${path}.link`)).isSymbolicLink()).toBe(true);
    await mkdir(`${path}.folder`);
    await expect(start(`${path}.folder`)).rejects.toThrow(/taken by a folder/);
  }));

test('a node replaces the socket of a node that was killed, and no socket in use', () =>
  inFolder(async (path) => {
    const killed = await startSlabring({ unixSocket: path, args: ['-t', '1'] });
    killed.process.child.kill('SIGKILL');
    await killed.process.exited;
    expect((await lstat(path)).isSocket()).toBe(true);
    server = await startSlabring({ unixSocket: path, args: ['-t', '1'] });
    await expect(startSlabring({ unixSocket: path })).rejects.toThrow(/another program listens/);
    const connection = await RawConnection.connect({ path });
    expect((await connection.exchange('get a\r\n')).toString()).toBe('END\r\n');
    connection.destroy();
  }));

/** The reply to `stats conns` of a node, asked at this host. */
async function connectionsAt(host: string, port: number): Promise<string> {
  const connection = await RawConnection.connect({ host, port });
  const reply = (await connection.exchange('stats conns\r\n')).toString();
  connection.destroy();
  return reply;
}

test('a node without -l shows an IPv4 client and an IPv6 client each in its own form', async () => {
  const port = await freePort();
  server = await startSlabring({ args: ['-t', '1'], host: '*', port });
  const v4 = await connectionsAt('127.0.0.1', port);
  expect(v4).toMatch(/:addr tcp:127\.0\.0\.1:\d+\r\n/);
  expect(v4).toContain(`:listen_addr tcp:0.0.0.0:${port}\r\n`);
  const v6 = await connectionsAt('::1', port);
  expect(v6).toMatch(/:addr tcp6:\[::1\]:\d+\r\n/);
  expect(v6).toContain(`:listen_addr tcp6:[::]:${port}\r\n`);
});

test('watch shows an IPv4 client of a dual-stack listener as IPv4', async () => {
  const port = await freePort();
  server = await startSlabring({ args: ['-t', '1'], host: '*', port });
  const watcher = await RawConnection.connect({ host: '127.0.0.1', port });
  watcher.send('watch connevents\r\n');
  await watcher.readUntil('OK\r\n');
  const client = await RawConnection.connect({ host: '127.0.0.1', port });
  const line = (await watcher.readUntil('cfd')).toString();
  expect(line).toMatch(/conn_new rip=127\.0\.0\.1 rport=\d+ transport=tcp /);
  for (const each of [watcher, client]) each.destroy();
});

test('-l :: takes IPv6 clients only, and leaves the port of IPv4 to others', async () => {
  const port = await freePort();
  server = await startSlabring({ args: ['-t', '2'], host: '::', port });
  expect(await connectionsAt('::1', port)).toContain(`:listen_addr tcp6:[::]:${port}\r\n`);
  await expect(RawConnection.connect({ host: '127.0.0.1', port })).rejects.toThrow(/ECONNREFUSED/);
  const other = createServer();
  await new Promise<void>((resolve, reject) => {
    other.once('error', reject);
    other.listen(port, '0.0.0.0', resolve);
  });
  await new Promise((closed) => other.close(closed));
});

test('-l with a name listens on every address of the name', async () => {
  const port = await freePort();
  server = await startSlabring({ args: ['-t', '2'], host: 'localhost', port });
  expect(await connectionsAt('127.0.0.1', port)).toContain(`tcp:127.0.0.1:${port}\r\n`);
});

test('-l with a name that does not resolve is refused', async () => {
  const started = startSlabring({ args: ['-t', '1'], host: 'no-such-host.invalid' });
  await expect(started).rejects.toThrow(/The name no-such-host\.invalid has no address \(E/);
});

test('-l may name an address twice', async () => {
  const port = await freePort();
  server = await startSlabring({ args: ['-t', '1'], host: `127.0.0.1,127.0.0.1:${port}`, port });
  expect(await connectionsAt('127.0.0.1', port)).toContain('STAT');
});

const NOOP = Buffer.from('800a00000000000000000000000000000000000000000000', 'hex');

test('-B and proto[] restrict what the clients of a listener send', async () => {
  const [port, binary] = [await freePort(), await freePort()];
  const host = `127.0.0.1,proto[binary]:127.0.0.1:${binary}`;
  server = await startSlabring({ args: ['-t', '1', '-B', 'ascii'], host, port });
  const text = { host: '127.0.0.1', port };
  const line = Buffer.concat([NOOP, Buffer.from('\r\nquit\r\n')]);
  expect((await sendAndReadToEnd(text, line)).toString()).toMatch(/^ERROR\r\n/);
  const bytes = { host: '127.0.0.1', port: binary };
  const words = Buffer.from(`version\r\n${' '.repeat(24)}`);
  expect((await sendAndReadToEnd(bytes, words)).toString()).toBe('');
  const reply = await sendAndReadToEnd(bytes, NOOP);
  expect(reply.subarray(0, 2).toString('hex')).toBe('810a');
});
