import { describe, expect, test } from 'vitest';
import type { Resolver, ServiceRecord } from '../../../../src/client/base/resolver.ts';
import { dnsNames, nodesOfSrvRecords } from '../../../../src/client/discovery/dns.ts';
import type { CacheError, DnsOptions } from '../../../../src/client/index.ts';
import type { Topology } from '../../../../src/topology/index.ts';
import { ManualTiming } from '../../../support/manual-timing.ts';

const INTERVAL_MS = 30_000;
/** Longer than an interval with jitter. */
const POLL_MS_MAX = INTERVAL_MS * 1.2 + 1;

/** A resolver whose results a test sets. */
class FakeResolver implements Resolver {
  addresses: readonly string[] | Error = [];
  records: readonly ServiceRecord[] | Error = [];
  readonly queries: unknown[] = [];
  cancelCount = 0;

  async lookup(...query: Parameters<Resolver['lookup']>): ReturnType<Resolver['lookup']> {
    this.queries.push(query);
    if (this.addresses instanceof Error) throw this.addresses;
    return this.addresses.map((address) => ({ address }));
  }
  async resolveSrv(name: string): Promise<readonly ServiceRecord[]> {
    this.queries.push(name);
    if (this.records instanceof Error) throw this.records;
    return this.records;
  }
  cancel(): void {
    this.cancelCount++;
  }
}
const record = (name: string, port = 11_211, priority = 0, weight = 0): ServiceRecord => {
  return { name, port, priority, weight };
};

/** Starts a discovery; `events` are the topologies and error codes that it reports. */
function startDiscovery(names: FakeResolver, options: Partial<DnsOptions> = {}) {
  const timing = new ManualTiming();
  const discovery = dnsNames({ name: 'cache.example', resolver: names, ...options }, timing);
  const events: string[] = [];
  discovery.start({
    topology: ({ version, nodes }: Topology) =>
      events.push(`${version} ${nodes.map(({ name }) => name).join(' ')}`),
    error: ({ code }: CacheError) => events.push(code),
  });
  return { discovery, events, timing, poll: () => timing.advance(POLL_MS_MAX) };
}

describe('the DNS discovery', () => {
  test('the discovery makes each address of both families a node, in any order', async () => {
    const names = new FakeResolver();
    names.addresses = ['10.0.0.2', 'fd00::1', '10.0.0.1', '10.0.0.2'];
    const { discovery, events, poll } = startDiscovery(names, { port: 11_212 });
    await poll();
    names.addresses = ['fd00::1', '10.0.0.1', '10.0.0.2'];
    await poll();
    names.addresses = ['10.0.0.1', '10.0.0.3'];
    await poll();
    expect(events).toEqual([
      '1 10.0.0.1:11212 10.0.0.2:11212 [fd00::1]:11212',
      '2 10.0.0.1:11212 10.0.0.3:11212',
    ]);
    await discovery.close();
  });

  test.each([0, 4, 6] as const)('the discovery queries the family %i', async (family) => {
    const names = new FakeResolver();
    const { discovery } = startDiscovery(names, { family });
    await discovery.close();
    expect(names.queries).toEqual([['cache.example', { all: true, family, order: 'verbatim' }]]);
  });

  test('an empty result and a failure are errors, and the topology stays', async () => {
    const names = new FakeResolver();
    names.addresses = ['10.0.0.1'];
    const { discovery, events, poll } = startDiscovery(names);
    await poll();
    names.addresses = [];
    await poll();
    const empty = events.slice(1);
    expect(empty.length).toBeGreaterThan(0);
    names.addresses = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    await poll();
    names.addresses = ['10.0.0.1'];
    await poll();
    expect(new Set(events.slice(1))).toEqual(new Set(['ERR_DISCOVERY']));
    await discovery.close();
  });

  test('the discovery cancels a poll at its deadline, and at close', async () => {
    const names = new FakeResolver();
    names.lookup = () => new Promise(() => {});
    const { discovery, events, timing } = startDiscovery(names, { deadlineMs: 1000 });
    await timing.advance(1000);
    expect([events, names.cancelCount]).toEqual([['ERR_DISCOVERY'], 1]);
    await discovery.close();
    const next = startDiscovery(names);
    await next.discovery.close();
    expect([next.events, names.cancelCount]).toEqual([[], 2]);
  });

  test('the discovery makes each target of SRV records a node', async () => {
    const names = new FakeResolver();
    names.records = [record('b.example', 11_212), record('A.example.')];
    const { discovery, events, poll } = startDiscovery(names, { record: 'srv' });
    await poll();
    names.records = [record('a.example'), record('b.example', 11_212), record('c.example')];
    await poll();
    expect(events).toEqual([
      '1 a.example:11211 b.example:11212',
      '2 a.example:11211 b.example:11212 c.example:11211',
    ]);
    expect(names.queries[0]).toBe('cache.example');
    await discovery.close();
  });

  test('invalid records are errors', async () => {
    const names = new FakeResolver();
    for (const records of [[record('a.example', 0)], [record('.')], []]) {
      names.records = records;
      const { discovery, events, timing } = startDiscovery(names, { record: 'srv' });
      await timing.advance(0);
      expect(events).toEqual(['ERR_DISCOVERY']);
      await discovery.close();
    }
  });
});

describe('nodes of SRV records', () => {
  const names = (records: readonly ServiceRecord[], weights = false): readonly string[] =>
    nodesOfSrvRecords(records, weights).map(({ name, weight }) => `${name}*${weight}`);
  test('SRV records other than those of the lowest priority are no nodes', () => {
    expect(names([record('a', 1, 10), record('b', 1, 5), record('c', 1, 5)])).toEqual([
      'b:1*1',
      'c:1*1',
    ]);
  });
  test('SRV records set the weights if `weights` is true', () => {
    const records = [record('a', 1, 0, 60), record('b', 1, 0, 0)];
    expect(names(records)).toEqual(['a:1*1', 'b:1*1']);
    expect(names(records, true)).toEqual(['a:1*60', 'b:1*1']);
  });
});

test.each([
  { name: '' },
  { port: 0 },
  { family: 5 },
  { record: 'mx' },
  { intervalMs: 1 },
  { interval: 5000 },
  { servers: [] },
  { servers: ['localhost'] },
  { servers: ['127.0.0.1:x'] },
  { servers: Array.from({ length: 9 }, () => '127.0.0.1') },
  { servers: ['127.0.0.1'], resolver: new FakeResolver() },
])('the discovery rejects the options %j', (options) => {
  expect(() => dnsNames({ name: 'cache.example', ...(options as Partial<DnsOptions>) })).toThrow(
    expect.objectContaining({ code: 'ERR_ARGUMENT' }),
  );
});

test('the system resolver resolves localhost', async () => {
  const discovery = dnsNames({ name: 'localhost', family: 4 });
  const { promise, resolve, reject } = Promise.withResolvers<Topology>();
  discovery.start({ topology: resolve, error: reject });
  expect((await promise).nodes.map(({ name }) => name)).toEqual(['127.0.0.1:11211']);
  await discovery.close();
});
