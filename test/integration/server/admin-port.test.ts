import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readRecords } from '../../../src/ops/index.ts';
import { Authority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { act, ask } from '../../support/http.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';

const TOKEN = 'a token of 32 characters or more'.replaceAll(' ', '-');

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Starts a node with an admin port, and returns its address as the start line says it. */
async function startWithAdmin(...args: readonly string[]) {
  const node = await startSlabring({ args: ['--admin-port', '0', '-t', '2', ...args] });
  closers.push(() => node.stop());
  return { node, url: adminUrlOf(node) };
}

function adminUrlOf({ process: { stdout } }: TestServer): string {
  const url = /Admin port: ([^\s"]+)/.exec(stdout)?.[1];
  if (url === undefined) throw new Error(`no admin port in: ${stdout}`);
  return url;
}

/** The paths of a node that show or change keys or values. */
const KEY_PATHS = [
  ['/snapshot/dump', 'application/json'],
  ['/snapshot/restore', 'application/octet-stream'],
] as const;

/** The header with the token that a node has made for commands of its user. */
function ownTokenOf(url: string): { authorization: string } {
  const record = readRecords(process.env).find((each) => each.url === url);
  return { authorization: `Bearer ${record?.token}` };
}

/** The value of a series in the text of /metrics. */
async function series(url: string, name: string, headers = {}): Promise<number> {
  const { body } = await ask(`${url}/metrics`, { headers });
  const line = body.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

describe('the admin port', () => {
  test('the port shows hot keys to the token of the node only', async () => {
    const { node, url } = await startWithAdmin();
    const binary = 'mg /wA= b v\r\n';
    await sendAndReadToEnd(
      node.address,
      `set a:1 0 0 1\r\n1\r\n${'get a:1\r\n'.repeat(9)}${binary}`,
    );
    expect(await ask(`${url}/hot-keys.json`)).toMatchObject({
      status: 401,
      body: expect.stringContaining('it shows or changes keys and values'),
    });
    const { status, body } = await ask(`${url}/hot-keys.json`, { headers: ownTokenOf(url) });
    const { keys, prefixes, ...all } = JSON.parse(body);
    expect([status, all.isSampling]).toEqual([200, true]);
    expect(all.samples).toBeCloseTo(11, 0);
    expect(keys.map(({ key, keyBase64 }: Record<string, string>) => key ?? keyBase64)).toEqual([
      ...['a:1', '/wA='],
    ]);
    expect(keys[0].getsPerSecond / keys[0].writesPerSecond).toBeCloseTo(9, 0);
    expect(prefixes).toMatchObject([{ key: 'a:' }, { key: '' }]);
    for (const path of ['/metrics', '/stats.json']) {
      expect((await ask(url + path)).body).not.toContain('a:1');
    }
  });

  test('the port shows metrics, stats and health, and counts what clients do', async () => {
    const { node, url } = await startWithAdmin();
    const before = await series(url, 'memcached_commands_total{command="get",status="hit"}');
    await sendAndReadToEnd(node.address, `set a 0 0 1\r\n1\r\n${'get a\r\n'.repeat(25)}get b\r\n`);
    await waitUntil('the metrics have the load', async () => {
      const hits = await series(url, 'memcached_commands_total{command="get",status="hit"}');
      return hits - before === 25;
    });
    expect(await series(url, 'memcached_commands_total{command="get",status="miss"}')).toBe(1);
    expect(await series(url, 'memcached_current_items')).toBe(1);
    expect(await series(url, 'slabring_threads')).toBe(2);
    const stats = await ask(`${url}/stats.json`);
    expect(stats.headers['content-type']).toMatch(/^application\/json/);
    const { state, metrics } = JSON.parse(stats.body) as { state: string; metrics: object[] };
    expect(state).toBe('serving');
    expect(metrics).toContainEqual({
      name: 'memcached_current_items',
      kind: 'gauge',
      unit: '',
      points: [{ labels: {}, value: 1 }],
    });
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200, body: '{"healthy":true}\n' });
    const ready = await ask(`${url}/readyz`, { method: 'HEAD' });
    expect(ready).toMatchObject({ status: 200, body: '' });
    const open = await ask(`${url}/metrics`, {
      headers: { accept: 'application/openmetrics-text;version=1.0.0' },
    });
    expect(open.headers['content-type']).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(open.body).toMatch(/\n# EOF\n$/);
  });

  test('actions change memory and the level of the log, and read files again', async () => {
    const { node, url } = await startWithAdmin('-m', '64');
    expect(await act(url, 'memory', { bytes: 32 << 20 })).toMatchObject({ status: 200 });
    expect(await series(url, 'memcached_limit_bytes')).toBe(32 << 20);
    for (const bytes of [2 ** 40, 1]) {
      expect(await act(url, 'memory', { bytes })).toMatchObject({ status: 409 });
    }
    expect(await act(url, 'memory', { bytes: '64m' })).toMatchObject({ status: 400 });
    expect(await act(url, 'rotate', {})).toMatchObject({ status: 200, body: '{"part":"all"}\n' });
    expect(await act(url, 'rotate', { part: 'none' })).toMatchObject({ status: 400 });
    expect(await act(url, 'rotate', { part: 'users' })).toMatchObject({ status: 409 });
    expect(await act(url, 'log-level', { level: 'loud' })).toMatchObject({ status: 400 });
    expect(await act(url, 'log-level', { level: 'debug' })).toMatchObject({ status: 200 });
    await sendAndReadToEnd(node.address, 'version\r\n');
    await waitUntil('the log shows the client', () =>
      node.process.stderr.includes('client connected'),
    );
    expect(await act(url, 'drain', {})).toMatchObject({ status: 200 });
    expect(await node.process.exited).toEqual({ code: 0, signal: null });
  });

  test('a node is ready at the limit of connections, and not while it drains', async () => {
    const { node, url } = await startWithAdmin('-c', '1');
    const client = connect({ port: node.port, host: node.host, allowHalfOpen: true });
    closers.push(async () => client.destroy());
    await waitUntil('the node has a client', async () => {
      return (await series(url, 'memcached_current_connections')) === 1;
    });
    expect((await ask(`${url}/readyz`)).status).toBe(200);
    // The client keeps its half of the connection open, so that the node drains for two seconds.
    client.write('set a 0 0 9\r\n1');
    await waitUntil('the node has the beginning of the request', async () => {
      return (await series(url, 'memcached_read_bytes_total')) > 0;
    });
    node.process.child.kill('SIGTERM');
    const draining = await waitUntil('the node is not ready', async () => {
      const answer = await ask(`${url}/readyz`);
      return answer.status === 503 && answer;
    });
    expect(JSON.parse(draining.body)).toEqual({ ready: false, state: 'draining' });
    expect((await ask(`${url}/metrics`)).status).toBe(200);
    client.destroy();
    expect(await node.process.exited).toEqual({ code: 0, signal: null });
  });

  test('the port asks for its token, except for the health of the node', async () => {
    const { path, remove } = await temporaryFolder();
    closers.push(remove);
    const file = join(path, 'token');
    await writeFile(file, TOKEN);
    const { url } = await startWithAdmin('--admin-token-file', file);
    const refused = await ask(`${url}/metrics`);
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer /);
    expect((await act(url, 'drain', {})).status).toBe(401);
    expect((await ask(`${url}/healthz`)).status).toBe(200);
    expect((await ask(`${url}/readyz`)).status).toBe(200);
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect(await series(url, 'memcached_up', headers)).toBe(1);
    const next = `${TOKEN}-2`;
    await writeFile(file, next);
    expect((await act(url, 'rotate', {}, headers)).status).toBe(200);
    expect((await ask(`${url}/metrics`, { headers })).status).toBe(401);
    expect(await series(url, 'memcached_up', { authorization: `Bearer ${next}` })).toBe(1);
  });

  test('the port takes client certificates, and none without', async () => {
    const { path, remove } = await temporaryFolder();
    closers.push(remove);
    const authority = await Authority.create(path);
    const [own, client] = [await authority.issue('node'), await authority.issue('client')];
    const files = `ssl_chain_cert=${own.cert},ssl_key=${own.key},ssl_ca_cert=${authority.ca}`;
    const { url } = await startWithAdmin('--admin-tls', 'mutual', '-o', files);
    expect(url).toMatch(/^https:/);
    const ca = await readFile(authority.ca);
    const cert = await readFile(client.cert);
    const key = await readFile(client.key);
    expect((await ask(`${url}/metrics`, { tls: { ca, cert, key } })).status).toBe(200);
    await expect(ask(`${url}/metrics`, { tls: { ca } })).rejects.toThrow();
  });

  test('actions of a node with a login need the token that only its user has', async () => {
    const { path, remove } = await temporaryFolder();
    closers.push(remove);
    const users = join(path, 'users');
    await writeFile(users, 'ann:secret-of-ann\n');
    const { url } = await startWithAdmin('-Y', users);
    expect(await act(url, 'log-level', { level: 'info' })).toMatchObject({
      status: 401,
      body: expect.stringMatching(/requires a login.*--admin-token-file/),
    });
    const own = await act(url, 'log-level', { level: 'info' }, ownTokenOf(url));
    expect(own.status).toBe(200);
    expect(await series(url, 'memcached_up')).toBe(1);
  });

  test('keys and values need a token on each port, and numbers do not', async () => {
    const { url } = await startWithAdmin();
    for (const [path, type] of KEY_PATHS) {
      const send = (headers: object) =>
        ask(`${url}${path}`, { method: 'POST', headers: { 'content-type': type, ...headers } });
      for (const headers of [{}, { authorization: `Bearer ${'0'.repeat(64)}` }]) {
        expect(await send(headers)).toMatchObject({
          status: 401,
          body: expect.stringContaining('shows or changes keys and values'),
        });
      }
      expect((await send(ownTokenOf(url))).status, path).not.toBe(401);
    }
    expect(await series(url, 'memcached_up')).toBe(1);
  });

  test('a node does not start with an admin port that is in use', async () => {
    const { url } = await startWithAdmin();
    const args = ['--admin-port', new URL(url).port];
    await expect(startSlabring({ args })).rejects.toThrow(/another program uses it.*--admin-port/);
  });
});
