/** Clients of other languages that ask any node of a cluster see one cache. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../../support/cluster-process.ts';
import { Agent, type AgentSettings } from './agent.ts';
import { clientMissing, DALLI, PHP_MEMCACHED, PYLIBMC, PYMEMCACHE } from './clients.ts';

const KEYS = Array.from({ length: 50 }, (_, nth) => `key-${nth}`);

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());

const CLIENTS = [
  { name: 'pymemcache', client: PYMEMCACHE, settings: {} },
  { name: 'pylibmc', client: PYLIBMC, settings: {} },
  { name: 'pylibmc, binary', client: PYLIBMC, settings: { binary: true } },
  { name: "PHP's memcached, binary", client: PHP_MEMCACHED, settings: { binary: true } },
  { name: 'dalli', client: DALLI, settings: {} },
] as const;

describe.each(CLIENTS)('$name', ({ client, settings }) => {
  const skip = clientMissing(client) !== undefined;
  let agents: readonly Agent[] = [];
  /** One client of each node: none of them knows the nodes of all keys. */
  beforeAll(async () => {
    if (skip) return;
    agents = cluster.addresses.map((server) => {
      const one: AgentSettings = { servers: [server], ...settings };
      return new Agent(client, one);
    });
    expect(await agents[0]!.call('flush')).toBe(true);
  });
  afterAll(() => Promise.all(agents.map((agent) => agent.stop())));
  const agentOf = (nth: number): Agent => agents[nth % agents.length]!;

  test.skipIf(skip)('a value that one node takes is read at the next one', async () => {
    for (const [nth, key] of KEYS.entries()) {
      expect(await agentOf(nth).call('set', key, `value of ${key}`)).toBe(true);
      expect(await agentOf(nth + 1).call('get', key)).toBe(`value of ${key}`);
      expect(await agentOf(nth + 2).call('delete', key)).toBe(true);
      expect(await agentOf(nth).call('get', key)).toBe(null);
    }
  });

  test.skipIf(skip)(
    'get_many at one node returns what set_many at another has stored',
    async () => {
      const many = Object.fromEntries(KEYS.map((key) => [`many-${key}`, `value of ${key}`]));
      expect(await agentOf(0).call('set_many', many)).toBe(true);
      expect(await agentOf(1).call('get_many', [...Object.keys(many), 'none'])).toEqual(many);
    },
  );

  test.skipIf(skip)('counters and CAS ids mean the same at each node', async () => {
    for (const [nth, key] of KEYS.entries()) {
      await agentOf(nth).call('set', `count-${key}`, '10');
      expect(await agentOf(nth + 1).call('incr', `count-${key}`, 5)).toBe(15);
      expect(await agentOf(nth + 2).call('decr', `count-${key}`, 1)).toBe(14);
      await agentOf(nth).call('set', `swap-${key}`, 'one');
      const [, cas] = (await agentOf(nth + 1).call('gets', `swap-${key}`)) as [string, string];
      expect(await agentOf(nth + 1).call('cas', `swap-${key}`, 'two', cas)).toBe('stored');
      expect(await agentOf(nth + 2).call('get', `swap-${key}`)).toBe('two');
    }
  });

  test.skipIf(skip)('append, prepend and touch find the item at each node', async () => {
    for (const [nth, key] of KEYS.entries()) {
      const word = `word-${key}`;
      expect(await agentOf(nth).call('touch', word, 100)).toBe(false);
      expect(await agentOf(nth + 1).call('set', word, 'mid')).toBe(true);
      expect(await agentOf(nth + 2).call('append', word, '-end')).toBe(true);
      expect(await agentOf(nth).call('prepend', word, 'start-')).toBe(true);
      expect(await agentOf(nth + 1).call('touch', word, 100)).toBe(true);
      expect(await agentOf(nth + 2).call('get', word)).toBe('start-mid-end');
    }
  });

  test.skipIf(skip)('a value of 500 KB passes through a node unchanged', async () => {
    const value = 'abcdefghij'.repeat(50_000);
    for (const [nth, key] of KEYS.slice(0, 6).entries()) {
      expect(await agentOf(nth).call('set', `large-${key}`, value)).toBe(true);
      expect((await agentOf(nth + 1).call('get', `large-${key}`)) === value).toBe(true);
    }
  });
});
