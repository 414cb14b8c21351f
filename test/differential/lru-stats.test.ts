/** What the LRU's counters count, by stories that a real memcached is told too; none of them hangs on how memory is cut up. */
import { describe, expect, test } from 'vitest';
import { memcachedMissing, startMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { statsOf, sumOf } from '../support/stats.ts';
import { until } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

const VALUE = 'x'.repeat(10_000);
/** More than 2 MiB hold. */
const MANY = 400;
const FEW = 20;

/** A server that is told stories: by nature both look after their lists aside, or neither does. */
class Told {
  readonly server: TestServer;
  readonly #connection: RawConnection;

  private constructor(server: TestServer, connection: RawConnection) {
    this.server = server;
    this.#connection = connection;
  }

  static async by(server: TestServer): Promise<Told> {
    return new Told(server, await RawConnection.connect(server.address));
  }

  async say(text: string): Promise<string> {
    return (await this.#connection.exchange(text)).toString('latin1');
  }

  async set(from: number, to: number, exptime = 0): Promise<void> {
    for (let i = from; i < to; i++) {
      await this.say(`set key-${i} 0 ${exptime} ${VALUE.length}\r\n${VALUE}\r\n`);
    }
  }

  async get(from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) await this.say(`get key-${i}\r\n`);
  }

  async sum(field: string): Promise<number> {
    return sumOf(this.server, 'items', field);
  }

  /** Waits until the server's clock has gone on by so many seconds. */
  async seconds(count: number): Promise<void> {
    const uptime = async () => (await statsOf(this.server)).get('uptime') ?? 0;
    const start = await uptime();
    await until(`${count} s go by`, async () => (await uptime()) >= start + count);
  }
}

const FLAT = ['-m', '2', '-o', 'no_lru_maintainer,no_lru_crawler,no_slab_automove'];
const SEGMENTED = ['-m', '64', '-o', 'no_lru_crawler,no_slab_automove'];

const start = (args: readonly string[]) => ({
  slabring: async () =>
    Told.by(await startSlabring({ args: [...args, '-t', '1', '--eviction', 'segmented'] })),
  memcached: async () => Told.by(await startMemcached({ args: [...args, '-t', '1'] })),
});

/** What each server says at the end of a story. */
const STORIES: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly tell: (told: Told) => Promise<Readonly<Record<string, unknown>>>;
}[] = [
  {
    name: 'evicted, and nobody had asked for any of it',
    args: FLAT,
    async tell(told) {
      await told.set(0, MANY);
      const evicted = await told.sum('evicted');
      return {
        evicts: evicted > 0,
        isWhatIsMissing: evicted === MANY - (await told.sum('number')),
        unfetched: (await told.sum('evicted_unfetched')) === evicted,
        nonzero: await told.sum('evicted_nonzero'),
        active: await told.sum('evicted_active'),
        total: (await statsOf(told.server)).get('evictions') === evicted,
      };
    },
  },
  {
    name: 'evicted with a TTL, long after it was stored',
    args: FLAT,
    async tell(told) {
      await told.set(0, FEW, 1000);
      await told.seconds(2);
      await told.set(FEW, MANY, 1000);
      const evicted = await told.sum('evicted');
      return { nonzero: (await told.sum('evicted_nonzero')) === evicted };
    },
  },
  {
    name: 'evicted after it was asked for',
    args: FLAT,
    async tell(told) {
      for (let i = 0; i < MANY; i++) {
        await told.set(i, i + 1);
        await told.get(i, i + 1);
      }
      const evicted = await told.sum('evicted');
      return { evicts: evicted > 0, unfetched: await told.sum('evicted_unfetched') };
    },
  },
  {
    name: 'what has expired is reclaimed by who needs room',
    args: FLAT,
    async tell(told) {
      await told.set(0, MANY, 1);
      await told.seconds(3);
      const evicted = await told.sum('evicted');
      const before = await told.sum('reclaimed');
      const left = await told.sum('number');
      await told.set(MANY, MANY + 10, 0);
      const total = await told.sum('reclaimed');
      const reclaimed = total - before;
      return {
        evictedSince: (await told.sum('evicted')) - evicted,
        // memcached looks at some more while it is there.
        reclaimed: reclaimed >= 10,
        unfetched: (await told.sum('expired_unfetched')) === total,
        isWhatIsMissing: (await told.sum('number')) - left === 10 - reclaimed,
      };
    },
  },
  {
    name: 'evicted by who stores, with a maintainer',
    args: ['-m', '2', '-o', 'no_lru_crawler,no_slab_automove'],
    async tell(told) {
      await told.set(0, MANY);
      const evicted = await told.sum('evicted');
      return { evicts: evicted > 0, direct: (await told.sum('direct_reclaims')) >= evicted };
    },
  },
  {
    name: 'the maintainer fills COLD, and what is read twice there goes to WARM',
    args: SEGMENTED,
    async tell(told) {
      await told.set(0, MANY);
      const counts = async () => ({
        hot: await told.sum('number_hot'),
        warm: await told.sum('number_warm'),
        cold: await told.sum('number_cold'),
      });
      await until('HOT has a fifth', async () => (await counts()).hot <= MANY / 5);
      const cold = (await counts()).cold;
      const movesToCold = await told.sum('moves_to_cold');
      // The oldest, which are COLD for sure.
      await told.get(0, FEW);
      await told.get(0, FEW);
      await until('what was read twice is WARM', async () => (await counts()).warm === FEW);
      return {
        cold: cold >= (MANY * 4) / 5,
        movesToCold: movesToCold === cold,
        movesToWarm: await told.sum('moves_to_warm'),
        hitsToCold: await told.sum('hits_to_cold'),
        evicted: await told.sum('evicted'),
      };
    },
  },
  {
    name: 'the crawler reclaims what it is told to look for',
    // memcached's maintainer would reclaim some of it as the crawler does.
    args: ['-m', '64', '-o', 'no_lru_maintainer,no_slab_automove'],
    async tell(told) {
      await told.set(0, 2 * FEW, 1000);
      await told.get(0, FEW / 2);
      for (let i = 0; i < FEW; i++) await told.say(`touch key-${i} 1\r\n`);
      await until('they are gone', async () => {
        await told.say('lru_crawler crawl all\r\n');
        return (await statsOf(told.server)).get('curr_items') === FEW;
      });
      return {
        crawlerReclaimed: await told.sum('crawler_reclaimed'),
        unfetched: await told.sum('expired_unfetched'),
        reclaimed: await told.sum('reclaimed'),
        evicted: await told.sum('evicted'),
      };
    },
  },
];

/** Side by side, and both servers of a story too: most of it is waiting for their clocks. */
describe.skipIf(memcachedMissing('1.6.18') !== undefined)('counted as memcached counts:', () => {
  test.concurrent.for(STORIES)('$name', async ({ args, tell }, { onTestFinished }) => {
    const servers = start(args);
    const both = await Promise.all([servers.slabring(), servers.memcached()]);
    onTestFinished(async () => void (await Promise.all(both.map(({ server }) => server.stop()))));
    const [ours, theirs] = await Promise.all(both.map(tell));
    expect(ours).toEqual(theirs);
  });
});
