import { describe, expect, test } from 'vitest';
import type { HotKey } from '../../../../src/commands/index.ts';
import { HotKeySampler } from '../../../../src/node/hot-keys/hot-key-sampler.ts';
import { HotKeyTable } from '../../../../src/node/hot-keys/hot-key-table.ts';
import { CommandHarness } from '../../../support/command-harness.ts';
import { Zipf } from '../../../support/hot-samples.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();

function start() {
  const node = new CommandHarness();
  const { items } = node.store;
  const table = new HotKeyTable(HotKeyTable.allocate(true));
  table.clear(items.clock.now());
  const sampler = new HotKeySampler(table, items, ':', 1);
  const see = (line: string, weight = 1) => sampler.seen(node.decode(line), weight);
  const view = () => table.view(items.clock.now());
  return { node, see, view };
}

/** The counts of keys, in the time that a new table has. */
const countsOf = (keys: readonly HotKey[]) =>
  Object.fromEntries(
    keys.map(({ key, gets, hits, writes }) => [key.toString('latin1'), [gets, hits, writes]]),
  );

describe('HotKeySampler', () => {
  test('a quiet thread notes every key of every request, and what it was', () => {
    const { node, see, view } = start();
    node.put('set user:a 0 0 1', 'x');
    for (const line of ['get user:a user:b user:a', 'mg user:a v', 'gat 0 user:b']) see(line);
    for (const line of ['set user:a 0 0 1', 'incr user:c 1', 'delete user:b', 'md user:c'])
      see(line);
    const { keys, prefixes, requestsPerSecond } = view();
    expect(countsOf(keys)).toEqual({
      ...{ 'user:a': [3, 3, 1], 'user:b': [2, 0, 1], 'user:c': [0, 0, 2] },
    });
    expect(countsOf(prefixes)).toEqual({ 'user:': [5, 3, 4] });
    expect(requestsPerSecond).toBe(9);
    expect(keys[0]!.bytes).toBeGreaterThan(1);
    expect(keys.every(({ error }) => error === 0)).toBe(true);
  });

  test('a request without a key is not noted', () => {
    const { see, view } = start();
    for (const line of ['stats', 'version', 'mn', 'me a', 'flush_all', 'lru_crawler crawl all'])
      see(line);
    expect(view().keys).toEqual([]);
  });

  test('a key in base64 is noted with its bytes, and a key without delimiter has no prefix', () => {
    const { see, view } = start();
    see('mg AP8= b v');
    expect(countsOf(view().keys)).toEqual({ '\0\u00ff': [1, 0, 0] });
    expect(countsOf(view().prefixes)).toEqual({ '': [1, 0, 0] });
  });

  test('the weight of the sampled request counts', () => {
    const { see, view } = start();
    see('get a', 16);
    expect(view().keys[0]).toMatchObject({ gets: 16, writes: 0 });
    expect(view().keys[0]!.error).toBeGreaterThan(16);
  });

  test(`a busy thread notes a part, and the rates stay right (SEED=${seed})`, () => {
    const { see, view } = start();
    const zipf = new Zipf(1000, 1, new Random(seed));
    const exact = new Map<string, number>();
    const requests = 20_000;
    const keysOfGet = 5;
    for (let at = 0; at < requests; at++) {
      const keys = Array.from({ length: keysOfGet }, () => `k:${zipf.next()}`);
      for (const key of keys) exact.set(key, (exact.get(key) ?? 0) + 1);
      see(`get ${keys.join(' ')}`);
    }
    const { keys, samples, requestsPerSecond } = view();
    const total = requests * keysOfGet;
    expect(samples).toBeLessThan(total / 8);
    expect(Math.abs(requestsPerSecond / total - 1)).toBeLessThan(0.3);
    for (let rank = 0; rank < 3; rank++) {
      const found = keys.find(({ key }) => String(key) === `k:${rank}`)!;
      expect(Math.abs(found.gets - exact.get(`k:${rank}`)!)).toBeLessThan(4 * found.error);
    }
  });
});
