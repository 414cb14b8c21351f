import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { memcachedMissing, startMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { Agent, bytes, type Json } from './agent.ts';
import { clientMissing, PHP_MEMCACHED, PYLIBMC } from './clients.ts';

const NODES = 3;
const KEYS_PER_CLIENT = 200;
const DEADLINE_MS = 10_000;

/** Some client of a cluster: bytes in, text out. */
interface Party {
  readonly name: string;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** pylibmc marks text with a flag of its own; bytes are bytes to everybody. */
function agentParty(name: string, agent: Agent, wire: (value: string) => Json): Party {
  return {
    name,
    set: (key, value) => agent.call('set', key, wire(value)),
    get: (key) => agent.call('get', key),
    stop: () => agent.stop(),
  };
}

function ourParty(client: CacheClient): Party {
  return {
    name: 'ours',
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    stop: () => client.close(),
  };
}

const starts = { slabring: startSlabring, memcached: startMemcached };
const missing = clientMissing(PHP_MEMCACHED) ?? clientMissing(PYLIBMC);

for (const [name, start] of Object.entries(starts)) {
  const why = missing ?? (name === 'memcached' ? memcachedMissing() : undefined);
  if (why !== undefined) console.warn(`skipped: keys of three nodes, ${name}: ${why}`);
  describe.skipIf(why !== undefined)(`keys of three nodes, ${name}`, () => threeNodes(start));
}

function threeNodes(start: () => Promise<TestServer>): void {
  let nodes: readonly TestServer[] = [];
  let addresses: readonly string[] = [];
  beforeAll(async () => {
    nodes = await Promise.all(Array.from({ length: NODES }, () => start()));
    addresses = nodes.map(({ host, port }) => `${host}:${port}`);
  });
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  test.for(['text', 'binary'])(
    'PHP, pylibmc and ours find what each other set, %s',
    async (protocol) => {
      const settings = { servers: addresses, ketama: true, binary: protocol === 'binary' };
      const ours = createClient({ nodes: addresses, deadlineMs: DEADLINE_MS });
      const parties = [
        agentParty('php', new Agent(PHP_MEMCACHED, settings), (value) => value),
        agentParty('pylibmc', new Agent(PYLIBMC, settings), (value) => bytes(Buffer.from(value))),
        ourParty(ours),
      ];
      try {
        const keys = await everyoneSets(parties, protocol);
        await everyoneFinds(parties, keys);
        // Each node has its share: nobody put all eggs in one basket.
        expect(new Set(keys.map((key) => ours.nodeOf(key)))).toEqual(new Set(addresses));
      } finally {
        await Promise.all(parties.map((party) => party.stop()));
      }
    },
  );

  test('PHP and ours agree on weights', async () => {
    const weights = [5, 2, 1];
    const settings = { servers: addresses, weights, ketama: true };
    const weighted = nodes.map(({ host, port }, i) => ({ host, port, weight: weights[i] ?? 1 }));
    const ours = createClient({ nodes: weighted, deadlineMs: DEADLINE_MS });
    const parties = [
      agentParty('php', new Agent(PHP_MEMCACHED, settings), (value) => value),
      ourParty(ours),
    ];
    try {
      await everyoneFinds(parties, await everyoneSets(parties, 'weighted'));
    } finally {
      await Promise.all(parties.map((party) => party.stop()));
    }
  });
}

/** Each party sets keys of its own; the value is the key's. */
async function everyoneSets(parties: readonly Party[], prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const party of parties) {
    for (let i = 0; i < KEYS_PER_CLIENT; i++) {
      const key = `${prefix}:${party.name}:${i}`;
      await party.set(key, `value of ${key}`);
      keys.push(key);
    }
  }
  return keys;
}

async function everyoneFinds(parties: readonly Party[], keys: readonly string[]): Promise<void> {
  for (const party of parties) {
    const found = await Promise.all(keys.map((key) => party.get(key)));
    expect(found, `what ${party.name} found`).toEqual(keys.map((key) => `value of ${key}`));
  }
}
