/** Clients that know one node of a cluster, or place keys in another way, see one cache. */
import type { Client } from 'memjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { startCluster, type TestCluster } from '../support/cluster-process.ts';
import { memjsClient } from './memjs-client.ts';

const KEYS = Array.from({ length: 60 }, (_, nth) => `key-${nth}`);

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());

/** Runs with a memjs of one node, and one of all nodes, which places keys in its own way. */
async function withMemjs(run: (one: Client, all: Client) => Promise<void>): Promise<void> {
  const one = memjsClient(cluster.addresses[0]!);
  const all = memjsClient([...cluster.addresses].reverse().join(','));
  try {
    await run(one, all);
  } finally {
    one.close();
    all.close();
  }
}

test('two memjs that place keys differently see the same values', () =>
  withMemjs(async (one, all) => {
    for (const key of KEYS) expect(await one.set(key, `value of ${key}`)).toBe(true);
    for (const key of KEYS) expect(`${(await all.get(key)).value}`).toBe(`value of ${key}`);
    for (const key of KEYS) expect(await all.delete(key)).toBe(true);
    for (const key of KEYS) expect((await one.get(key)).value).toBe(null);
  }));

test('two memjs raise the same counters', () =>
  withMemjs(async (one, all) => {
    for (const key of KEYS) {
      const counter = `counter of ${key}`.replaceAll(' ', '-');
      expect(await one.increment(counter, 1, { initial: 1 })).toMatchObject({ value: 1 });
      expect(await all.increment(counter, 1, { initial: 1 })).toMatchObject({ value: 2 });
      expect(await one.increment(counter, 1, { initial: 1 })).toMatchObject({ value: 3 });
    }
  }));

test('values of 500 KB pass from memjs to memjs', () =>
  withMemjs(async (one, all) => {
    for (const key of KEYS.slice(0, 6)) {
      expect(await one.set(key, key.repeat(100_000).slice(0, 500_000))).toBe(true);
      expect(`${(await all.get(key)).value}`.length).toBe(500_000);
    }
  }));

test('a client that places keys by modulo reads what a client of one node has stored', async () => {
  const [first = ''] = cluster.addresses;
  // With a distribution of its own a client stays at its list.
  const one = createClient({ nodes: [first], distribution: 'ketama' });
  const all = createClient({ nodes: cluster.addresses, distribution: 'modulo' });
  try {
    const values = new Map(KEYS.map((key) => [key, `of ${key}`]));
    await Promise.all([...values].map(([key, value]) => one.set(key, value)));
    expect((await all.getMany(KEYS)).values).toEqual(values);
    const tag = await all.gets(KEYS[0]!);
    expect(await all.cas(KEYS[0]!, 'new', tag!.cas)).toBe('stored');
    expect(await one.get(KEYS[0]!)).toBe('new');
  } finally {
    await Promise.all([one.close(), all.close()]);
  }
});
