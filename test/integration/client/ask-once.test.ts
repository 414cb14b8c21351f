/** One request to a real node: in text, by TLS, with memcached's ASCII login, with SASL. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../../../src/client/connection/ask-once.ts';
import type { SingleRequest } from '../../../src/client/connection/exchange.ts';
import { readNodes } from '../../../src/topology/index.ts';
import { Authority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { type SlabringOptions, startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';

const CONFIG: SingleRequest = { verb: 'config-get', key: 'cluster' };
const LOGIN = { username: 'app', password: 'pass word' };
const NODE = ['-t', '1', '-m', '8', '--cluster-nodes', '[::1]:7', '--cluster-version', '12'];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let users: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  users = join(folder.path, 'users');
  await writeFile(users, `${LOGIN.username}:${LOGIN.password}\n`, { mode: 0o600 });
});
afterAll(() => folder.remove());

type Access = Pick<Parameters<typeof askOnce>[2], 'tls' | 'login'>;

/** Starts a node and returns what it answers to each access: a value, a line, or an error. */
async function answersOf(options: SlabringOptions, accesses: readonly Access[]) {
  const server = await startSlabring({ ...options, args: [...NODE, ...(options.args ?? [])] });
  try {
    const answers: string[] = [];
    for (const access of accesses) answers.push(await answerOf(server, access));
    return answers;
  } finally {
    await server.stop();
  }
}

async function answerOf({ host, port, address }: TestServer, access: Access): Promise<string> {
  const [node] = readNodes(['path' in address ? { path: address.path } : { host, port }]);
  const options = { ...access, replyBytesMax: 4096, signal: AbortSignal.timeout(20_000) };
  try {
    const { status, line, value } = await askOnce(node!, CONFIG, options);
    return `${status} ${line}${value}`;
  } catch (error) {
    return `error ${String(error)}`;
  }
}

const FOUND = 'value 12\n::1|::1|7\n';

describe('askOnce', () => {
  test('askOnce gets the cluster config of a node, by TCP and by a Unix socket', async () => {
    expect(await answersOf({}, [{}])).toEqual([FOUND]);
    expect(await answersOf({ unixSocket: join(folder.path, 'node.sock') }, [{}])).toEqual([FOUND]);
  });

  test('askOnce logs in to a node that requires the ASCII login', async () => {
    const wrong = { ...LOGIN, password: 'no' };
    const accesses = [{}, { login: LOGIN }, { login: wrong }];
    expect(await answersOf({ args: ['-Y', users] }, accesses)).toEqual([
      'refused CLIENT_ERROR unauthenticated',
      FOUND,
      expect.stringMatching(/^error .*it refused the login: CLIENT_ERROR authentication failure/),
    ]);
  });

  test('askOnce logs in by SASL to a node that accepts only the binary protocol', async () => {
    const wrong = { ...LOGIN, password: 'no' };
    const accesses = [{}, { login: LOGIN }, { login: wrong }];
    expect(await answersOf({ args: ['-S', '--sasl-only', '-Y', users] }, accesses)).toEqual([
      'refused status 0x20: Auth failure.',
      FOUND,
      expect.stringMatching(/^error .*it refused the login: status 0x20/),
    ]);
  });

  test('askOnce verifies the certificate of a node with TLS', async () => {
    const authority = await Authority.create(folder.path);
    const ca = readFileSync(authority.ca);
    const tls = { identity: await authority.issue('node'), ca };
    const accesses = [{ tls: { ca } }, { tls: {} }];
    expect(await answersOf({ tls }, accesses)).toEqual([
      FOUND,
      expect.stringMatching(/^error .*certificate/),
    ]);
  });

  test('askOnce announces the host name of a node, but not its IP address', async () => {
    const authority = await Authority.create(folder.path, 'sni');
    const { cert, key } = await authority.issue('sni-node');
    const announced: unknown[] = [];
    const node = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
      announced.push(socket.servername);
      socket
        .on('error', () => {})
        .resume()
        .end('END\r\n');
    });
    const port = await freePort();
    await new Promise<void>((resolve) => node.listen(port, '127.0.0.1', resolve));
    try {
      const tls = { ca: readFileSync(authority.ca) };
      for (const host of ['localhost', '127.0.0.1']) {
        const signal = AbortSignal.timeout(20_000);
        const options = { tls, replyBytesMax: 4096, signal };
        await askOnce(readNodes([{ host, port }])[0]!, CONFIG, options);
      }
      expect(announced).toEqual(['localhost', false]);
    } finally {
      await new Promise((resolve) => node.close(resolve));
    }
  });
});
