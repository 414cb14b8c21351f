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
const pointing = (name: string, ...addresses: readonly string[]): readonly string[] =>
  addresses.map((address) => `${address} ${name}`);

const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 });

describe.skipIf(dnsmasqMissing() !== undefined)('nodes by a real DNS server', () => {
  let port: number;
  const nodes = new Map<string, TestServer>();
  const startAt = async (host: string): Promise<void> => {
    nodes.set(host, await startSlabring({ host, port, args: ['-t', '1', '-m', '16'] }));
  };
  beforeAll(async () => {
    port = await freePort();
    await Promise.all([...ADDRESSES, ...(hasIPv6 ? ['::1'] : [])].map(startAt));
  });
  afterAll(() => Promise.all([...nodes.values()].map((node) => node.stop())));

  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function serve(zone: Zone): Promise<DnsServer> {
    const server = await DnsServer.start(zone);
    ends.push(() => server.end());
    return server;
  }

  /** A client that looks often; `heard` are the last list and the last trouble that it told of. */
  function follow(
    server: DnsServer,
    options: Partial<DnsOptions> = {},
    more: Partial<ClientOptions> = {},
  ) {
    const servers = [server.address];
    const pace = { intervalMs: 100, refreshGapMs: 0 };
    const discovery = dnsNames({ name: NAME, port, servers, ...pace, ...options });
    const cache = new CacheClient({ nodes: discovery, deadlineMs: 20_000, ...more });
    ends.push(() => cache.close());
    const heard = { nodes: '', trouble: '' };
    cache.on('nodes', (names) => {
      heard.nodes = names.join(' ');
    });
    cache.on('discovery-trouble', ({ message }) => {
      heard.trouble = message;
    });
    return { cache, heard };
  }
  const named = (...addresses: readonly string[]): string =>
    addresses.map((address) => `${address}:${port}`).join(' ');

  /** Sets and gets until it is ended; rejects with the first failure. */
  function load(cache: CacheClient): { readonly end: () => Promise<number> } {
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
    const end = async (): Promise<number> => {
      isOn = false;
      return Math.min(...(await lanes));
    };
    return { end };
  }

  /** Stores all keys, and says how many there went to each node. */
  async function spread(cache: CacheClient): Promise<ReadonlyMap<string, number>> {
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
    const { cache } = follow(await serve({ hosts: pointing(NAME, ...ADDRESSES) }));
    const counts = await spread(cache);
    expect([...counts.keys()].sort()).toEqual(named(...ADDRESSES).split(' '));
    const { values } = await cache.getMany(keys);
    expect(values.size).toBe(keys.length);
    expect([...(await cache.version()).keys()]).toEqual(named(...ADDRESSES).split(' '));
  });

  test.skipIf(!hasIPv6)('A and AAAA together, or one of them', async () => {
    const server = await serve({ hosts: pointing(NAME, '::1', '127.0.0.1') });
    const both = ['127.0.0.1', '[::1]'];
    for (const [family, expected] of [
      [0, both],
      [4, both.slice(0, 1)],
      [6, both.slice(1)],
    ] as const) {
      const { cache } = follow(server, { family });
      expect([...(await spread(cache)).keys()].sort()).toEqual(named(...expected).split(' '));
    }
  });

  test('addresses that come and go are followed, and no operation fails', async () => {
    const server = await serve({ hosts: pointing(NAME, ...ADDRESSES.slice(0, 2)) });
    const { cache, heard } = follow(server);
    const working = load(cache);
    for (const some of [ADDRESSES, ADDRESSES.slice(1), ADDRESSES.slice(0, 1), ADDRESSES]) {
      await server.tell(pointing(NAME, ...some));
      await eventually(() => heard.nodes).toBe(named(...some));
    }
    expect(await working.end()).toBeGreaterThan(0);
    expect((await spread(cache)).size).toBe(3);
  });

  test('a name that is gone keeps its nodes', async () => {
    const server = await serve({ hosts: pointing(NAME, ...ADDRESSES) });
    const { cache, heard } = follow(server, { family: 4 });
    await spread(cache);
    const working = load(cache);
    await server.restart({});
    await eventually(() => heard.trouble).toContain('ENOTFOUND');
    expect((await spread(cache)).size).toBe(3);
    // The name is there, but has no address of this kind.
    await server.tell(pointing(NAME, '::1'));
    await eventually(() => heard.trouble).toContain('stands for 0 nodes');
    expect((await spread(cache)).size).toBe(3);
    await server.tell(pointing(NAME, ...ADDRESSES.slice(0, 2)));
    await eventually(() => heard.nodes).toBe(named(...ADDRESSES.slice(0, 2)));
    await working.end();
  });

  test('a server that is dead is waited for, and heard again', async () => {
    const server = await serve({ hosts: pointing(NAME, '127.0.0.1') });
    await server.stop();
    const { cache, heard } = follow(server);
    await eventually(() => heard.trouble).toContain('ECONNREFUSED');
    const first = cache.set('early', 'x');
    await server.restart({ hosts: pointing(NAME, '127.0.0.1') });
    await first;
    const working = load(cache);
    heard.trouble = '';
    await server.stop();
    await eventually(() => heard.trouble).toContain('ECONNREFUSED');
    await spread(cache);
    await server.restart({ hosts: pointing(NAME, ...ADDRESSES) });
    await eventually(() => heard.nodes).toBe(named(...ADDRESSES));
    await working.end();
  });

  test('the second server is asked when the first is dead, or silent', async () => {
    const dead = await serve({});
    await dead.stop();
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    const server = await serve({ hosts: pointing(NAME, '127.0.0.2') });
    for (const first of [dead.address, `127.0.0.1:${silent.address().port}`]) {
      const { cache } = follow(server, { servers: [first, server.address] });
      expect((await spread(cache)).size).toBe(1);
    }
    silent.close();
  });

  describe('SRV', () => {
    const hosts = [
      ...pointing('one.test', '127.0.0.1'),
      ...pointing('two.test', '127.0.0.2'),
      ...pointing('three.test', '127.0.0.3'),
    ];
    const to = (target: string, priority = 0, weight = 0): string =>
      `${SERVICE},${target},${port},${priority},${weight}`;
    /** By that server: the machine's knows nothing of the targets. */
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
    const followService = (server: DnsServer, options: Partial<DnsOptions> = {}) => {
      const service = { name: SERVICE, record: 'srv', ...options } as const;
      return follow(server, service, { lookup: lookupAt(server) });
    };

    test('each target of the lowest priority is a node, at its port', async () => {
      const services = [to('one.test', 10), to('Two.test', 10), to('three.test', 20)];
      const { cache } = followService(await serve({ hosts, services }));
      expect([...(await spread(cache)).keys()].sort()).toEqual([
        `one.test:${port}`,
        `two.test:${port}`,
      ]);
    });

    test('weights are the nodes’, when that is wanted', async () => {
      const services = [to('one.test', 0, 1), to('two.test', 0, 9)];
      const server = await serve({ hosts, services });
      const weighted = await spread(followService(server, { weights: true }).cache);
      expect(weighted.get(`two.test:${port}`)).toBeGreaterThan(keys.length * 0.7);
      const even = await spread(followService(server).cache);
      expect(even.get(`two.test:${port}`)).toBeLessThan(keys.length * 0.7);
    });

    test('targets that come and go are followed, and no operation fails', async () => {
      const targets = ['one.test', 'three.test', 'two.test'];
      const server = await serve({ hosts, services: [to('one.test')] });
      const { cache, heard } = followService(server);
      // Whoever is not connected yet needs the server, which is away for a moment at each change.
      await spread(cache);
      const working = load(cache);
      for (const some of [targets, targets.slice(1), targets.slice(0, 2)]) {
        await server.restart({ hosts, services: some.map((target) => to(target)) });
        await eventually(() => heard.nodes).toBe(
          some.map((target) => `${target}:${port}`).join(' '),
        );
        expect((await spread(cache)).size).toBe(some.length);
      }
      expect(await working.end()).toBeGreaterThan(0);
      // Its targets stay, when the record is gone.
      await server.restart({ hosts });
      await eventually(() => heard.trouble).toContain('ENOTFOUND');
      expect((await spread(cache)).size).toBe(2);
    });

    test('a target that moves to another address keeps its keys', async () => {
      const server = await serve({ hosts, services: [to('one.test'), to('two.test')] });
      const { cache, heard } = followService(server);
      const before = await spread(cache);
      const told = heard.nodes;
      await nodes.get('127.0.0.1')!.stop();
      try {
        await server.tell([
          ...pointing('one.test', '127.0.0.3'),
          ...pointing('two.test', '127.0.0.2'),
        ]);
        const isBack = () => cache.setMany(keys.map((key) => [key, key] as const));
        await eventually(async () => (await isBack()).failed.size).toBe(0);
        expect([await spread(cache), heard.nodes]).toEqual([before, told]);
      } finally {
        await startAt('127.0.0.1');
      }
    });
  });
});
