import { expect, test } from 'vitest';
import {
  CLASS_COUNT,
  COUNT,
  CounterSums,
  ThreadCounters,
} from '../../../../src/store/memory/counters.ts';
import { StoreParts } from '../../../support/store-parts.ts';

test('sums count every thread, slot and class apart', () => {
  const { arena } = new StoreParts({ threads: 3 });
  const sums = new CounterSums(arena);
  const threads = [0, 1, 2].map((thread) => new ThreadCounters(arena, thread));
  threads[0]!.add(COUNT.get_cmds);
  threads[2]!.add(COUNT.get_cmds, 41);
  threads[1]!.add(COUNT.get_misses, 2 ** 40);
  threads[1]!.addToClass(1, CLASS_COUNT.cmd_set, 5);
  threads[2]!.addToClass(63, CLASS_COUNT.cmd_set);
  threads[2]!.addToClass(63, CLASS_COUNT.touch_hits, 9);
  expect([sums.thread('get_cmds'), sums.thread('get_misses')]).toEqual([42, 2 ** 40]);
  expect([1, 2, 63, undefined].map((id) => sums.class('cmd_set', id))).toEqual([5, 0, 1, 6]);
  expect(sums.thread('slab_reassign_chunk_rescues')).toBe(0);
});

test('hits are those of all four segments', () => {
  const { arena } = new StoreParts();
  const counters = new ThreadCounters(arena, 0);
  const names = ['hits_to_hot', 'hits_to_warm', 'hits_to_cold', 'hits_to_temp'] as const;
  for (const [i, name] of names.entries()) counters.addToClass(3, CLASS_COUNT[name], 10 ** i);
  counters.addToClass(4, CLASS_COUNT.hits_to_hot, 5);
  const sums = new CounterSums(arena);
  expect([sums.hits(3), sums.hits(4), sums.hits()]).toEqual([1111, 5, 1116]);
});

test('a reset starts every sum at 0, and leaves the counters of the threads alone', () => {
  const { arena } = new StoreParts({ threads: 2 });
  const sums = new CounterSums(arena);
  const counters = new ThreadCounters(arena, 1);
  for (const expected of [7, 8]) {
    counters.add(COUNT.get_cmds);
    counters.add(COUNT.cas_misses, expected);
    counters.addToClass(2, CLASS_COUNT.cas_hits, expected);
    expect([sums.thread('cas_misses'), sums.class('cas_hits', 2)]).toEqual([expected, expected]);
    sums.reset();
    expect([sums.thread('cas_misses'), sums.class('cas_hits')]).toEqual([0, 0]);
    expect(sums.thread('get_cmds')).toBe(0);
  }
  counters.add(COUNT.cas_misses);
  expect(sums.thread('cas_misses')).toBe(1);
});
