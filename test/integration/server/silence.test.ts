import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawConnection } from '../../support/wire.ts';

const LOGIN = 'set x 0 0 11\r\nbob builder\r\n';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const servers: TestServer[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
afterAll(() => folder.remove());

async function serve(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '2', ...args] });
  servers.push(server);
  return server;
}

async function serveUsers(...args: readonly string[]): Promise<TestServer> {
  const users = join(folder.path, 'users');
  await writeFile(users, 'bob:builder\n', { mode: 0o600 });
  return serve('-Y', users, ...args);
}

test('text other than a login counts as an attempt to log in', async () => {
  const server = await serveUsers('--login-attempts', '3');
  const connection = await RawConnection.connect(server.address);
  connection.send('get a\r\n'.repeat(5));
  const reply = await connection.readToEnd();
  expect(reply.toString()).toBe('CLIENT_ERROR unauthenticated\r\n'.repeat(3));
  connection.destroy();
});

describe('silent clients', () => {
  test('silent clients that do not log in lose their connections', async () => {
    const LIMIT = 6;
    const server = await serveUsers('-c', `${LIMIT}`, '--login-timeout', '1');
    const honest = await RawConnection.connect(server.address);
    honest.send(LOGIN);
    await honest.readUntil('STORED\r\n');
    const strangers: RawConnection[] = [];
    for (let i = 1; i < LIMIT; i++) strangers.push(await RawConnection.connect(server.address));
    for (const stranger of strangers) expect((await stranger.readToEnd()).length).toBe(0);
    const late = await RawConnection.connect(server.address);
    late.send(LOGIN);
    expect((await late.readUntil('\r\n')).toString()).toBe('STORED\r\n');
    const stats = (await honest.exchange('stats\r\n')).toString();
    expect(stats).toContain(`STAT login_timeouts ${LIMIT - 1}\r\n`);
    for (const each of [honest, late, ...strangers]) each.destroy();
  });

  test('silent clients lose their connections after idle_timeout, watchers do not', async () => {
    const server = await serve('-o', 'idle_timeout=1');
    const watcher = await RawConnection.connect(server.address);
    watcher.send('watch connevents\r\n');
    await watcher.readUntil('OK\r\n');
    const silent = await RawConnection.connect(server.address);
    const active = await RawConnection.connect(server.address);
    let isClosed = false;
    void silent.readToEnd().then(() => {
      isClosed = true;
    });
    await waitUntil('the silent client is disconnected', async () => {
      await active.exchange('mn\r\n');
      return isClosed;
    });
    expect((await active.exchange('stats\r\n')).toString()).toContain('STAT idle_kicks 1\r\n');
    const settings = (await active.exchange('stats settings\r\n')).toString();
    expect(settings).toContain('STAT idle_timeout 1\r\n');
    await watcher.readUntil('reason=idle_timeout');
    for (const each of [watcher, silent, active]) each.destroy();
  });

  test.skipIf(process.platform !== 'linux')(
    'silent clients are probed by the kernel (TCP keepalive)',
    async () => {
      const server = await serve();
      const client = await RawConnection.connect(server.address);
      await client.exchange('mn\r\n');
      const port = server.port.toString(16).toUpperCase().padStart(4, '0');
      const sockets = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
      const accepted = sockets.find((line) =>
        new RegExp(`^ *\\d+: \\w+:${port} .* 01 `).test(line),
      );
      // The timer of the socket: 02 is keepalive.
      expect(accepted).toMatch(/ 02:\w{8} /);
      client.destroy();
    },
  );
});
