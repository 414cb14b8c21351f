import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { elastiCache } from '../../../src/client/discovery/elasticache.ts';
import type { CacheError } from '../../../src/client/index.ts';
import type { ElastiCacheOptions } from '../../../src/client/option-types/discovery.ts';
import type { Topology } from '../../../src/topology/index.ts';
import { Authority } from '../../support/certificates.ts';
import { startCluster } from '../../support/cluster-process.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startMemcached, whyNoMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';
import { RawNode } from './raw-node.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A discovery with frequent polls, and the topologies and errors that it has reported. */
class RecordedDiscovery {
  readonly topologies: Topology[] = [];
  readonly errors: CacheError[] = [];
  readonly #discovery;

  constructor(endpoints: readonly string[], options: Partial<ElastiCacheOptions> = {}) {
    const polling = { intervalMs: 100, minRefreshGapMs: 0, deadlineMs: 20_000 };
    this.#discovery = elastiCache({ endpoints, ...polling, ...options });
    this.#discovery.start({
      topology: (topology) => void this.topologies.push(topology),
      error: (error) => void this.errors.push(error),
    });
    cleanups.push(() => this.close());
  }

  /** Each topology as `version:names`. */
  get summaries(): readonly string[] {
    return this.topologies.map(({ version, nodes }) => {
      return `${version}:${nodes.map(({ ringName }) => ringName).join(',')}`;
    });
  }
  /** Waits for `count` topologies. */
  async waitForTopologies(count: number): Promise<readonly string[]> {
    await waitUntil(`${count} topologies`, () => this.topologies.length >= count);
    return this.summaries;
  }
  /** Waits for the next error. */
  async waitForError(): Promise<CacheError> {
    const count = this.errors.length;
    await waitUntil('an error', () => this.errors.length > count);
    return this.errors.at(-1)!;
  }
  refresh(): void {
    this.#discovery.refresh();
  }
  close(): Promise<void> {
    return this.#discovery.close();
  }
}

async function startNode(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '1', '-m', '8', ...args] });
  cleanups.push(() => server.stop());
  return server;
}
const startNodeWithCluster = (nodes: string, version: number, ...more: readonly string[]) =>
  startNode('--cluster-nodes', nodes, '--cluster-version', String(version), ...more);
/** Replaces a node's cluster config. */
async function setConfig(server: TestServer, config: string): Promise<void> {
  const reply = await sendAndReadToEnd(
    server.address,
    Buffer.from(`config set cluster 0 ${config.length}\r\n${config}\r\n`),
  );
  expect(reply.toString()).toBe('STORED\r\n');
}
const addressOf = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
async function startRawNode(reply: (text: string) => string | undefined): Promise<RawNode> {
  const server = await RawNode.start(reply);
  cleanups.push(() => server.stop());
  return server;
}
async function startProxy(server: { readonly port: number }): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(server);
  cleanups.push(() => proxy.stop());
  return proxy;
}
/** The reply with this cluster config. */
const configReply = (config: string): string =>
  `CONFIG cluster 0 ${config.length}\r\n${config}\r\nEND\r\n`;
const CONFIG = '5\na|10.0.0.1|11211 b|10.0.0.2|11211\n';
const CONFIG_REPLY = configReply(CONFIG);

test('the client finds the whole cluster from any of its nodes', async () => {
  const cluster = await startCluster();
  cleanups.push(() => cluster.stop());
  for (const address of cluster.addresses) {
    const discovery = new RecordedDiscovery([address]);
    await discovery.waitForTopologies(1);
    expect(discovery.topologies[0]!.nodes.map(({ name }) => name)).toEqual(cluster.addresses);
    await discovery.close();
  }
});

describe('a topology that changes', () => {
  test('a topology is reported when its version increases, and only then', async () => {
    // A node refuses to lower the version, but an endpoint may be something else.
    let config = '12\na||11211 b||11211\n';
    const server = await startRawNode(() => configReply(config));
    const discovery = new RecordedDiscovery([addressOf(server)]);
    expect(await discovery.waitForTopologies(1)).toEqual(['12:a,b']);
    config = '13\na||11211 b||11211 c||11211\n';
    expect(await discovery.waitForTopologies(2)).toEqual(['12:a,b', '13:a,b,c']);
    config = '12\na||11211\n';
    expect((await discovery.waitForError()).message).toMatch(/older: version 12, not 13/);
    config = '14\na||11211 b||11211\n';
    expect(await discovery.waitForTopologies(3)).toEqual(['12:a,b', '13:a,b,c', '14:a,b']);
  });

  test('a topology is reported when a node’s address changes or becomes known', async () => {
    const server = await startNodeWithCluster('a', 1, '--allow-config-set');
    const discovery = new RecordedDiscovery([addressOf(server)]);
    await discovery.waitForTopologies(1);
    await setConfig(server, '2\na|10.0.0.1|11211\n');
    await discovery.waitForTopologies(2);
    await setConfig(server, '3\na|10.0.0.2|11211\n');
    await discovery.waitForTopologies(3);
    const ips = discovery.topologies.map(({ nodes }) => nodes[0]!.ip);
    expect(ips).toEqual([undefined, '10.0.0.1', '10.0.0.2']);
  });

  test('the last topology stays while the reply is malformed', async () => {
    let config = '3\na||11211 b||11211\n';
    const server = await startRawNode(() => configReply(config));
    const discovery = new RecordedDiscovery([addressOf(server)]);
    await discovery.waitForTopologies(1);
    config = 'nonsense';
    expect(await discovery.waitForError()).toMatchObject({
      code: 'ERR_DISCOVERY',
      mayHaveRun: false,
    });
    config = '4\na||11211\n';
    expect(await discovery.waitForTopologies(2)).toEqual(['3:a,b', '4:a']);
  });

  test('the topology is read from the last known nodes when the endpoint is down', async () => {
    const member = await startNode();
    const endpoint = await startRawNode(() => configReply(`7\n127.0.0.1||${member.port}\n`));
    const discovery = new RecordedDiscovery([addressOf(endpoint)]);
    await discovery.waitForTopologies(1);
    await endpoint.stop();
    await setConfig(member, `8\n127.0.0.1||${member.port} b||11211\n`);
    expect((await discovery.waitForTopologies(2))[1]).toBe(`8:127.0.0.1:${member.port},b`);
  });
});

describe('endpoints', () => {
  test('the discovery skips endpoints that are down, stall, reset or reply badly', async () => {
    const server = await startNodeWithCluster('a,b', 5);
    for (const fault of [
      { kind: 'reset' },
      { kind: 'stall' },
      { kind: 'half-open' },
      { kind: 'cut', afterBytes: 20 },
      { kind: 'reply', bytes: 'CONFIG cluster 0 99999\r\n' },
      { kind: 'reply', bytes: 'CLIENT_ERROR unauthenticated\r\n' },
      { kind: 'reply', bytes: 'x'.repeat(100_000) },
    ] as const) {
      const bad = await startProxy(server);
      bad.setFault(fault);
      const discovery = new RecordedDiscovery(
        [addressOf({ port: await freePort() }), addressOf(bad), addressOf(server)],
        {
          deadlineMs: 2000,
        },
      );
      expect(await discovery.waitForTopologies(1)).toEqual(['5:a,b']);
      await discovery.close();
    }
  });

  test('the error names each failed endpoint, and the discovery recovers', async () => {
    const server = await startNodeWithCluster('a', 5);
    const proxy = await startProxy(server);
    proxy.setFault({ kind: 'reset' });
    const deadPort = await freePort();
    const discovery = new RecordedDiscovery([addressOf({ port: deadPort }), addressOf(proxy)]);
    const { message, code } = await discovery.waitForError();
    expect(code).toBe('ERR_DISCOVERY');
    expect(message).toMatch(new RegExp(`127.0.0.1:${deadPort}: .*ECONNREFUSED`));
    expect(message).toMatch(new RegExp(`127.0.0.1:${proxy.port}: `));
    proxy.setFault({ kind: 'none' });
    discovery.refresh();
    expect(await discovery.waitForTopologies(1)).toEqual(['5:a']);
  });

  test('an endpoint may reply a byte at a time', async () => {
    const proxy = await startProxy(await startNodeWithCluster('a,b', 5));
    proxy.setFault({ kind: 'trickle' });
    expect(await new RecordedDiscovery([addressOf(proxy)]).waitForTopologies(1)).toEqual(['5:a,b']);
  });

  test('a reply that stops at any byte yields no topology', async () => {
    const proxy = await startProxy(await startRawNode(() => CONFIG_REPLY));
    for (let afterBytes = 0; afterBytes < CONFIG_REPLY.length; afterBytes++) {
      proxy.setFault({ kind: 'cut', afterBytes });
      const discovery = new RecordedDiscovery([addressOf(proxy)]);
      expect((await discovery.waitForError()).code).toBe('ERR_DISCOVERY');
      expect(discovery.topologies).toEqual([]);
      await discovery.close();
    }
  });

  test('the discovery queries the legacy key of old engines', async () => {
    const requests: string[] = [];
    const server = await startRawNode((text) => {
      requests.push(text);
      if (text.startsWith('config')) return requests.length % 4 === 1 ? 'ERROR\r\n' : 'END\r\n';
      return CONFIG_REPLY.replace('CONFIG cluster', 'VALUE AmazonElastiCache:cluster');
    });
    expect(await new RecordedDiscovery([addressOf(server)]).waitForTopologies(1)).toEqual([
      '5:a,b',
    ]);
    expect(requests.slice(0, 2)).toEqual([
      'config get cluster\r\n',
      'get AmazonElastiCache:cluster\r\n',
    ]);
  });

  test('the discovery opens one connection per poll and closes it', async () => {
    const server = await startRawNode(() => CONFIG_REPLY);
    const discovery = new RecordedDiscovery([addressOf(server)], { intervalMs: 60_000 });
    await discovery.waitForTopologies(1);
    expect(server.connections).toBe(1);
    discovery.refresh();
    await waitUntil('a second poll', () => server.connections === 2);
  });

  test('close does not wait for a silent endpoint', async () => {
    const proxy = await startProxy({ port: 1 });
    proxy.setFault({ kind: 'stall' });
    const discovery = new RecordedDiscovery([addressOf(proxy)], { deadlineMs: 60_000 });
    await waitUntil('the request', () => proxy.stalledBytes > 0);
    await discovery.close();
    expect([discovery.topologies, discovery.errors]).toEqual([[], []]);
  });
});

describe.skipIf(whyNoMemcached() !== undefined)('a real memcached', () => {
  test('the error says that memcached has no cluster config', async () => {
    const server = await startMemcached();
    cleanups.push(() => server.stop());
    const { message } = await new RecordedDiscovery([addressOf(server)]).waitForError();
    expect(message).toMatch(/it has no cluster config/);
  });
});

describe('endpoints with login or TLS', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  test('the discovery logs in to an endpoint that requires it', async () => {
    const users = join(folder.path, 'users');
    await writeFile(users, 'app:pass word\n');
    const server = await startNodeWithCluster('a', 2, '-Y', users);
    const refused = await new RecordedDiscovery([addressOf(server)]).waitForError();
    expect(refused.message).toMatch(/unauthenticated/);
    const wrong = { username: 'app', password: 'no' };
    expect(
      (await new RecordedDiscovery([addressOf(server)], { login: wrong }).waitForError()).message,
    ).toMatch(/refused the login: CLIENT_ERROR authentication failure/);
    const login = { username: 'app', password: 'pass word' };
    expect(
      await new RecordedDiscovery([addressOf(server)], { login }).waitForTopologies(1),
    ).toEqual(['2:a']);
  });

  test('the discovery sends no password to an endpoint that requires no login', async () => {
    const received: string[] = [];
    const server = await startRawNode((text) => {
      received.push(text);
      return CONFIG_REPLY;
    });
    const login = { username: 'app', password: 'pass word' };
    expect(
      await new RecordedDiscovery([addressOf(server)], { login }).waitForTopologies(1),
    ).toEqual(['5:a,b']);
    expect(received).toEqual(['config get cluster\r\n']);
  });

  test('the discovery uses TLS and verifies the certificate', async () => {
    const authority = await Authority.create(folder.path);
    const identity = await authority.issue('node');
    const ca = readFileSync(authority.ca);
    const args = ['-t', '1', '-m', '8', '--cluster-nodes', 'a', '--cluster-version', '2'];
    const server = await startSlabring({ args, tls: { identity, ca } });
    cleanups.push(() => server.stop());
    expect(
      await new RecordedDiscovery([addressOf(server)], { tls: { ca } }).waitForTopologies(1),
    ).toEqual(['2:a']);
    expect(
      await new RecordedDiscovery([`localhost:${server.port}`], { tls: { ca } }).waitForTopologies(
        1,
      ),
    ).toEqual(['2:a']);
    const untrusted = await new RecordedDiscovery([addressOf(server)], { tls: {} }).waitForError();
    expect(untrusted.message).toMatch(/certificate/);
  });
});

test.each([
  { endpoints: [] },
  { endpoints: ['a b'] },
  { connectBy: 'name' },
  { login: { username: 'a b', password: '' } },
  { intervalMs: 1 },
  { interval: 1000 },
])('the discovery rejects the options %j', (options) => {
  expect(() =>
    elastiCache({ endpoints: ['a'], ...(options as Partial<ElastiCacheOptions>) }),
  ).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
});
