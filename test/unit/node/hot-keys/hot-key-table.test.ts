import { describe, expect, test } from 'vitest';
import { HOT_KEYS_MAX, type HotKeysView } from '../../../../src/commands/index.ts';
import { HALF_LIFE_SECONDS, HotKeyTable } from '../../../../src/node/hot-keys/hot-key-table.ts';
import { sampleOf, Zipf } from '../../../support/hot-samples.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();
const START = 1000;

function newTable(): HotKeyTable {
  const table = new HotKeyTable(HotKeyTable.allocate(true));
  table.clear(START);
  return table;
}

function note(table: HotKeyTable, key: string, weight: number, now: number): void {
  const prefix = key.slice(0, key.indexOf(':') + 1);
  table.note(sampleOf(key), sampleOf(prefix), weight, now);
}

const names = ({ keys }: HotKeysView): readonly string[] => keys.map(({ key }) => String(key));

describe('HotKeyTable', () => {
  test('the rates of a steady load are its rates, from the begin on', () => {
    const table = newTable();
    for (let second = 0; second < 600; second++) {
      for (let nth = 0; nth < 3; nth++) note(table, 'a:1', 10, START + second);
      note(table, 'b:1', 10, START + second);
      if (second !== 1 && second !== 60 && second !== 599) continue;
      const { keys, prefixes, requestsPerSecond } = table.view(START + second + 1);
      expect(requestsPerSecond).toBeCloseTo(40, 0);
      expect(keys[0]!.gets).toBeCloseTo(30, 0);
      expect(prefixes.map(({ key }) => String(key))).toEqual(['a:', 'b:']);
      expect(prefixes[1]!.gets).toBeCloseTo(10, 0);
    }
  });

  test('the key of yesterday is not hot today, and all numbers stay finite', () => {
    const table = newTable();
    for (let nth = 0; nth < 1000; nth++) note(table, 'old:1', 1, START);
    const later = START + 10 * HALF_LIFE_SECONDS;
    for (let nth = 0; nth < 5; nth++) note(table, 'new:1', 1, later);
    expect(names(table.view(later))).toEqual(['new:1', 'old:1']);
    const day = START + 86_400;
    note(table, 'today:1', 1, day);
    const { keys, requestsPerSecond, samples } = table.view(day);
    expect(String(keys[0]!.key)).toBe('today:1');
    expect(samples).toBeCloseTo(1);
    expect(requestsPerSecond * table.view(day).windowSeconds).toBeCloseTo(1);
  });

  test(`a sample of one in 50 finds the top 5 of Zipf 1, within its error (SEED=${seed})`, () => {
    const random = new Random(seed);
    const zipf = new Zipf(20_000, 1, random);
    const table = newTable();
    const exact = new Map<string, number>();
    for (let at = 0; at < 1_000_000; at++) {
      const key = `k:${zipf.next()}`;
      exact.set(key, (exact.get(key) ?? 0) + 1);
      if (random.oneIn(50)) note(table, key, 50, START);
    }
    const { keys, windowSeconds } = table.view(START);
    const top = [...exact].toSorted(([, a], [, b]) => b - a).slice(0, 5);
    for (const [key, count] of top) {
      const found = keys.find((each) => String(each.key) === key)!;
      // Three times the error: 10^-8 of the runs are beyond.
      expect(Math.abs(found.gets * windowSeconds - count)).toBeLessThan(
        3 * found.error * windowSeconds,
      );
    }
  });

  test('a view has a bounded number of keys', () => {
    const table = newTable();
    for (let nth = 0; nth < 1000; nth++) note(table, `p${nth}:${nth}`, 1, START);
    const { keys, prefixes } = table.view(START);
    expect([keys.length, prefixes.length]).toEqual([HOT_KEYS_MAX, HOT_KEYS_MAX]);
  });

  test('a busy table drops the sample, and nobody waits', () => {
    const memory = HotKeyTable.allocate(true);
    const table = new HotKeyTable(memory);
    const lock = new Int32Array(memory);
    Atomics.store(lock, 0, 1);
    note(table, 'a:1', 1, START);
    Atomics.store(lock, 0, 0);
    expect(table.view(START).keys).toEqual([]);
  });
});
