import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { startMemcached, whyNoMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { Agent, bytes, type Json } from './agent.ts';
import { clientMissing, PHP_MEMCACHED, PYLIBMC } from './clients.ts';

const NODES = 3;
const KEYS_PER_CLIENT = 200;
const DEADLINE_MS = 10_000;

/** A client of the cluster: `set` stores text as bytes, `get` returns text. */
interface ClusterClient {
  readonly name: string;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** `wire` encodes a value: pylibmc marks text with its own flag, so it must store bytes. */
function agentClient(name: string, agent: Agent, wire: (value: string) => Json): ClusterClient {
  return {
    name,
    set: (key, value) => agent.call('set', key, wire(value)),
    get: (key) => agent.call('get', key),
    stop: () => agent.stop(),
  };
}

function slabringClient(client: CacheClient): ClusterClient {
  return {
    name: 'slabring',
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    stop: () => client.close(),
  };
}

const starts = { slabring: startSlabring, memcached: startMemcached };
const missing = clientMissing(PHP_MEMCACHED) ?? clientMissing(PYLIBMC);

for (const [name, start] of Object.entries(starts)) {
  const reason = missing ?? (name === 'memcached' ? whyNoMemcached() : undefined);
  if (reason !== undefined) console.warn(`skipped: keys of three nodes, ${name}: ${reason}`);
  describe.skipIf(reason !== undefined)(`keys of three nodes, ${name}`, () => threeNodes(start));
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
    'PHP, pylibmc and slabring find the keys that the others have set, %s',
    async (protocol) => {
      const settings = { servers: addresses, ketama: true, binary: protocol === 'binary' };
      const slabring = createClient({ nodes: addresses, deadlineMs: DEADLINE_MS });
      const clients = [
        agentClient('php', new Agent(PHP_MEMCACHED, settings), (value) => value),
        agentClient('pylibmc', new Agent(PYLIBMC, settings), (value) => bytes(Buffer.from(value))),
        slabringClient(slabring),
      ];
      try {
        const keys = await setKeysFromEach(clients, protocol);
        await expectEachFindsAll(clients, keys);
        // Each node owns some of the keys.
        expect(new Set(keys.map((key) => slabring.nodeOf(key)))).toEqual(new Set(addresses));
      } finally {
        await Promise.all(clients.map((client) => client.stop()));
      }
    },
  );

  test('PHP and slabring place weighted keys alike', async () => {
    const weights = [5, 2, 1];
    const settings = { servers: addresses, weights, ketama: true };
    const weighted = nodes.map(({ host, port }, i) => ({ host, port, weight: weights[i] ?? 1 }));
    const slabring = createClient({ nodes: weighted, deadlineMs: DEADLINE_MS });
    const clients = [
      agentClient('php', new Agent(PHP_MEMCACHED, settings), (value) => value),
      slabringClient(slabring),
    ];
    try {
      await expectEachFindsAll(clients, await setKeysFromEach(clients, 'weighted'));
    } finally {
      await Promise.all(clients.map((client) => client.stop()));
    }
  });
}

/** Each client sets its own keys; the value follows from the key. */
async function setKeysFromEach(
  clients: readonly ClusterClient[],
  prefix: string,
): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const client of clients) {
    for (let i = 0; i < KEYS_PER_CLIENT; i++) {
      const key = `${prefix}:${client.name}:${i}`;
      await client.set(key, `value of ${key}`);
      keys.push(key);
    }
  }
  return keys;
}

async function expectEachFindsAll(
  clients: readonly ClusterClient[],
  keys: readonly string[],
): Promise<void> {
  for (const client of clients) {
    const found = await Promise.all(keys.map((key) => client.get(key)));
    expect(found, `what ${client.name} found`).toEqual(keys.map((key) => `value of ${key}`));
  }
}
