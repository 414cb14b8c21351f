import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CacheClient, type ClientOptions, type DnsOptions, dnsNames } from '../../../src/client.ts';
import { DnsServer, dnsmasqMissing, type Zone } from '../../support/dnsmasq.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';

const NAME = 'cache.test';
const SERVICE = '_memcache._tcp.cache.test';
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;
const keys = Array.from({ length: 300 }, (_, i) => `key${i}`);

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

/** Lines of a hosts file. */
const hostLines = (name: string, ...addresses: readonly string[]): readonly string[] =>
  addresses.map((address) => `${address} ${name}`);

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

describe.skipIf(dnsmasqMissing() !== undefined)('DNS discovery with a real DNS server', () => {
  let port: number;
  const nodes = new Map<string, TestServer>();
  const startNodeAt = async (host: string): Promise<void> => {
    nodes.set(host, await startSlabring({ host, port, args: ['-t', '1', '-m', '16'] }));
  };
  beforeAll(async () => {
    port = await freePort();
    await Promise.all([...ADDRESSES, ...(hasIPv6 ? ['::1'] : [])].map(startNodeAt));
  });
  afterAll(() => Promise.all([...nodes.values()].map((node) => node.stop())));

  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function startDnsServer(zone: Zone): Promise<DnsServer> {
    const server = await DnsServer.start(zone);
    cleanups.push(() => server.dispose());
    return server;
  }

  /** A client with frequent polls; `last` has the last node names and the last error message. */
  function startClient(
    server: DnsServer,
    options: Partial<DnsOptions> = {},
    more: Partial<ClientOptions> = {},
  ) {
    const servers = [server.address];
    const polling = { intervalMs: 100, minRefreshGapMs: 0 };
    const discovery = dnsNames({ name: NAME, port, servers, ...polling, ...options });
    const cache = new CacheClient({ nodes: discovery, deadlineMs: 20_000, ...more });
    cleanups.push(() => cache.close());
    const last = { nodes: '', error: '' };
    cache.on('nodes', (names) => {
      last.nodes = names.join(' ');
    });
    cache.on('discovery-error', ({ message }) => {
      last.error = message;
    });
    return { cache, last };
  }
  const namesOf = (...addresses: readonly string[]): string =>
    addresses.map((address) => `${address}:${port}`).join(' ');

  /** Sets and gets until `stop`, which rejects with the first failure. */
  function startLoad(cache: CacheClient): { readonly stop: () => Promise<number> } {
    let isOn = true;
    const lane = async (name: string): Promise<number> => {
      let rounds = 0;
      for (; isOn; rounds++) {
        const key = `${name}-${rounds % 50}`;
        await cache.set(key, rounds);
        await cache.get(key);
        const { failed } = await cache.getMany([key, ...keys.slice(0, 20)]);
        if (failed.size > 0) throw [...failed.values()][0];
      }
      return rounds;
    };
    const lanes = Promise.all(['a', 'b', 'c', 'd'].map(lane));
    lanes.catch(() => undefined);
    const stop = async (): Promise<number> => {
      isOn = false;
      return Math.min(...(await lanes));
    };
    return { stop };
  }

  /** Stores all keys and counts the keys of each node. */
  async function storeAll(cache: CacheClient): Promise<ReadonlyMap<string, number>> {
    const { failed } = await cache.setMany(keys.map((key) => [key, key] as const));
    expect(failed.size).toBe(0);
    const counts = new Map<string, number>();
    for (const key of keys) {
      const node = cache.nodeOf(key);
      counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    return counts;
  }

  test('each address is a node', async () => {
    const { cache } = startClient(await startDnsServer({ hosts: hostLines(NAME, ...ADDRESSES) }));
    const counts = await storeAll(cache);
    expect([...counts.keys()].sort()).toEqual(namesOf(...ADDRESSES).split(' '));
    const { values } = await cache.getMany(keys);
    expect(values.size).toBe(keys.length);
    expect([...(await cache.version()).keys()]).toEqual(namesOf(...ADDRESSES).split(' '));
  });

  test.skipIf(!hasIPv6)('the client resolves A and AAAA records, or one family only', async () => {
    const server = await startDnsServer({ hosts: hostLines(NAME, '::1', '127.0.0.1') });
    const both = ['127.0.0.1', '[::1]'];
    for (const [family, expected] of [
      [0, both],
      [4, both.slice(0, 1)],
      [6, both.slice(1)],
    ] as const) {
      const { cache } = startClient(server, { family });
      expect([...(await storeAll(cache)).keys()].sort()).toEqual(namesOf(...expected).split(' '));
    }
  });

  test('the client follows addresses that come and go, and no operation fails', async () => {
    const server = await startDnsServer({ hosts: hostLines(NAME, ...ADDRESSES.slice(0, 2)) });
    const { cache, last } = startClient(server);
    const load = startLoad(cache);
    for (const some of [ADDRESSES, ADDRESSES.slice(1), ADDRESSES.slice(0, 1), ADDRESSES]) {
      await server.setHosts(hostLines(NAME, ...some));
      await eventually(() => last.nodes).toBe(namesOf(...some));
    }
    expect(await load.stop()).toBeGreaterThan(0);
    expect((await storeAll(cache)).size).toBe(3);
  });

  test('the client keeps its nodes when the name disappears', async () => {
    const server = await startDnsServer({ hosts: hostLines(NAME, ...ADDRESSES) });
    const { cache, last } = startClient(server, { family: 4 });
    await storeAll(cache);
    const load = startLoad(cache);
    await server.restart({});
    await eventually(() => last.error).toContain('ENOTFOUND');
    expect((await storeAll(cache)).size).toBe(3);
    // The name exists but has no address of this family.
    await server.setHosts(hostLines(NAME, '::1'));
    await eventually(() => last.error).toContain('resolves to 0 nodes');
    expect((await storeAll(cache)).size).toBe(3);
    await server.setHosts(hostLines(NAME, ...ADDRESSES.slice(0, 2)));
    await eventually(() => last.nodes).toBe(namesOf(...ADDRESSES.slice(0, 2)));
    await load.stop();
  });

  test('the client waits for a DNS server that is down and uses it again', async () => {
    const server = await startDnsServer({ hosts: hostLines(NAME, '127.0.0.1') });
    await server.stop();
    const { cache, last } = startClient(server);
    await eventually(() => last.error).toContain('ECONNREFUSED');
    const first = cache.set('early', 'x');
    await server.restart({ hosts: hostLines(NAME, '127.0.0.1') });
    await first;
    const load = startLoad(cache);
    last.error = '';
    await server.stop();
    await eventually(() => last.error).toContain('ECONNREFUSED');
    await storeAll(cache);
    await server.restart({ hosts: hostLines(NAME, ...ADDRESSES) });
    await eventually(() => last.nodes).toBe(namesOf(...ADDRESSES));
    await load.stop();
  });

  test('the client queries the second DNS server when the first is down or silent', async () => {
    const dead = await startDnsServer({});
    await dead.stop();
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    const server = await startDnsServer({ hosts: hostLines(NAME, '127.0.0.2') });
    for (const first of [dead.address, `127.0.0.1:${silent.address().port}`]) {
      const { cache } = startClient(server, { servers: [first, server.address] });
      expect((await storeAll(cache)).size).toBe(1);
    }
    silent.close();
  });

  describe('SRV', () => {
    const hosts = [
      ...hostLines('one.test', '127.0.0.1'),
      ...hostLines('two.test', '127.0.0.2'),
      ...hostLines('three.test', '127.0.0.3'),
    ];
    const to = (target: string, priority = 0, weight = 0): string =>
      `${SERVICE},${target},${port},${priority},${weight}`;
    /** Resolves by the test's DNS server: the system's servers do not know the targets. */
    const lookupAt = (server: DnsServer): LookupFunction => {
      const resolver = new Resolver();
      resolver.setServers([server.address]);
      return (host, { all }, done) => {
        resolver.resolve4(host, (error, addresses = []) => {
          if (all === true)
            return done(
              error,
              addresses.map((address) => ({ address, family: 4 })),
            );
          return done(error, addresses[0] ?? '', 4);
        });
      };
    };
    const startServiceClient = (server: DnsServer, options: Partial<DnsOptions> = {}) => {
      const service = { name: SERVICE, record: 'srv', ...options } as const;
      return startClient(server, service, { lookup: lookupAt(server) });
    };

    test('each target of the lowest priority is a node at its port', async () => {
      const services = [to('one.test', 10), to('Two.test', 10), to('three.test', 20)];
      const { cache } = startServiceClient(await startDnsServer({ hosts, services }));
      expect([...(await storeAll(cache)).keys()].sort()).toEqual([
        `one.test:${port}`,
        `two.test:${port}`,
      ]);
    });

    test('the records’ weights are node weights if `weights` is true', async () => {
      const services = [to('one.test', 0, 1), to('two.test', 0, 9)];
      const server = await startDnsServer({ hosts, services });
      const weighted = await storeAll(startServiceClient(server, { weights: true }).cache);
      expect(weighted.get(`two.test:${port}`)).toBeGreaterThan(keys.length * 0.7);
      const even = await storeAll(startServiceClient(server).cache);
      expect(even.get(`two.test:${port}`)).toBeLessThan(keys.length * 0.7);
    });

    test('the client follows SRV targets that come and go, and no operation fails', async () => {
      const targets = ['one.test', 'three.test', 'two.test'];
      const server = await startDnsServer({ hosts, services: [to('one.test')] });
      const { cache, last } = startServiceClient(server);
      // Connect first: a new connection needs the DNS server, which is down during each restart.
      await storeAll(cache);
      const load = startLoad(cache);
      for (const some of [targets, targets.slice(1), targets.slice(0, 2)]) {
        await server.restart({ hosts, services: some.map((target) => to(target)) });
        await eventually(() => last.nodes).toBe(
          some.map((target) => `${target}:${port}`).join(' '),
        );
        expect((await storeAll(cache)).size).toBe(some.length);
      }
      expect(await load.stop()).toBeGreaterThan(0);
      // The client keeps the targets when the records disappear.
      await server.restart({ hosts });
      await eventually(() => last.error).toContain('ENOTFOUND');
      expect((await storeAll(cache)).size).toBe(2);
    });

    test('a target that moves to another address keeps its keys', async () => {
      const server = await startDnsServer({ hosts, services: [to('one.test'), to('two.test')] });
      const { cache, last } = startServiceClient(server);
      const before = await storeAll(cache);
      const nodesBefore = last.nodes;
      await nodes.get('127.0.0.1')!.stop();
      try {
        await server.setHosts([
          ...hostLines('one.test', '127.0.0.3'),
          ...hostLines('two.test', '127.0.0.2'),
        ]);
        const storeAgain = () => cache.setMany(keys.map((key) => [key, key] as const));
        await eventually(async () => (await storeAgain()).failed.size).toBe(0);
        expect([await storeAll(cache), last.nodes]).toEqual([before, nodesBefore]);
      } finally {
        await startNodeAt('127.0.0.1');
      }
    });
  });
});
