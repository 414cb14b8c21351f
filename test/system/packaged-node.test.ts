import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltPackages, buildPackages, run } from '../support/built-packages.ts';
import { Authority } from '../support/certificates.ts';
import { ask } from '../support/http.ts';
import { startSlabring } from '../support/node-process.ts';
import { leastEmptyNodeBytes, packagedMain } from '../support/packaged-node.ts';
import { startScripted } from '../support/scripted-http.ts';
import type { TestServer } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection, sendAndReadToEnd } from '../support/wire.ts';

/**
 * Bounds of the resident memory of an empty node, in MiB: the goals of 90 and 130, and a tenth
 * for other kernels, other versions of Node.js and busy machines.
 */
const MEMORY_MAX = [
  { threads: 1, mebibytesMax: 99 },
  { threads: 4, mebibytesMax: 143 },
] as const;

let built: BuiltPackages;
beforeAll(async () => {
  built = await buildPackages();
});
afterAll(() => built?.remove());

async function withNode(
  options: Parameters<typeof startSlabring>[0],
  use: (node: TestServer) => Promise<void>,
): Promise<void> {
  const node = await startSlabring({ ...options, entry: packagedMain(built) });
  try {
    await use(node);
  } finally {
    expect(await node.stop()).toMatchObject({ code: 0 });
  }
}

describe('a node that runs from the package', () => {
  test.skipIf(process.platform !== 'linux').each(MEMORY_MAX)(
    'an empty node with -t $threads takes at most $mebibytesMax MiB',
    async ({ threads, mebibytesMax }) => {
      const bytes = await leastEmptyNodeBytes(built, ['-t', String(threads)], 3);
      expect(bytes / 2 ** 20).toBeLessThan(mebibytesMax);
    },
  );
  test('a node has the fast path that the package contains', async () => {
    await withNode({ args: ['-t', '1'] }, async ({ process: node }) => {
      expect(node.stdout).toContain(', fast path memory32. Listening on');
      expect(node.stderr).toBe('');
    });
  });
  test('a node whose Node.js has no WebAssembly logs that, and serves', async () => {
    const reason = 'this Node.js runs without WebAssembly';
    await withNode({ args: ['-t', '1'], nodeArgs: ['--jitless'] }, async (node) => {
      expect(node.process.stdout).toContain(', fast path off. Listening on');
      const replies = await sendAndReadToEnd(node.address, 'set k 0 0 1\r\nv\r\nget k\r\nquit\r\n');
      expect(replies.toString()).toBe('STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n');
      const { level, msg, ...facts } = JSON.parse(node.process.stderr) as Record<string, unknown>;
      expect({ level, msg }).toEqual({
        level: 'warn',
        msg: 'the fast path is off: JavaScript answers all requests',
      });
      expect(facts['reason']).toBe(reason);
    });
  });
  test('a node writes its snapshots to S3', async () => {
    const s3 = await startScripted(() => ({}));
    const env = {
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_ACCESS_KEY_ID: 'ID',
      AWS_SECRET_ACCESS_KEY: 'SECRET',
    };
    const to = ['--snapshot-every', '1s', '--snapshot-to', 's3://backups/nodes'];
    try {
      await withNode({ args: ['-t', '1', ...to], env }, () =>
        waitUntil('a snapshot', () =>
          s3.seen.some(({ method, url, body }) => {
            const isName = url.startsWith('/backups/nodes/') && url.endsWith('.snapshot');
            return method === 'PUT' && isName && body.subarray(0, 8).toString() === 'SLABSNAP';
          }),
        ).then(() => {}),
      );
    } finally {
      await s3.stop();
    }
  });
  test('a restore of what is no snapshot is refused, and the node goes on', async () => {
    const token = join(built.project, 'restore-token');
    await writeFile(token, 't'.repeat(32));
    const args = ['-t', '1', '--admin-port', '0', '--admin-token-file', token];
    await withNode({ args }, async ({ address, process: node }) => {
      const url = /Admin port: (http:[^\s"]+)/.exec(node.stdout)?.[1];
      const headers = {
        authorization: `Bearer ${'t'.repeat(32)}`,
        'content-type': 'application/octet-stream',
      };
      await sendAndReadToEnd(address, 'set k 0 0 1\r\nv\r\nquit\r\n');
      const reply = await ask(`${url}/snapshot/restore`, { method: 'POST', body: 'x', headers });
      expect(reply).toMatchObject({ status: 400, body: expect.stringContaining('no snapshot') });
      const replies = await sendAndReadToEnd(address, 'get k\r\nquit\r\n');
      expect(replies.toString()).toBe('VALUE k 0 1\r\nv\r\nEND\r\n');
      expect(node.stderr).not.toContain('"level":"error"');
    });
  });
  test.skipIf(process.platform !== 'linux')(
    'a node whose threads get no address space does not start, and says why',
    async () => {
      const gibibytes = 2 ** 20; // `ulimit -v` counts KiB
      const limit = `ulimit -v ${3 * gibibytes} && exec "$@"`;
      const prefix = ['sh', '-c', limit, 'sh'];
      const start = startSlabring({
        args: ['-t', '8'],
        entry: packagedMain(built),
        commandPrefix: prefix,
      });
      await expect(start).rejects.toThrow(/exit code 1\).*is limited to 3 GiB.*lower -t/s);
    },
  );
  test('a node shows its metrics over HTTPS, and names a missing token file', async () => {
    const authority = await Authority.create(built.project, 'admin-ca');
    const { cert, key } = await authority.issue('admin');
    const ca = await readFile(authority.ca);
    const tls = ['--admin-tls', 'on', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`];
    await withNode(
      { args: ['-t', '1', '--admin-port', '0', ...tls] },
      async ({ process: node }) => {
        const url = /Admin port: (https:[^\s"]+)/.exec(node.stdout)?.[1];
        const { status, body } = await ask(`${url}/metrics`, { tls: { ca } });
        expect({ status, isUp: body.includes('\nmemcached_up 1\n') }).toEqual({
          status: 200,
          isUp: true,
        });
      },
    );
    const args = ['--admin-port', '0', '--admin-token-file', '/no/token'];
    const refused = startSlabring({ args, entry: packagedMain(built) });
    await expect(refused).rejects.toThrow(/exit code 1.*"msg":"Cannot read the token/s);
  });
  test('a node with TLS and a login serves its users', async () => {
    const authority = await Authority.create(built.project);
    const identity = await authority.issue('node');
    const users = join(built.project, 'users');
    await writeFile(users, 'alice:wonderland\n');
    const tls = { identity, ca: await readFile(authority.ca) };
    await withNode({ args: ['-t', '2', '-Y', users], tls }, async ({ address }) => {
      const login = (password: string): string =>
        `set login 0 0 ${6 + password.length}\r\nalice ${password}\r\n`;
      const connection = await RawConnection.connect(address);
      const replies = await connection.exchange(
        `${login('wonderland')}set k 0 0 1\r\nv\r\nget k\r\n`,
      );
      expect(replies.toString()).toBe('STORED\r\nSTORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n');
      connection.destroy();
      const refused = await sendAndReadToEnd(address, `${login('nonsense')}quit\r\n`);
      expect(refused.toString()).toContain('CLIENT_ERROR authentication failure\r\n');
    });
  });
  test.each([
    [['--zz', '-m64'], 'There is no option "--zz".'],
    [['serve', '--port'], '--port needs a value.'],
    [['-m', 'x'], 'memory'],
  ])('a wrong command line is refused in English: %j', async (args, sentence) => {
    const env = { ...process.env, LC_ALL: 'de_DE.UTF-8' };
    const refused = run(process.execPath, [packagedMain(built), ...args], { env });
    await expect(refused).rejects.toMatchObject({ stderr: expect.stringContaining(sentence) });
  });
  test('the verbs of the command line use a node of the package', async () => {
    await withNode({ args: ['-t', '1'] }, async ({ port }) => {
      const slabring = (...args: readonly string[]) =>
        run(process.execPath, [packagedMain(built), ...args, '--nodes', `127.0.0.1:${port}`]);
      await slabring('set', 'key', 'value');
      expect((await slabring('get', 'key')).stdout).toBe('value\n');
      expect((await slabring('stats')).stdout).toContain('items');
    });
  });
});
