/** `slabring proxy` before a cluster of one machine: it follows the supervisor's socket. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MembersReply } from '../../src/cluster/index.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startVerb } from '../support/node-process.ts';
import { consecutivePorts } from '../support/ports.ts';
import type { OwnedProcess } from '../support/server.ts';
import { SupervisedCluster } from '../support/supervised-cluster.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const keys = Array.from({ length: 200 }, (_, nth) => `key-${nth}`);
const sets = keys.map((key) => `set ${key} 0 0 1\r\n1\r\n`).join('');

describe('slabring proxy before slabring cluster', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let state: string;
  let cluster: SupervisedCluster;
  let port: number;
  let proxy: OwnedProcess;

  beforeAll(async () => {
    folder = await temporaryFolder();
    state = join(folder.path, 'state');
    const basics = ['--name', 'web', '--replicas', '2', '-m', '16', '--state', state];
    const first = await consecutivePorts(3);
    const options = ['--port', `${first}`, '--nodes', '2', ...basics];
    cluster = await SupervisedCluster.start(join(folder.path, 'run'), ...options);
    // The next node would take this port.
    port = first + 2;
    proxy = startProxy();
    await proxyAnswers();
  }, 120_000);
  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
    await folder?.remove();
  });

  const startProxy = (): OwnedProcess =>
    cluster.command('proxy', '--cluster', 'web', '-p', `${port}`, '-l', '127.0.0.1', '-t', '1');

  const ask = (requests: string): Promise<string> =>
    exchangeOnce({ host: '127.0.0.1', port }, requests);

  const hits = async (): Promise<number> =>
    [...(await ask(`get ${keys.join(' ')}\r\n`)).matchAll(/^VALUE /gm)].length;

  const proxyAnswers = (): Promise<unknown> =>
    waitUntil(
      'the proxy sends requests on',
      async () => {
        const reply = await ask('get none\r\n').catch(() => undefined);
        return reply === 'END\r\n' ? true : undefined;
      },
      60_000,
    );

  async function members(): Promise<MembersReply['members']> {
    const { out } = await cluster.run('nodes', 'list', '--cluster', 'web', '--json');
    return (JSON.parse(out) as MembersReply).members;
  }

  const proxyIsGone = (): Promise<unknown> =>
    waitUntil(
      'the proxy is no member',
      async () => ((await members()).every(({ weight }) => weight > 0) ? true : undefined),
      30_000,
    );

  test('a proxy answers for all keys, holds none, and is in the list', async () => {
    expect(await ask(sets)).toBe('STORED\r\n'.repeat(keys.length));
    expect(await hits()).toBe(keys.length);
    expect(await ask('stats\r\n')).toContain('STAT curr_items 0\r\n');
    const [member] = (await members()).filter(({ weight }) => weight === 0);
    expect(member).toMatchObject({ name: `proxy-${port}`, pid: proxy.pid, state: 'serving' });
    const { out } = await cluster.run('nodes', 'list');
    expect(out).toMatch(/^Cluster web: 2 nodes and 1 proxy, 2 copies of each key, sync\./);
    expect(await ask('config get cluster\r\n')).not.toContain(`|${port}`);
  });

  test('a proxy follows a new node, and is not restarted with the nodes', async () => {
    const added = await cluster.run('nodes', 'add');
    expect(added.code, added.err).toBe(0);
    expect(await hits()).toBe(keys.length);
    // The list has the proxies behind all nodes.
    expect((await cluster.run('nodes', 'list')).out).toMatch(/^node-4 [^\n]*\nproxy-[^\n]*\n\n/m);
    const dry = await cluster.run('nodes', 'restart', '--rolling', '--dry-run');
    expect(dry.out).toContain('node-4');
    expect(dry.out).not.toContain('proxy');
    const removed = await cluster.run('nodes', 'remove', `proxy-${port}`);
    expect([removed.code, removed.err]).toEqual([
      1,
      expect.stringContaining('is a proxy, which leaves when its process ends'),
    ]);
  });

  test('a proxy that is killed leaves the list, and another one takes its name', async () => {
    proxy.child.kill('SIGKILL');
    await proxy.exited;
    await proxyIsGone();
    proxy = startProxy();
    await proxyAnswers();
    expect(await hits()).toBe(keys.length);
  });

  test('a proxy waits for a cluster that stops, and goes on with its next start', async () => {
    expect(await cluster.stop()).toBe(0);
    await waitUntil('the proxy has noticed', () => proxy.stderr.includes('The proxy waits for it'));
    expect(await ask('get key-1\r\n').catch(() => 'SERVER_ERROR')).toMatch(/^SERVER_ERROR/);
    cluster = await SupervisedCluster.start(join(folder.path, 'run'), '--state', state);
    expect(cluster.rows).toHaveLength(3);
    await proxyAnswers();
    expect(await hits()).toBe(keys.length);
  }, 120_000);

  test('a proxy without a cluster says what it looks for', async () => {
    const named = await cluster.run('proxy', '--cluster', 'shop', '-p', `${port}`);
    expect([named.code, named.err]).toEqual([
      1,
      expect.stringContaining('No cluster of this user has the name or the node shop; it runs web'),
    ]);
    const env = { TMPDIR: folder.path };
    const alone = await startVerb(['proxy', '-p', `${port}`], { env }).result();
    expect([alone.code, alone.err]).toEqual([
      1,
      expect.stringMatching(/No `slabring cluster` of this user runs .* needs --join/),
    ]);
    const both = await cluster.run('proxy', '--cluster', 'web', '--state', state);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining('leave --join and')]);
  });
});
