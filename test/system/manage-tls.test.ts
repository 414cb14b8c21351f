/** `slabring manage` with TLS: the API, the console, and a new certificate. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { DescribeCacheClustersCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Authority, type Identity } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';

import { ManagerProcess, WAIT_MS } from '../support/manager-process.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { waitUntil } from '../support/wait.ts';

describe('slabring manage with TLS', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let authority: Authority;
  let files: Identity;
  let manager: ManagerProcess;
  let ca: Buffer;

  /** Puts a certificate where the manager reads it. */
  async function install({ cert, key }: Identity): Promise<void> {
    await Promise.all([copyFile(cert, files.cert), copyFile(key, files.key)]);
  }
  beforeAll(async () => {
    folder = await temporaryFolder();
    authority = await Authority.create(folder.path);
    files = { cert: join(folder.path, 'api.pem'), key: join(folder.path, 'api.key') };
    await install(await authority.issue('first'));
    ca = await readFile(authority.ca);
    manager = new ManagerProcess(join(folder.path, 'data'), await freePort());
    await manager.start(`--tls-cert=${files.cert}`, `--tls-key=${files.key}`);
  }, WAIT_MS);
  afterAll(async () => {
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  /** The name in the certificate that a new connection gets. */
  function certificateName(): Promise<string> {
    const port = Number(new URL(manager.url).port);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }

  test("AWS's SDK and a browser use it, and nobody does without TLS", async () => {
    expect(manager.url).toMatch(/^https:/);
    const httpsAgent = new Agent({ ca });
    const client = new ElastiCacheClient({
      endpoint: manager.url,
      region: 'local',
      credentials: manager.keys,
      requestHandler: { httpsAgent },
    });
    expect((await client.send(new DescribeCacheClustersCommand({}))).CacheClusters).toEqual([]);
    client.destroy();
    const page = await new Promise<{ cookies: readonly string[]; text: string }>((resolve, no) => {
      request(`${manager.url}/console/sign-in`, { ca, agent: false }, async (reply) => {
        resolve({ cookies: reply.headers['set-cookie'] ?? [], text: await text(reply) });
      })
        .once('error', no)
        .end();
    });
    expect(page.cookies).toEqual([expect.stringMatching(/; SameSite=Strict; Secure$/)]);
    expect(page.text).toContain('Sign in');
    await expect(fetch(manager.url.replace('https', 'http'))).rejects.toThrow();
  });

  test('SIGHUP changes the certificate of new connections, unless the new one is bad', async () => {
    expect(await certificateName()).toBe('first');
    await install(await authority.issue('second'));
    manager.hangUp();
    await waitUntil('the new certificate', async () => (await certificateName()) === 'second');
    await writeFile(files.cert, 'no certificate');
    manager.hangUp();
    await waitUntil('the warning', async () => manager.log.includes('kept the previous'));
    expect(await certificateName()).toBe('second');
  });

  test('one of the two files is not enough', async () => {
    const ended = startVerb(['manage', `--data=${folder.path}/other`, '--tls-cert=a.pem']);
    expect((await ended.exited).code).toBe(2);
    expect(ended.stderr).toContain('--tls-key <file>');
  });
});
