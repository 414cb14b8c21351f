import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Topology } from '../../../../src/client/discovery/discovery.ts';
import { type DnsOptions, dnsNames, nodesOfRecords } from '../../../../src/client/discovery/dns.ts';
import type { Resolver, ServiceRecord } from '../../../../src/client/discovery/resolver.ts';
import type { CacheError } from '../../../../src/client/index.ts';

const INTERVAL_MS = 30_000;
/** More than an interval with its jitter. */
const ONE_LOOK_MS = INTERVAL_MS * 1.2 + 1;

/** A name service whose answers a test sets. */
class Names implements Resolver {
  addresses: readonly string[] | Error = [];
  records: readonly ServiceRecord[] | Error = [];
  readonly asked: unknown[] = [];
  cancelled = 0;

  async lookup(...asked: Parameters<Resolver['lookup']>): ReturnType<Resolver['lookup']> {
    this.asked.push(asked);
    if (this.addresses instanceof Error) throw this.addresses;
    return this.addresses.map((address) => ({ address }));
  }
  async resolveSrv(name: string): Promise<readonly ServiceRecord[]> {
    this.asked.push(name);
    if (this.records instanceof Error) throw this.records;
    return this.records;
  }
  cancel(): void {
    this.cancelled++;
  }
}
const record = (name: string, port = 11_211, priority = 0, weight = 0): ServiceRecord => {
  return { name, port, priority, weight };
};

/** Starts a discovery; `heard` are the lists and codes it told of. */
function started(names: Names, options: Partial<DnsOptions> = {}) {
  const discovery = dnsNames({ name: 'cache.example', resolver: names, ...options });
  const heard: string[] = [];
  discovery.start({
    topology: ({ version, nodes }: Topology) =>
      heard.push(`${version} ${nodes.map(({ name }) => name).join(' ')}`),
    trouble: ({ code }: CacheError) => heard.push(code),
  });
  return { discovery, heard };
}

describe('nodes by DNS', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const look = () => vi.advanceTimersByTimeAsync(ONE_LOOK_MS);

  test('each address is a node, whatever their order, of both families', async () => {
    const names = new Names();
    names.addresses = ['10.0.0.2', 'fd00::1', '10.0.0.1', '10.0.0.2'];
    const { discovery, heard } = started(names, { port: 11_212 });
    await look();
    names.addresses = ['fd00::1', '10.0.0.1', '10.0.0.2'];
    await look();
    names.addresses = ['10.0.0.1', '10.0.0.3'];
    await look();
    expect(heard).toEqual([
      '1 10.0.0.1:11212 10.0.0.2:11212 [fd00::1]:11212',
      '2 10.0.0.1:11212 10.0.0.3:11212',
    ]);
    await discovery.close();
  });

  test.each([0, 4, 6] as const)('asks for the family %i', async (family) => {
    const names = new Names();
    const { discovery } = started(names, { family });
    await discovery.close();
    expect(names.asked).toEqual([['cache.example', { all: true, family, order: 'verbatim' }]]);
  });

  test('an empty answer and a failure are trouble, and the nodes stay', async () => {
    const names = new Names();
    names.addresses = ['10.0.0.1'];
    const { discovery, heard } = started(names);
    await look();
    names.addresses = [];
    await look();
    const empty = heard.slice(1);
    expect(empty.length).toBeGreaterThan(0);
    names.addresses = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    await look();
    names.addresses = ['10.0.0.1'];
    await look();
    expect(new Set(heard.slice(1))).toEqual(new Set(['ERR_DISCOVERY']));
    await discovery.close();
  });

  test('a look whose time is over is called off, and so is one at the end', async () => {
    const names = new Names();
    names.lookup = () => new Promise(() => {});
    const { discovery, heard } = started(names, { deadlineMs: 1000 });
    await vi.advanceTimersByTimeAsync(1000);
    expect([heard, names.cancelled]).toEqual([['ERR_DISCOVERY'], 1]);
    await discovery.close();
    const next = started(names);
    await next.discovery.close();
    expect([next.heard, names.cancelled]).toEqual([[], 2]);
  });

  test('each target of SRV records is a node', async () => {
    const names = new Names();
    names.records = [record('b.example', 11_212), record('A.example.')];
    const { discovery, heard } = started(names, { record: 'srv' });
    await look();
    names.records = [record('a.example'), record('b.example', 11_212), record('c.example')];
    await look();
    expect(heard).toEqual([
      '1 a.example:11211 b.example:11212',
      '2 a.example:11211 b.example:11212 c.example:11211',
    ]);
    expect(names.asked[0]).toBe('cache.example');
    await discovery.close();
  });

  test('records that no node can have are trouble', async () => {
    const names = new Names();
    for (const records of [[record('a.example', 0)], [record('.')], []]) {
      names.records = records;
      const { discovery, heard } = started(names, { record: 'srv' });
      await vi.advanceTimersByTimeAsync(0);
      expect(heard).toEqual(['ERR_DISCOVERY']);
      await discovery.close();
    }
  });
});

describe('SRV records', () => {
  const names = (records: readonly ServiceRecord[], weights = false): readonly string[] =>
    nodesOfRecords(records, weights).map(({ name, weight }) => `${name}*${weight}`);
  test('of the lowest priority count', () => {
    expect(names([record('a', 1, 10), record('b', 1, 5), record('c', 1, 5)])).toEqual([
      'b:1*1',
      'c:1*1',
    ]);
  });
  test('give their weights when that is wanted', () => {
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
  { servers: ['127.0.0.1'], resolver: new Names() },
])('%j is refused', (options) => {
  expect(() => dnsNames({ name: 'cache.example', ...(options as Partial<DnsOptions>) })).toThrow(
    expect.objectContaining({ code: 'ERR_ARGUMENT' }),
  );
});

test('the machine’s own resolver knows localhost', async () => {
  const discovery = dnsNames({ name: 'localhost', family: 4 });
  const { promise, resolve, reject } = Promise.withResolvers<Topology>();
  discovery.start({ topology: resolve, trouble: reject });
  expect((await promise).nodes.map(({ name }) => name)).toEqual(['127.0.0.1:11211']);
  await discovery.close();
});
