/** Node processes that the test kills, freezes and adds while clients read and write. */
import { afterEach, describe, expect, test } from 'vitest';
import { CacheClient, type CacheError, type ClientOptions } from '../../src/client.ts';
import { ManualDiscovery } from '../support/manual-discovery.ts';
import { startSlabring } from '../support/node-process.ts';
import { Random, testSeed } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';

const seed = testSeed();
const NODES = 3;
const KEYS = 600;
/** Long, so that no operation reaches it on a slow machine. */
const DEADLINE_MS = 20_000;
const keys = Array.from({ length: KEYS }, (_, i) => `key${i}`);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startNode(port?: number): Promise<TestServer> {
  const server = await startSlabring({
    args: ['-t', '1', '-m', '16'],
    ...(port === undefined ? {} : { port }),
  });
  cleanups.push(() => server.stop());
  return server;
}
const startNodes = (): Promise<TestServer[]> =>
  Promise.all(Array.from({ length: NODES }, () => startNode()));
const nameOf = ({ port }: TestServer): string => `127.0.0.1:${port}`;
function startClient(options: ClientOptions): CacheClient {
  const cache = new CacheClient({ deadlineMs: DEADLINE_MS, ...options });
  cleanups.push(() => cache.close());
  return cache;
}
async function kill({ process }: TestServer): Promise<void> {
  process.child.kill('SIGKILL');
  await process.exited;
}

/** Reads and writes continuously, each lane with its own keys, and counts misses and failures. */
class Load {
  operations = 0;
  misses = 0;
  /** Values older than the newest acknowledged write. */
  stale = 0;
  readonly failures: CacheError[] = [];
  readonly #cache: CacheClient;
  readonly #lanes: Promise<void>[];
  readonly #versions = new Map(keys.map((key) => [key, 0]));
  #isRunning = true;

  constructor(cache: CacheClient, lanes = 8) {
    this.#cache = cache;
    this.#lanes = Array.from({ length: lanes }, (_, lane) => {
      const own = keys.filter((_key, i) => i % lanes === lane);
      return this.#run(own, new Random(seed).fork(lane));
    });
  }

  /** Waits for `count` more operations. */
  async waitForOperations(count: number): Promise<void> {
    const goal = this.operations + count;
    await waitUntil(`${count} operations`, () => this.operations >= goal, 60_000);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#lanes);
  }

  /** Reads all keys: how many are missing, and how many are stale. */
  async audit(): Promise<{ readonly missing: number; readonly stale: number }> {
    const { values } = await this.#cache.getMany(keys);
    const stale = [...values].filter(([key, value]) => Number(value) < this.#versions.get(key)!);
    return { missing: KEYS - values.size, stale: stale.length };
  }

  async #run(own: readonly string[], random: Random): Promise<void> {
    while (this.#isRunning) {
      const key = random.pick(own);
      try {
        const kind = random.int(0, 9);
        if (kind < 3) await this.#write(key);
        else if (kind < 5) await this.#readMany([key, random.pick(own), random.pick(own)]);
        else this.#check(key, await this.#cache.get(key));
      } catch (error) {
        this.failures.push(error as CacheError);
        // Operations that fail at once must not occupy the CPU.
        await new Promise(setImmediate);
      }
      this.operations++;
    }
  }

  async #write(key: string): Promise<void> {
    const version = this.#versions.get(key)! + 1;
    await this.#cache.set(key, version);
    this.#versions.set(key, version);
  }

  async #readMany(some: readonly string[]): Promise<void> {
    const { values, failed } = await this.#cache.getMany(some);
    for (const key of some) {
      if (!failed.has(key)) this.#check(key, values.get(key));
    }
    this.failures.push(...failed.values());
  }

  #check(key: string, value: unknown): void {
    if (value === undefined) this.misses++;
    else if (Number(value) < this.#versions.get(key)!) this.stale++;
  }
}

async function startLoad(options: ClientOptions): Promise<{ cache: CacheClient; load: Load }> {
  const cache = startClient(options);
  const { failed } = await cache.setMany(keys.map((key) => [key, 0] as const));
  expect(failed.size).toBe(0);
  return { cache, load: new Load(cache) };
}

describe(`two replicas (seed ${seed})`, () => {
  test.each([0, 1, 2])('killing node %i of three loses no key and fails no read', async (nth) => {
    const nodes = await startNodes();
    const { cache, load } = await startLoad({ nodes: nodes.map(nameOf), replicas: 2 });
    await load.waitForOperations(500);
    await kill(nodes[nth]!);
    await load.waitForOperations(2000);
    await load.stop();
    expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
    const { misses, stale, failures } = load;
    expect({ misses, stale, failures }).toEqual({ misses: 0, stale: 0, failures: [] });
    const up = new Promise((resolve) => cache.on('node-up', resolve));
    await startNode(nodes[nth]!.port);
    await up;
    expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
    await waitUntil('its keys are repaired', async () => {
      const directClient = startClient({ nodes: [nameOf(nodes[nth]!)] });
      const own = keys.filter((key) => cache.nodeOf(key) === nameOf(nodes[nth]!));
      await cache.getMany(own);
      return (await directClient.getMany(own)).values.size === own.length;
    });
  });

  test('freezing a node loses no key, fails no read and returns no stale value', async () => {
    const nodes = await startNodes();
    const options = { nodes: nodes.map(nameOf), replicas: 2, deadlineMs: 3000 };
    const { cache, load } = await startLoad(options);
    await load.waitForOperations(300);
    const { child } = nodes[1]!.process;
    const down = new Promise((resolve) => cache.once('node-down', resolve));
    const up = new Promise((resolve) => cache.once('node-up', resolve));
    child.kill('SIGSTOP');
    await down;
    await load.waitForOperations(1000);
    child.kill('SIGCONT');
    await up;
    await load.waitForOperations(1000);
    await load.stop();
    expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
    expect({ misses: load.misses, stale: load.stale }).toEqual({ misses: 0, stale: 0 });
    expect(load.failures).toEqual([]);
  });

  test('a counter continues from its value when its owner is killed', async () => {
    const nodes = await startNodes();
    const cache = startClient({ nodes: nodes.map(nameOf), replicas: 2 });
    await cache.set('count', 0);
    let acknowledged = 0n;
    let attempts = 0n;
    const count = async (): Promise<void> => {
      attempts++;
      acknowledged = (await cache.increment('count').catch(() => undefined)) ?? acknowledged;
    };
    for (let i = 0; i < 100; i++) await count();
    const owner = nodes.find((node) => nameOf(node) === cache.nodeOf('count'))!;
    const killed = kill(owner);
    for (let i = 0; i < 100; i++) await count();
    await killed;
    for (let i = 0; i < 100; i++) await count();
    const now = BigInt((await cache.get<number>('count'))!);
    expect(now).toBe(acknowledged);
    expect(now).toBeLessThanOrEqual(attempts);
    // Only the operations in flight during the kill may be unacknowledged.
    expect(now).toBeGreaterThanOrEqual(attempts - 2n);
  });
});

test(`one replica: killing a node loses only its share of the keys (seed ${seed})`, async () => {
  const nodes = await startNodes();
  const { cache, load } = await startLoad({ nodes: nodes.map(nameOf) });
  const lost = keys.filter((key) => cache.nodeOf(key) === nameOf(nodes[0]!));
  await load.waitForOperations(500);
  await kill(nodes[0]!);
  await load.waitForOperations(2000);
  await load.stop();
  const { values, failed } = await cache.getMany(keys);
  expect([...failed.keys()].sort()).toEqual([...lost].sort());
  expect(values.size).toBe(KEYS - lost.length);
  expect(new Set(load.failures.map(({ node }) => node))).toEqual(new Set([nameOf(nodes[0]!)]));
  expect({ misses: load.misses, stale: load.stale }).toEqual({ misses: 0, stale: 0 });
});

test.each([
  { previousOwner: undefined, expectsMisses: true },
  { previousOwner: { graceSeconds: 600 }, expectsMisses: false },
])(
  'adding a node causes misses unless previousOwner is set: $previousOwner',
  async ({ previousOwner, expectsMisses }) => {
    const nodes = await startNodes();
    const discovery = new ManualDiscovery();
    const cache = startClient({
      nodes: discovery,
      ...(previousOwner === undefined ? {} : { previousOwner }),
    });
    discovery.publish(nodes.map(nameOf));
    await cache.setMany(keys.map((key) => [key, 0] as const));
    const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
    const load = new Load(cache);
    await load.waitForOperations(300);
    const added = await startNode();
    discovery.publish([...nodes, added].map(nameOf));
    const moved = keys.filter((key) => cache.nodeOf(key) !== before.get(key));
    await load.waitForOperations(3000);
    await load.stop();
    expect(moved.length).toBeGreaterThan(KEYS / 10);
    expect(load.failures).toEqual([]);
    expect(load.stale).toBe(0);
    expect(load.misses > 0).toBe(expectsMisses);
    if (!expectsMisses) expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
  },
);

test('every operation settles when all nodes are killed and restarted', async () => {
  const nodes = await startNodes();
  const { cache, load } = await startLoad({ nodes: nodes.map(nameOf), replicas: 2 });
  await load.waitForOperations(300);
  await Promise.all(nodes.map(kill));
  await load.waitForOperations(300);
  expect(load.failures.length).toBeGreaterThan(0);
  expect(new Set(load.failures.map(({ name }) => name))).toEqual(new Set(['CacheError']));
  await Promise.all(nodes.map(({ port }) => startNode(port)));
  await waitUntil('all nodes are up', async () => (await cache.getMany(keys)).failed.size === 0);
  const failuresBefore = load.failures.length;
  await load.waitForOperations(1000);
  await load.stop();
  expect(load.failures.length).toBe(failuresBefore);
  await cache.setMany(keys.map((key) => [key, 1_000_000] as const));
  expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
});
