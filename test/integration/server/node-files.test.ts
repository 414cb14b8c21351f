import { execFileSync } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { defaultServerOptions, startNode } from '../../../src/node/index.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let users: string;
let fifo: string;
let identity: Identity;
const servers: TestServer[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  identity = await (await Authority.create(folder.path)).issue('node');
  users = join(folder.path, 'users');
  fifo = join(folder.path, 'fifo');
  execFileSync('mkfifo', [fifo]);
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
afterAll(() => folder.remove());

async function serve(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '1', ...args] });
  servers.push(server);
  return server;
}

async function canLogIn(server: TestServer, token: string): Promise<boolean> {
  const login = `set x 0 0 ${token.length}\r\n${token}\r\n`;
  return (await sendAndReadToEnd(server.address, login)).toString() === 'STORED\r\n';
}

/** Replaces a file by a FIFO that nobody writes to. */
async function replaceByFifo(file: string): Promise<void> {
  execFileSync('mkfifo', [`${file}.new`]);
  await rename(`${file}.new`, file);
}

describe('a FIFO in place of a file', () => {
  test('a FIFO in place of the user file keeps the users, and later files load', async () => {
    await writeFile(users, 'bob:builder\n');
    const server = await serve('-Y', users);
    await replaceByFifo(users);
    process.kill(server.pid, 'SIGHUP');
    await waitUntil('the node logs the reason', () =>
      server.process.stderr.includes('it is a FIFO, not a regular file'),
    );
    expect(await canLogIn(server, 'bob builder')).toBe(true);
    await writeFile(`${users}.new`, 'carol:singer\n');
    await rename(`${users}.new`, users);
    process.kill(server.pid, 'SIGHUP');
    await waitUntil('the node reloads', () => canLogIn(server, 'carol singer'));
    await replaceByFifo(users);
    process.kill(server.pid, 'SIGHUP');
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('a FIFO in place of a certificate keeps the certificates, and SIGTERM works', async () => {
    const live = join(folder.path, 'live.pem');
    execFileSync('cp', [identity.cert, live]);
    const files = `ssl_chain_cert=${live},ssl_key=${identity.key}`;
    const server = await serve('-Z', '-o', files);
    await replaceByFifo(live);
    process.kill(server.pid, 'SIGHUP');
    await waitUntil('the node logs the reason', () =>
      /kept the previous certificates.*it is a FIFO/.test(server.process.stderr),
    );
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('a FIFO as a file of a node fails its start, and the message says why', async () => {
    await expect(serve('-Y', fifo)).rejects.toThrow(/Cannot read the user file.*it is a FIFO/);
    await expect(serve('-Z', '-o', `ssl_chain_cert=${fifo}`)).rejects.toThrow(
      /Cannot read the certificate chain.*it is a FIFO/,
    );
  });
});

test('a reload of users resolves with the reason why the previous users stay', async () => {
  await writeFile(`${users}.own`, 'bob:builder\n', { mode: 0o600 });
  const options = { ...defaultServerOptions(), port: 0, threads: 1, listen: ['127.0.0.1'] };
  const node = await startNode({ ...options, authFile: `${users}.own` });
  try {
    expect(await node.control.reload('users')).toBeUndefined();
    await writeFile(`${users}.own`, 'no colon\n');
    expect(await node.control.reload('users')).toContain('line 1: it has no colon');
    expect(await node.reload()).toContain('line 1: it has no colon');
    expect(await node.control.reload('certificates')).toBe('TLS not enabled');
  } finally {
    await node.stop();
  }
});
