/** How many requests of one thread are on their way to one member at the same time. */
import { expect, test } from 'vitest';
import { ForwardBudget, ForwardBudgets } from '../../../../src/server/session/forward-budget.ts';

const MIB = 1024 * 1024;

/** Begins runs of so many bytes until one is not admitted; returns their number. */
function fill(budget: ForwardBudget, bytes: number): number {
  let count = 0;
  for (; budget.admits(bytes); count++) budget.begin(bytes);
  return count;
}

test('requests leave up to 16 MiB, however small they are', () => {
  expect(fill(new ForwardBudget(), MIB)).toBe(16);
  expect(fill(new ForwardBudget(), 20)).toBe(8192);
});

test('a request of more than 16 MiB leaves alone', () => {
  const budget = new ForwardBudget();
  expect(budget.admits(64 * MIB)).toBe(true);
  budget.begin(64 * MIB);
  expect(budget.admits(20)).toBe(false);
  budget.end(64 * MIB);
  budget.begin(20);
  expect(budget.admits(64 * MIB)).toBe(false);
});

test('requests that wait are woken once, in their order, when half of the room is free', () => {
  const budget = new ForwardBudget();
  const woken: string[] = [];
  const [first, second, third] = ['first', 'second', 'third'].map(
    (name) => () => void woken.push(name),
  );
  fill(budget, MIB);
  for (const wake of [first!, second!, third!]) budget.wait(wake);
  budget.leave(second!);
  for (let nth = 0; nth < 7; nth++) budget.end(MIB);
  expect(woken).toEqual([]);
  for (let nth = 0; nth < 9; nth++) budget.end(MIB);
  expect(woken).toEqual(['first', 'third']);
});

test('a large request that waits is not passed by small ones', () => {
  const budget = new ForwardBudget();
  budget.begin(MIB);
  expect(budget.admits(64 * MIB)).toBe(false);
  const wake = (): void => {};
  budget.wait(wake);
  expect(budget.admits(20)).toBe(false);
  budget.end(MIB);
  expect(budget.admits(64 * MIB)).toBe(true);
});

test('a member that is slow does not stop requests to another one', () => {
  const budgets = new ForwardBudgets();
  fill(budgets.of(1), MIB);
  expect(budgets.of(1).admits(20)).toBe(false);
  expect(budgets.of(2).admits(20)).toBe(true);
});
