import { describe, expect, test } from 'vitest';
import { type Served, unlike } from '../../../benchmarks/macro/claims.ts';
import { namedMemcacheds, withArgs } from '../../../benchmarks/macro/contenders.ts';
import { coresFor, pinnedTo } from '../../../benchmarks/macro/cores.ts';
import { betterMemcached, goalOf, ratioTo, verdict } from '../../../benchmarks/macro/goals.ts';
import {
  DEFAULT_LOADS,
  LOADS,
  type Load,
  loadsNamed,
  mcloadArgs,
  needsEmptyServer,
} from '../../../benchmarks/macro/loads.ts';
import type { SpeedRun } from '../../../benchmarks/macro/speed.ts';
import { speedTable, type Table } from '../../../benchmarks/macro/summary.ts';

const loadOf = (name: string): Load => loadsNamed(name)[0]!;
const goalsByName = () => LOADS.flatMap(({ name, goal }) => (goal === undefined ? [] : [name]));

const MEASURED = {
  ...{ keys: 1000, hits: 1000, misses: 0, sets: 0, deletes: 0, errors: 0 },
  ...{ keysPerSecond: 500_000, p50us: 100, p99us: 200, p999us: 300 },
  ...{ cpuUsPerKey: 1, userUsPerKey: 0.5, serverBusy: 0.99, generatorBusy: 0.5 },
  ...{ newItems: 0, evictions: 0 },
};

/** One run a round of one server, with this CPU time per key in each. */
function runs(contender: string, cpu: readonly number[], load = 'multiget', threads = 1) {
  return cpu.map(
    (cpuUsPerKey, nth): SpeedRun => ({
      ...{ contender, threads, load, round: nth + 1 },
      measurement: { ...MEASURED, cpuUsPerKey },
    }),
  );
}

describe('the loads', () => {
  test('the loads of the design have its arguments and goals', () => {
    const rows = goalsByName().map((name) => {
      const { loadedKeys, goal } = loadOf(name);
      return [mcloadArgs(loadOf(name), 3).join(' '), loadedKeys, goal];
    });
    const all = '-c 50 -k 100000 -v 100 -t 3';
    expect(rows).toEqual([
      [`-d 1 ${all}`, 100_000, 1.1],
      [`-d 1 -s 100 ${all}`, 100_000, 1.1],
      [`-d 20 -s 10 ${all}`, 100_000, 0.6],
      [`-d 20 -s 100 ${all}`, 100_000, 0.65],
      ['-d 20 -s 100 -c 50 -k 50000000 -v 100 -t 3', 0, 1],
      ['-d 20 -c 50 -k 20000000 -v 100 -t 3', 0, 0.8],
      [`-m 50 ${all}`, 100_000, 0.45],
      [`-P meta -d 20 ${all}`, 100_000, 0.6],
      ['-d 1 -c 50 -k 100000 -v 4000 -t 3', 100_000, 1.05],
    ]);
    expect(DEFAULT_LOADS.split(',')).toEqual(goalsByName());
  });
  test('a load whose keys are stored in part names the keys that sets choose from', () => {
    const args = mcloadArgs(loadOf('mixed'), 1);
    expect(args.slice(args.indexOf('-k'))).toEqual('-k 100000 -n 50000 -v 100 -t 1'.split(' '));
  });
  test('a load that needs absent keys or less memory has a server of its own', () => {
    const own = LOADS.filter(needsEmptyServer).map(({ name }) => name);
    expect(own).toEqual(['new-keys', 'misses', 'mixed', 'cache-aside', 'evictions']);
    for (const load of LOADS.filter((each) => each.memoryMegabytes !== 1024)) {
      expect(needsEmptyServer(load)).toBe(true);
    }
  });
  test('the list names loads, all of them, and none for density', () => {
    expect(loadsNamed('get,density,set').map(({ name }) => name)).toEqual(['get', 'set']);
    expect(loadsNamed('all')).toEqual(LOADS);
    expect(() => loadsNamed('get,nonsense')).toThrow('There is no load "nonsense"; the loads are');
  });
});

describe('what a measurement must show', () => {
  const served = (changes: Partial<Served>): Served => ({ ...MEASURED, ...changes });
  test('a load with the hit ratio of its description is accepted', () => {
    expect(unlike(loadOf('get'), served({}))).toBeUndefined();
    expect(unlike(loadOf('misses'), served({ hits: 0, misses: 900 }))).toBeUndefined();
    expect(unlike(loadOf('cache-aside'), served({ hits: 790, misses: 210 }))).toBeUndefined();
    expect(unlike(loadOf('set'), served({ hits: 0, sets: 1000 }))).toBeUndefined();
  });
  test('a load with another hit ratio is refused', () => {
    const reason = '3.0 % of the gets were hits instead of 0.0 %';
    expect(unlike(loadOf('misses'), served({ hits: 30, misses: 970 }))).toBe(reason);
    expect(unlike(loadOf('get'), served({ hits: 970, misses: 30 }))).toContain('97.0 %');
    expect(unlike(loadOf('get'), served({ hits: 0, misses: 0 }))).toContain('NaN %');
  });
  test('a load of new keys is refused when its sets replace items', () => {
    const sets = { hits: 0, sets: 1000 };
    expect(unlike(loadOf('new-keys'), served({ ...sets, newItems: 950 }))).toBeUndefined();
    const reason = '1000 sets added only 850 items; measure for fewer seconds';
    expect(unlike(loadOf('new-keys'), served({ ...sets, newItems: 850 }))).toBe(reason);
  });
  test('a server must evict under the load of evictions, and under no other', () => {
    const few = 'the server evicted 0 items from -m 16; measure for more seconds';
    expect(unlike(loadOf('evictions'), served({ evictions: 0 }))).toBe(few);
    expect(unlike(loadOf('evictions'), served({ evictions: 9 }))).toBeUndefined();
    const some = 'the server evicted 9 items from -m 1024; measure for fewer seconds';
    expect(unlike(loadOf('get'), served({ evictions: 9 }))).toBe(some);
  });
});

describe('cores', () => {
  test('a server gets a core for each thread, and the generator the next one', () => {
    expect(coresFor(1, 2)).toEqual({ server: [0], generator: 1 });
    expect(coresFor(2, 8)).toEqual({ server: [0, 1], generator: 2 });
  });
  test('server and generator share the last core when there are too few', () => {
    expect(coresFor(2, 2)).toEqual({ server: [0, 1], generator: 1 });
    expect(coresFor(4, 2)).toEqual({ server: [0, 1], generator: 1 });
    expect(coresFor(1, 1)).toEqual({ server: [0], generator: 0 });
  });
  test('taskset gets all the cores of a server', () => {
    expect(pinnedTo(0, 1)).toEqual(['taskset', '-c', '0,1']);
  });
});

describe('contenders', () => {
  test('the environment names one more memcached', () => {
    expect(namedMemcacheds(['a'], { MEMCACHED_NEW: 'b' })).toEqual(['a', 'b']);
    expect(namedMemcacheds(['a'], { MEMCACHED_NEW: '' })).toEqual(['a']);
    expect(namedMemcacheds(['a'], {})).toEqual(['a']);
  });
  test('a variant has more arguments, in its name and in its command', async () => {
    const seen: (readonly string[])[] = [];
    const node = {
      name: 'slabring',
      command: (args: readonly string[]) => args.join(' '),
      start: (args: readonly string[], cores: readonly number[] = []) => {
        seen.push(args, cores.map(String));
        return Promise.reject(new Error('not started'));
      },
    };
    const variant = withArgs(node, ['-o', 'x']);
    expect(variant.name).toBe('slabring -o x');
    expect(variant.command(['-m', '64'])).toBe('-m 64 -o x');
    await expect(variant.start(['-m', '64'], [0, 1])).rejects.toThrow('not started');
    expect(seen).toEqual([
      ['-m', '64', '-o', 'x'],
      ['0', '1'],
    ]);
  });
});

describe('goals', () => {
  const older = runs('memcached 1.6.18', [2, 2.2, 2.4]);
  const newer = runs('memcached 1.6.45', [1, 1.1, 1.2]);
  const ours = runs('slabring', [0.3, 0.44, 0.6]);
  test('ratios are to the memcached with the least CPU time per key', () => {
    expect(betterMemcached([ours, older, newer])).toBe(newer);
    expect(betterMemcached([ours])).toBeUndefined();
  });
  test('a ratio is of the medians, and its spread is of the rounds', () => {
    const { median, min, max } = ratioTo(newer, ours);
    expect([median, min, max].map((value) => value.toFixed(2))).toEqual(['0.40', '0.30', '0.50']);
  });
  test('a goal holds for slabring with one thread', () => {
    expect(goalOf(ours[0]!)).toBe(0.45);
    expect(goalOf(newer[0]!)).toBeUndefined();
    expect(goalOf(runs('slabring', [1], 'multiget', 2)[0]!)).toBeUndefined();
    expect(goalOf(runs('slabring', [1], 'mixed')[0]!)).toBeUndefined();
  });
  test('a verdict says when the goal is within the noise', () => {
    expect(verdict(0.45, { median: 0.4, min: 0.38, max: 0.45 })).toBe('yes');
    expect(verdict(0.45, { median: 0.4, min: 0.38, max: 0.46 })).toBe('yes, within noise');
    expect(verdict(0.45, { median: 0.46, min: 0.45, max: 0.5 })).toBe('no, within noise');
    expect(verdict(0.45, { median: 0.5, min: 0.46, max: 0.6 })).toBe('no');
  });
});

describe('the table of speeds', () => {
  const column = (table: Table, name: string) => {
    const nth = table[0]!.indexOf(name);
    return table.slice(1).map((row) => row[nth]);
  };
  const table = speedTable([
    ...runs('memcached 1.6.45', [1, 1.2], 'mixed'),
    ...runs('memcached 1.6.45', [1, 1], 'multiget'),
    ...runs('memcached 1.6.18', [2, 2], 'multiget'),
    ...runs('slabring', [0.4, 0.44], 'multiget'),
    ...runs('slabring', [0.4, 0.4], 'multiget', 2),
    ...runs('slabring -o x', [0.44, 0.48], 'multiget'),
  ]);
  test('the rows are in the order of the loads, slabring first', () => {
    const rows = column(table, 'load').map((load, nth) => [load, column(table, 'server')[nth]]);
    expect(rows).toEqual([
      ['multiget', 'slabring'],
      ['multiget', 'slabring -o x'],
      ['multiget', 'memcached 1.6.18'],
      ['multiget', 'memcached 1.6.45'],
      ['multiget', 'slabring'],
      ['mixed', 'memcached 1.6.45'],
    ]);
  });
  test('a row shows the figure with its spread, the ratio, the goal and whether it is met', () => {
    expect(column(table, 'CPU µs/key (min–max)')[0]).toBe('0.42 (0.40–0.44)');
    expect(column(table, 'ratio (min–max)')).toEqual([
      '0.42 (0.40–0.44)',
      '0.46 (0.44–0.48)',
      '2.00 (2.00–2.00)',
      '1',
      '',
      '1',
    ]);
    expect(column(table, 'goal')).toEqual(['≤ 0.45', '≤ 0.45', '', '', '', '']);
    expect(column(table, 'met')).toEqual(['yes', 'no, within noise', '', '', '', '']);
  });
});
