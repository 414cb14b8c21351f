/** Nodes as processes of their own, killed, frozen and added while clients work. */
import { afterEach, describe, expect, test } from 'vitest';
import { CacheClient, type CacheError, type ClientOptions } from '../../src/client.ts';
import { HandDiscovery } from '../support/hand-discovery.ts';
import { startSlabring } from '../support/node-process.ts';
import { Random, testSeed } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { until } from '../support/wait.ts';

const seed = testSeed();
const NODES = 3;
const KEYS = 600;
/** Long, so that a slow machine fails no test: nothing may come near to it. */
const DEADLINE_MS = 20_000;
const keys = Array.from({ length: KEYS }, (_, i) => `key${i}`);

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function startNode(port?: number): Promise<TestServer> {
  const server = await startSlabring({
    args: ['-t', '1', '-m', '16'],
    ...(port === undefined ? {} : { port }),
  });
  ending.push(() => server.stop());
  return server;
}
const startNodes = (): Promise<TestServer[]> =>
  Promise.all(Array.from({ length: NODES }, () => startNode()));
const nameOf = ({ port }: TestServer): string => `127.0.0.1:${port}`;
function startClient(options: ClientOptions): CacheClient {
  const cache = new CacheClient({ deadlineMs: DEADLINE_MS, ...options });
  ending.push(() => cache.close());
  return cache;
}
async function kill({ process }: TestServer): Promise<void> {
  process.child.kill('SIGKILL');
  await process.ended;
}

/** Reads and writes all the time, each lane keys of its own, and counts what goes wrong. */
class Load {
  operations = 0;
  misses = 0;
  /** Values that are older than what was acknowledged. */
  stale = 0;
  readonly failures: CacheError[] = [];
  readonly #cache: CacheClient;
  readonly #lanes: Promise<void>[];
  readonly #versions = new Map(keys.map((key) => [key, 0]));
  #isOn = true;

  constructor(cache: CacheClient, lanes = 8) {
    this.#cache = cache;
    this.#lanes = Array.from({ length: lanes }, (_, lane) => {
      const own = keys.filter((_key, i) => i % lanes === lane);
      return this.#run(own, new Random(seed).fork(lane));
    });
  }

  /** Waits until so many more operations have ended. */
  async pass(count: number): Promise<void> {
    const goal = this.operations + count;
    await until(`${count} operations`, () => this.operations >= goal, 60_000);
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await Promise.all(this.#lanes);
  }

  /** What is still there, and as new as it must be. */
  async audit(): Promise<{ readonly missing: number; readonly stale: number }> {
    const { values } = await this.#cache.getMany(keys);
    const stale = [...values].filter(([key, value]) => Number(value) < this.#versions.get(key)!);
    return { missing: KEYS - values.size, stale: stale.length };
  }

  async #run(own: readonly string[], random: Random): Promise<void> {
    while (this.#isOn) {
      const key = random.pick(own);
      try {
        const kind = random.int(0, 9);
        if (kind < 3) await this.#write(key);
        else if (kind < 5) await this.#readMany([key, random.pick(own), random.pick(own)]);
        else this.#check(key, await this.#cache.get(key));
      } catch (error) {
        this.failures.push(error as CacheError);
        // What fails at once must not keep the machine from anything else.
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

async function begin(options: ClientOptions): Promise<{ cache: CacheClient; load: Load }> {
  const cache = startClient(options);
  const { failed } = await cache.setMany(keys.map((key) => [key, 0] as const));
  expect(failed.size).toBe(0);
  return { cache, load: new Load(cache) };
}

describe(`two copies (seed ${seed})`, () => {
  test.each([0, 1, 2])('node %i of three is killed: no key is lost, no read fails', async (nth) => {
    const nodes = await startNodes();
    const { cache, load } = await begin({ nodes: nodes.map(nameOf), replicas: 2 });
    await load.pass(500);
    await kill(nodes[nth]!);
    await load.pass(2000);
    await load.stop();
    expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
    const { misses, stale, failures } = load;
    expect({ misses, stale, failures }).toEqual({ misses: 0, stale: 0, failures: [] });
    const up = new Promise((told) => cache.on('node-up', told));
    await startNode(nodes[nth]!.port);
    await up;
    expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
    await until('its keys are repaired', async () => {
      const inside = startClient({ nodes: [nameOf(nodes[nth]!)] });
      const own = keys.filter((key) => cache.nodeOf(key) === nameOf(nodes[nth]!));
      await cache.getMany(own);
      return (await inside.getMany(own)).values.size === own.length;
    });
  });

  test('a node freezes and thaws: no key is lost, no read fails, nothing is old', async () => {
    const nodes = await startNodes();
    const options = { nodes: nodes.map(nameOf), replicas: 2, deadlineMs: 3000 };
    const { cache, load } = await begin(options);
    await load.pass(300);
    const { child } = nodes[1]!.process;
    const down = new Promise((told) => cache.once('node-down', told));
    const up = new Promise((told) => cache.once('node-up', told));
    child.kill('SIGSTOP');
    await down;
    await load.pass(1000);
    child.kill('SIGCONT');
    await up;
    await load.pass(1000);
    await load.stop();
    expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
    expect({ misses: load.misses, stale: load.stale }).toEqual({ misses: 0, stale: 0 });
    expect(load.failures).toEqual([]);
  });

  test('a counter goes on where it was when its owner is killed', async () => {
    const nodes = await startNodes();
    const cache = startClient({ nodes: nodes.map(nameOf), replicas: 2 });
    await cache.set('count', 0);
    let acknowledged = 0n;
    let asked = 0n;
    const count = async (): Promise<void> => {
      asked++;
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
    expect(now).toBeLessThanOrEqual(asked);
    // At the most the one that was under way is in doubt.
    expect(now).toBeGreaterThanOrEqual(asked - 2n);
  });
});

test(`one copy: the end of a node costs its share, and no more (seed ${seed})`, async () => {
  const nodes = await startNodes();
  const { cache, load } = await begin({ nodes: nodes.map(nameOf) });
  const lost = keys.filter((key) => cache.nodeOf(key) === nameOf(nodes[0]!));
  await load.pass(500);
  await kill(nodes[0]!);
  await load.pass(2000);
  await load.stop();
  const { values, failed } = await cache.getMany(keys);
  expect([...failed.keys()].sort()).toEqual([...lost].sort());
  expect(values.size).toBe(KEYS - lost.length);
  expect(new Set(load.failures.map(({ node }) => node))).toEqual(new Set([nameOf(nodes[0]!)]));
  expect({ misses: load.misses, stale: load.stale }).toEqual({ misses: 0, stale: 0 });
});

test.each([
  { previousOwner: undefined, hasStorm: true },
  { previousOwner: { graceSeconds: 600 }, hasStorm: false },
])('a node is added, with previousOwner $previousOwner', async ({ previousOwner, hasStorm }) => {
  const nodes = await startNodes();
  const hand = new HandDiscovery();
  const cache = startClient({
    nodes: hand,
    ...(previousOwner === undefined ? {} : { previousOwner }),
  });
  hand.tell(nodes.map(nameOf));
  await cache.setMany(keys.map((key) => [key, 0] as const));
  const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
  const load = new Load(cache);
  await load.pass(300);
  const added = await startNode();
  hand.tell([...nodes, added].map(nameOf));
  const moved = keys.filter((key) => cache.nodeOf(key) !== before.get(key));
  await load.pass(3000);
  await load.stop();
  expect(moved.length).toBeGreaterThan(KEYS / 10);
  expect(load.failures).toEqual([]);
  expect(load.stale).toBe(0);
  expect(load.misses > 0).toBe(hasStorm);
  if (!hasStorm) expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
});

test('all nodes are killed and come back: every operation is settled, and it goes on', async () => {
  const nodes = await startNodes();
  const { cache, load } = await begin({ nodes: nodes.map(nameOf), replicas: 2 });
  await load.pass(300);
  await Promise.all(nodes.map(kill));
  await load.pass(300);
  expect(load.failures.length).toBeGreaterThan(0);
  expect(new Set(load.failures.map(({ name }) => name))).toEqual(new Set(['CacheError']));
  await Promise.all(nodes.map(({ port }) => startNode(port)));
  await until('all are back', async () => (await cache.getMany(keys)).failed.size === 0);
  const failuresBefore = load.failures.length;
  await load.pass(1000);
  await load.stop();
  expect(load.failures.length).toBe(failuresBefore);
  await cache.setMany(keys.map((key) => [key, 1_000_000] as const));
  expect(await load.audit()).toEqual({ missing: 0, stale: 0 });
});
