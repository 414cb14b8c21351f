/** `slabring proxy`: a process that holds nothing, before two nodes of a cluster in etcd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MembersReply } from '../../src/cluster/index.ts';
import { EtcdServer, whyNoEtcd } from '../support/etcd.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import type { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const keys = Array.from({ length: 200 }, (_, nth) => `key-${nth}`);

describe.skipIf(whyNoEtcd() !== undefined)('slabring proxy', () => {
  let etcd: EtcdServer;
  let nodes: readonly [number, number];
  let proxyPort: number;
  let proxy: OwnedProcess;
  const processes: OwnedProcess[] = [];

  beforeAll(async () => {
    etcd = await EtcdServer.start();
    nodes = [await freePort(), await freePort()];
    proxyPort = await freePort();
    // The proxy is the first: it must not begin the cluster.
    startProxy();
    for (const port of nodes)
      start('serve', port, '--node-name', `n${port}`, '--replicas', '2', '-m', '16');
    await proxyIsMember();
  }, 60_000);
  afterAll(async () => {
    for (const process of processes) await process.stop();
    await etcd?.dispose();
  });

  function start(verb: 'serve' | 'proxy', port: number, ...more: readonly string[]): OwnedProcess {
    const listen = ['-l', '127.0.0.1', '-p', `${port}`, '-t', '1', '-v'];
    const join = ['--join', `etcd://${etcd.address}`, '--cluster', 'web'];
    const process = startVerb([verb, ...listen, ...join, ...more]);
    processes.push(process);
    return process;
  }

  function startProxy(): void {
    proxy = start('proxy', proxyPort, '--node-name', 'p');
  }

  const ask = (port: number, requests: string): Promise<string> =>
    exchangeOnce({ host: '127.0.0.1', port }, requests);

  const list = async (...more: readonly string[]): Promise<string> => {
    const at = ['--cluster', `etcd://${etcd.address}`];
    return (await startVerb(['nodes', 'list', ...at, ...more]).result()).out;
  };

  const statesOf = async (): Promise<string> => {
    const out = await list('--json');
    if (out === '') return '';
    const { members } = JSON.parse(out) as MembersReply;
    return members.map(({ weight, state }) => `${weight} ${state}`).join();
  };

  const proxyIsMember = (): Promise<unknown> =>
    waitUntil(
      'the proxy is a member, and sends requests',
      async () => {
        const states = (await statesOf()).split(',').toSorted().join();
        if (states !== '0 serving,1 serving,1 serving') return undefined;
        // It closes connections before it has joined.
        const reply = await ask(proxyPort, 'get none\r\n').catch(() => undefined);
        return reply === 'END\r\n' ? true : undefined;
      },
      30_000,
    );

  const proxyIsGone = (): Promise<unknown> =>
    waitUntil(
      'the proxy is no member',
      async () => ((await statesOf()) === '1 serving,1 serving' ? true : undefined),
      30_000,
    );

  const itemsOf = async (port: number): Promise<number> =>
    Number(/STAT curr_items (\d+)/.exec(await ask(port, 'stats\r\n'))?.[1]);

  const hitsOf = async (port: number): Promise<number> =>
    [...(await ask(port, `get ${keys.join(' ')}\r\n`)).matchAll(/^VALUE /gm)].length;

  test('a proxy answers for all keys, and only the nodes hold them', async () => {
    const stored = await ask(proxyPort, keys.map((key) => `set ${key} 0 0 1\r\n1\r\n`).join(''));
    expect(stored).toBe('STORED\r\n'.repeat(keys.length));
    expect(await ask(proxyPort, `incr ${keys[0]} 4\r\nmg ${keys[0]} v\r\n`)).toBe(
      '5\r\nVA 1\r\n5\r\n',
    );
    for (const port of [proxyPort, ...nodes]) expect(await hitsOf(port)).toBe(keys.length);
    const items = await Promise.all([proxyPort, ...nodes].map(itemsOf));
    expect(items).toEqual([0, keys.length, keys.length]);
  });

  test('a proxy is in the list of members, and clients are not sent to it', async () => {
    expect(await list()).toMatch(/^Cluster web: 2 nodes and 1 proxy, 2 copies of each key, sync\./);
    expect(await list()).toMatch(/^p .* proxy +0 /m);
    for (const port of [proxyPort, ...nodes]) {
      const config = await ask(port, 'config get cluster\r\n');
      expect(config).toContain(`|${nodes[0]}`);
      expect(config).not.toContain(`|${proxyPort}`);
    }
    expect(proxy.stderr + proxy.stdout).toContain('proxy of the cluster web, 1 thread');
  });

  test('a proxy that is killed leaves the list, and no key is missing', async () => {
    proxy.child.kill('SIGKILL');
    await proxy.exited;
    await proxyIsGone();
    for (const port of nodes) expect(await hitsOf(port)).toBe(keys.length);
    startProxy();
    await proxyIsMember();
    expect(await hitsOf(proxyPort)).toBe(keys.length);
  });

  test('a frozen proxy holds up no flush_all, and begins again when it thaws', async () => {
    proxy.child.kill('SIGSTOP');
    try {
      expect(await ask(nodes[0], 'flush_all\r\n')).toBe('OK\r\n');
      await proxyIsGone();
    } finally {
      proxy.child.kill('SIGCONT');
    }
    await proxyIsMember();
    expect(proxy.stderr).toContain('The node starts again, without its items.');
    expect(await ask(proxyPort, 'set a 0 0 1\r\n1\r\nflush_all\r\nget a\r\n')).toBe(
      'STORED\r\nOK\r\nEND\r\n',
    );
    expect((await proxy.stop()).code).toBe(0);
    await proxyIsGone();
  });
});
