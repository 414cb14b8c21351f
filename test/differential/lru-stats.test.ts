/**
 * Compares the LRU counters with those of a real memcached after the same scenarios. No scenario
 * depends on how a server divides its memory.
 */
import { describe, expect, test } from 'vitest';
import { startMemcached, whyNoMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { statsOf, sumOverClasses } from '../support/stats.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

const VALUE = 'x'.repeat(10_000);
/** More items than fit into 2 MiB. */
const MANY = 400;
const FEW = 20;

/** A server that runs a scenario. */
class ScenarioServer {
  readonly server: TestServer;
  readonly #connection: RawConnection;

  private constructor(server: TestServer, connection: RawConnection) {
    this.server = server;
    this.#connection = connection;
  }

  static async connect(server: TestServer): Promise<ScenarioServer> {
    return new ScenarioServer(server, await RawConnection.connect(server.address));
  }

  async send(text: string): Promise<string> {
    return (await this.#connection.exchange(text)).toString('latin1');
  }

  async set(from: number, to: number, exptime = 0): Promise<void> {
    for (let i = from; i < to; i++) {
      await this.send(`set key-${i} 0 ${exptime} ${VALUE.length}\r\n${VALUE}\r\n`);
    }
  }

  async get(from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) await this.send(`get key-${i}\r\n`);
  }

  async sum(field: string): Promise<number> {
    return sumOverClasses(this.server, 'items', field);
  }

  /** Waits until the server's clock has advanced by `count` seconds. */
  async waitSeconds(count: number): Promise<void> {
    const uptime = async () => (await statsOf(this.server)).get('uptime') ?? 0;
    const start = await uptime();
    await waitUntil(`${count} s go by`, async () => (await uptime()) >= start + count);
  }
}

const FLAT = ['-m', '2', '-o', 'no_lru_maintainer,no_lru_crawler,no_slab_automove'];
const SEGMENTED = ['-m', '64', '-o', 'no_lru_crawler,no_slab_automove'];

const start = (args: readonly string[]) => ({
  slabring: async () =>
    ScenarioServer.connect(
      await startSlabring({ args: [...args, '-t', '1', '--eviction', 'segmented'] }),
    ),
  memcached: async () =>
    ScenarioServer.connect(await startMemcached({ args: [...args, '-t', '1'] })),
});

/** Scenarios and the facts to compare. Both servers run an LRU maintainer, or none does. */
const SCENARIOS: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly run: (node: ScenarioServer) => Promise<Readonly<Record<string, unknown>>>;
}[] = [
  {
    name: 'an evicted item that was never fetched counts as unfetched',
    args: FLAT,
    async run(node) {
      await node.set(0, MANY);
      const evicted = await node.sum('evicted');
      return {
        evicts: evicted > 0,
        isWhatIsMissing: evicted === MANY - (await node.sum('number')),
        unfetched: (await node.sum('evicted_unfetched')) === evicted,
        nonzero: await node.sum('evicted_nonzero'),
        active: await node.sum('evicted_active'),
        total: (await statsOf(node.server)).get('evictions') === evicted,
      };
    },
  },
  {
    name: 'an evicted item with a TTL counts as nonzero',
    args: FLAT,
    async run(node) {
      await node.set(0, FEW, 1000);
      await node.waitSeconds(2);
      await node.set(FEW, MANY, 1000);
      const evicted = await node.sum('evicted');
      return { nonzero: (await node.sum('evicted_nonzero')) === evicted };
    },
  },
  {
    name: 'an evicted item that was fetched does not count as unfetched',
    args: FLAT,
    async run(node) {
      for (let i = 0; i < MANY; i++) {
        await node.set(i, i + 1);
        await node.get(i, i + 1);
      }
      const evicted = await node.sum('evicted');
      return { evicts: evicted > 0, unfetched: await node.sum('evicted_unfetched') };
    },
  },
  {
    name: 'a set reclaims expired items instead of evicting',
    args: FLAT,
    async run(node) {
      await node.set(0, MANY, 1);
      await node.waitSeconds(3);
      const evicted = await node.sum('evicted');
      const before = await node.sum('reclaimed');
      const left = await node.sum('number');
      await node.set(MANY, MANY + 10, 0);
      const total = await node.sum('reclaimed');
      const reclaimed = total - before;
      return {
        evictedSince: (await node.sum('evicted')) - evicted,
        // memcached reclaims a few more items in the same pass.
        reclaimed: reclaimed >= 10,
        unfetched: (await node.sum('expired_unfetched')) === total,
        isWhatIsMissing: (await node.sum('number')) - left === 10 - reclaimed,
      };
    },
  },
  {
    name: 'a set evicts directly, even with a maintainer',
    args: ['-m', '2', '-o', 'no_lru_crawler,no_slab_automove'],
    async run(node) {
      await node.set(0, MANY);
      const evicted = await node.sum('evicted');
      return { evicts: evicted > 0, direct: (await node.sum('direct_reclaims')) >= evicted };
    },
  },
  {
    name: 'the maintainer fills COLD, and moves an item that is fetched twice there to WARM',
    args: SEGMENTED,
    async run(node) {
      await node.set(0, MANY);
      const counts = async () => ({
        hot: await node.sum('number_hot'),
        warm: await node.sum('number_warm'),
        cold: await node.sum('number_cold'),
      });
      await waitUntil('HOT has a fifth', async () => (await counts()).hot <= MANY / 5);
      const cold = (await counts()).cold;
      const movesToCold = await node.sum('moves_to_cold');
      // The oldest items are certainly in COLD.
      await node.get(0, FEW);
      await node.get(0, FEW);
      await waitUntil('what was read twice is WARM', async () => (await counts()).warm === FEW);
      return {
        cold: cold >= (MANY * 4) / 5,
        movesToCold: movesToCold === cold,
        movesToWarm: await node.sum('moves_to_warm'),
        hitsToCold: await node.sum('hits_to_cold'),
        evicted: await node.sum('evicted'),
      };
    },
  },
  {
    name: 'the crawler reclaims the expired items of the classes that it crawls',
    // memcached's maintainer would reclaim some of them, as the crawler does.
    args: ['-m', '64', '-o', 'no_lru_maintainer,no_slab_automove'],
    async run(node) {
      await node.set(0, 2 * FEW, 1000);
      await node.get(0, FEW / 2);
      for (let i = 0; i < FEW; i++) await node.send(`touch key-${i} 1\r\n`);
      await waitUntil('they are gone', async () => {
        await node.send('lru_crawler crawl all\r\n');
        return (await statsOf(node.server)).get('curr_items') === FEW;
      });
      return {
        crawlerReclaimed: await node.sum('crawler_reclaimed'),
        unfetched: await node.sum('expired_unfetched'),
        reclaimed: await node.sum('reclaimed'),
        evicted: await node.sum('evicted'),
      };
    },
  },
];

/** The scenarios and the two servers run concurrently: most of the time they wait for clocks. */
describe.skipIf(whyNoMemcached('1.6.18') !== undefined)('LRU counters, as memcached counts', () => {
  test.concurrent.for(SCENARIOS)('$name', async ({ args, run }, { onTestFinished }) => {
    const servers = start(args);
    const both = await Promise.all([servers.slabring(), servers.memcached()]);
    onTestFinished(async () => void (await Promise.all(both.map(({ server }) => server.stop()))));
    const [ours, theirs] = await Promise.all(both.map(run));
    expect(ours).toEqual(theirs);
  });
});
