import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Topology } from '../../../src/client/discovery/discovery.ts';
import { type ElastiCacheOptions, elastiCache } from '../../../src/client/discovery/elasticache.ts';
import type { CacheError } from '../../../src/client/index.ts';
import { Authority } from '../../support/certificates.ts';
import { startCluster } from '../../support/cluster-process.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { memcachedMissing, startMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';
import { until } from '../../support/wait.ts';
import { dialogue } from '../../support/wire.ts';
import { RawNode } from './raw-node.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A discovery that asks often and has time; what it told so far, as `version:names` and as errors. */
class Watch {
  readonly topologies: Topology[] = [];
  readonly troubles: CacheError[] = [];
  readonly #discovery;

  constructor(endpoints: readonly string[], options: Partial<ElastiCacheOptions> = {}) {
    const pace = { intervalMs: 100, refreshGapMs: 0, deadlineMs: 20_000 };
    this.#discovery = elastiCache({ endpoints, ...pace, ...options });
    this.#discovery.start({
      topology: (topology) => void this.topologies.push(topology),
      trouble: (error) => void this.troubles.push(error),
    });
    ending.push(() => this.close());
  }

  get said(): readonly string[] {
    return this.topologies.map(({ version, nodes }) => {
      return `${version}:${nodes.map(({ ringName }) => ringName).join(',')}`;
    });
  }
  /** Waits for so many lists. */
  async lists(count: number): Promise<readonly string[]> {
    await until(`${count} lists`, () => this.topologies.length >= count);
    return this.said;
  }
  /** Waits for trouble after what was heard so far. */
  async trouble(): Promise<CacheError> {
    const heard = this.troubles.length;
    await until('trouble', () => this.troubles.length > heard);
    return this.troubles.at(-1)!;
  }
  refresh(): void {
    this.#discovery.refresh();
  }
  close(): Promise<void> {
    return this.#discovery.close();
  }
}

async function node(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '1', '-m', '8', ...args] });
  ending.push(() => server.stop());
  return server;
}
const knowing = (nodes: string, version: number, ...more: readonly string[]) =>
  node('--cluster-nodes', nodes, '--cluster-version', String(version), ...more);
/** Tells a node of another cluster than it was started with. */
async function retell(server: TestServer, list: string): Promise<void> {
  const reply = await dialogue(
    server.address,
    Buffer.from(`config set cluster 0 ${list.length}\r\n${list}\r\n`),
  );
  expect(reply.toString()).toBe('STORED\r\n');
}
const at = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
async function raw(answer: (text: string) => string | undefined): Promise<RawNode> {
  const server = await RawNode.start(answer);
  ending.push(() => server.stop());
  return server;
}
async function proxy(server: { readonly port: number }): Promise<FaultProxy> {
  const between = await FaultProxy.start(server);
  ending.push(() => between.stop());
  return between;
}
/** The reply with this list. */
const config = (list: string): string => `CONFIG cluster 0 ${list.length}\r\n${list}\r\nEND\r\n`;
const LIST = '5\na|10.0.0.1|11211 b|10.0.0.2|11211\n';
const CONFIG = config(LIST);

test('a cluster is found whole from any one of its nodes', async () => {
  const cluster = await startCluster();
  ending.push(() => cluster.stop());
  for (const address of cluster.addresses) {
    const watch = new Watch([address]);
    await watch.lists(1);
    expect(watch.topologies[0]!.nodes.map(({ name }) => name)).toEqual(cluster.addresses);
    await watch.close();
  }
});

describe('a list that changes', () => {
  test('is noticed when its version rises, and only then', async () => {
    const server = await knowing('a,b', 12);
    const watch = new Watch([at(server)]);
    expect(await watch.lists(1)).toEqual(['12:a,b']);
    await retell(server, '13\na||11211 b||11211 c||11211\n');
    expect(await watch.lists(2)).toEqual(['12:a,b', '13:a,b,c']);
    await retell(server, '12\na||11211\n');
    expect((await watch.trouble()).message).toMatch(/older, version 12 and not 13/);
    await retell(server, '13\na||11211\n');
    await retell(server, '14\na||11211 b||11211\n');
    expect(await watch.lists(3)).toEqual(['12:a,b', '13:a,b,c', '14:a,b']);
  });

  test('is noticed when a node has another address, or its address is told at last', async () => {
    const server = await knowing('a', 1);
    const watch = new Watch([at(server)]);
    await watch.lists(1);
    await retell(server, '2\na|10.0.0.1|11211\n');
    await watch.lists(2);
    await retell(server, '3\na|10.0.0.2|11211\n');
    await watch.lists(3);
    const ips = watch.topologies.map(({ nodes }) => nodes[0]!.ip);
    expect(ips).toEqual([undefined, '10.0.0.1', '10.0.0.2']);
  });

  test('keeps the nodes known while the answer is bad', async () => {
    const server = await knowing('a,b', 3);
    const watch = new Watch([at(server)]);
    await watch.lists(1);
    await retell(server, 'nonsense');
    expect(await watch.trouble()).toMatchObject({ code: 'ERR_DISCOVERY', mayHaveRun: false });
    await retell(server, '4\na||11211\n');
    expect(await watch.lists(2)).toEqual(['3:a,b', '4:a']);
  });

  test('is heard of from the nodes of the last list when the endpoint is gone', async () => {
    const member = await node();
    const endpoint = await raw(() => config(`7\n127.0.0.1||${member.port}\n`));
    const watch = new Watch([at(endpoint)]);
    await watch.lists(1);
    await endpoint.stop();
    await retell(member, `8\n127.0.0.1||${member.port} b||11211\n`);
    expect((await watch.lists(2))[1]).toBe(`8:127.0.0.1:${member.port},b`);
  });
});

describe('endpoints', () => {
  test('that are down, stall, reset, trickle or talk nonsense are passed over', async () => {
    const server = await knowing('a,b', 5);
    for (const fault of [
      { kind: 'reset' },
      { kind: 'stall' },
      { kind: 'half-open' },
      { kind: 'cut', afterBytes: 20 },
      { kind: 'answer', bytes: 'CONFIG cluster 0 99999\r\n' },
      { kind: 'answer', bytes: 'CLIENT_ERROR unauthenticated\r\n' },
      { kind: 'answer', bytes: 'x'.repeat(100_000) },
    ] as const) {
      const bad = await proxy(server);
      bad.set(fault);
      const watch = new Watch([at({ port: await freePort() }), at(bad), at(server)], {
        deadlineMs: 2000,
      });
      expect(await watch.lists(1)).toEqual(['5:a,b']);
      await watch.close();
    }
  });

  test('that all fail are trouble that names each; the list is had when one is back', async () => {
    const server = await knowing('a', 5);
    const between = await proxy(server);
    between.set({ kind: 'reset' });
    const deadPort = await freePort();
    const watch = new Watch([at({ port: deadPort }), at(between)]);
    const { message, code } = await watch.trouble();
    expect(code).toBe('ERR_DISCOVERY');
    expect(message).toMatch(new RegExp(`127.0.0.1:${deadPort}: .*ECONNREFUSED`));
    expect(message).toMatch(new RegExp(`127.0.0.1:${between.port}: `));
    between.set({ kind: 'none' });
    watch.refresh();
    expect(await watch.lists(1)).toEqual(['5:a']);
  });

  test('may answer a byte at a time', async () => {
    const between = await proxy(await knowing('a,b', 5));
    between.set({ kind: 'trickle' });
    expect(await new Watch([at(between)]).lists(1)).toEqual(['5:a,b']);
  });

  test('that stop at any byte of the answer give no list', async () => {
    const between = await proxy(await raw(() => CONFIG));
    for (let afterBytes = 0; afterBytes < CONFIG.length; afterBytes++) {
      between.set({ kind: 'cut', afterBytes });
      const watch = new Watch([at(between)]);
      expect((await watch.trouble()).code).toBe('ERR_DISCOVERY');
      expect(watch.topologies).toEqual([]);
      await watch.close();
    }
  });

  test('of old engines are asked for the key that holds the list', async () => {
    const asked: string[] = [];
    const server = await raw((text) => {
      asked.push(text);
      if (text.startsWith('config')) return asked.length % 4 === 1 ? 'ERROR\r\n' : 'END\r\n';
      return CONFIG.replace('CONFIG cluster', 'VALUE AmazonElastiCache:cluster');
    });
    expect(await new Watch([at(server)]).lists(1)).toEqual(['5:a,b']);
    expect(asked.slice(0, 2)).toEqual([
      'config get cluster\r\n',
      'get AmazonElastiCache:cluster\r\n',
    ]);
  });

  test('are connected to once for each look, and let go', async () => {
    const server = await raw(() => CONFIG);
    const watch = new Watch([at(server)], { intervalMs: 60_000 });
    await watch.lists(1);
    expect(server.connections).toBe(1);
    watch.refresh();
    await until('a second look', () => server.connections === 2);
  });

  test('that say nothing hold up nobody who closes', async () => {
    const between = await proxy({ port: 1 });
    between.set({ kind: 'stall' });
    const watch = new Watch([at(between)], { deadlineMs: 60_000 });
    await until('the question', () => between.stalledBytes > 0);
    await watch.close();
    expect([watch.topologies, watch.troubles]).toEqual([[], []]);
  });
});

describe.skipIf(memcachedMissing() !== undefined)('a real memcached', () => {
  test('has no list, and that is said', async () => {
    const server = await startMemcached();
    ending.push(() => server.stop());
    const { message } = await new Watch([at(server)]).trouble();
    expect(message).toMatch(/it has no list of nodes/);
  });
});

describe('nodes that are careful', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  test('are logged in to', async () => {
    const users = join(folder.path, 'users');
    await writeFile(users, 'app:pass word\n');
    const server = await knowing('a', 2, '-Y', users);
    const refused = await new Watch([at(server)]).trouble();
    expect(refused.message).toMatch(/unauthenticated/);
    const wrong = { user: 'app', password: 'no' };
    expect((await new Watch([at(server)], { login: wrong }).trouble()).message).toMatch(
      /refused the login: CLIENT_ERROR authentication failure/,
    );
    const login = { user: 'app', password: 'pass word' };
    expect(await new Watch([at(server)], { login }).lists(1)).toEqual(['2:a']);
  });

  test('that do not ask for a login are not told the password', async () => {
    const heard: string[] = [];
    const server = await raw((text) => {
      heard.push(text);
      return CONFIG;
    });
    const login = { user: 'app', password: 'pass word' };
    expect(await new Watch([at(server)], { login }).lists(1)).toEqual(['5:a,b']);
    expect(heard).toEqual(['config get cluster\r\n']);
  });

  test('are spoken to by TLS, and must be who they say', async () => {
    const authority = await Authority.create(folder.path);
    const identity = await authority.issue('node');
    const ca = readFileSync(authority.ca);
    const args = ['-t', '1', '-m', '8', '--cluster-nodes', 'a', '--cluster-version', '2'];
    const server = await startSlabring({ args, tls: { identity, ca } });
    ending.push(() => server.stop());
    expect(await new Watch([at(server)], { tls: { ca } }).lists(1)).toEqual(['2:a']);
    expect(await new Watch([`localhost:${server.port}`], { tls: { ca } }).lists(1)).toEqual([
      '2:a',
    ]);
    const stranger = await new Watch([at(server)], { tls: {} }).trouble();
    expect(stranger.message).toMatch(/certificate/);
  });
});

test.each([
  { endpoints: [] },
  { endpoints: ['a b'] },
  { connectBy: 'name' },
  { login: { user: 'a b', password: '' } },
  { intervalMs: 1 },
  { interval: 1000 },
])('%j is refused', (options) => {
  expect(() =>
    elastiCache({ endpoints: ['a'], ...(options as Partial<ElastiCacheOptions>) }),
  ).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
});
