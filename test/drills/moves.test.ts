/** Nodes come, go and restart under clients that nobody here wrote, with a checker beside them. */
import { describe, expect, test } from 'vitest';
import { testSeed } from '../support/random.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { type Found, MovesDrill } from './stock-clients/moves-drill.ts';
import { type ClientName, installedClients, StockLoad } from './stock-clients/stock-load.ts';

/** Of all clients; half of them are the checker's. */
const KEYS = Number(process.env['KEYS'] ?? 8_000);
const KEYS_OF_CHECKER = Math.round(KEYS / 2);
const KEYS_OF_CLIENT = Math.round(KEYS / 8);
const TIMEOUT_MS = 120_000 + 2 * KEYS;
const OTHER_MEMORY = 80 << 20;

const seed = testSeed();
const folder = folderForEachTest();
const CLIENTS = installedClients();

/** What a client sees when the node that it asks ends or is away; it then tries again. */
const LOST_CONNECTION =
  /reset|refused|close|broken pipe|connection ?(failure|error)|timed retry|marked dead/i;

const loadOf = (client: ClientName, servers: readonly string[], nth: number): StockLoad =>
  new StockLoad(client, { servers, keys: KEYS_OF_CLIENT, seed: (seed + nth) % 2 ** 31 });

function expectNothingWrong({ checker, clients }: Found): void {
  expect([...checker.wrong, ...clients.flatMap(({ wrong }) => wrong)]).toEqual([]);
  expect(checker).toMatchObject({ misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0 });
  for (const seen of clients) {
    expect(seen).toMatchObject({ misses: 0, stale: 0, lost: 0, failed: 0 });
  }
}

describe.each([1, 2])(`${KEYS} keys with %i copies (seed ${seed})`, (replicas) => {
  test(
    'every key is a hit while the cluster goes from 3 nodes to 5 and back',
    async (context) => {
      const drill = await MovesDrill.start(folder, { replicas, seed, keys: KEYS_OF_CHECKER });
      const [first = '', , third = ''] = drill.servers;
      // The nodes that leave have no clients: their connections would end.
      const loads = CLIENTS.map((client, nth) => loadOf(client, [first, third], nth));
      await drill.work(loads, [0, 2]);
      await drill.change({ action: 'add' });
      await drill.change({ action: 'add' });
      await drill.change({ action: 'remove', node: 'node-4' });
      await drill.change({ action: 'remove', node: 'node-2' });
      const found = await drill.stop();
      await context.annotate(drill.notes.join('\n'));
      expectNothingWrong(found);
      expect([...found.checker.messages]).toEqual([]);
      expect(found.clients.map(({ errors }) => errors)).toEqual(found.clients.map(() => ({})));
    },
    TIMEOUT_MS,
  );

  test(
    'clients lose only connections while all nodes restart with another size',
    async (context) => {
      const drill = await MovesDrill.start(folder, { replicas, seed, keys: KEYS_OF_CHECKER });
      const servers = (client: ClientName) =>
        client === 'pymemcache' ? drill.servers.slice(0, 1) : drill.servers;
      const loads = CLIENTS.map((client, nth) => loadOf(client, servers(client), nth));
      const proxied = CLIENTS.includes('php') ? [loadOf('php', [await drill.proxy()], 9)] : [];
      await drill.work([...loads, ...proxied], [0, 1, 2]);
      await drill.change({ action: 'restart', memoryLimitBytes: OTHER_MEMORY });
      const found = await drill.stop();
      await context.annotate(drill.notes.join('\n'));
      expectNothingWrong(found);
      const errors = [...found.checker.messages];
      for (const load of loads) errors.push(...load.errors);
      expect(errors.filter((text) => !LOST_CONNECTION.test(text))).toEqual([]);
      for (const load of proxied) expect(load.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
