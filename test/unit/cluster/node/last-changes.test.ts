import { expect, test } from 'vitest';
import { lastChanges } from '../../../../src/cluster/node/last-changes.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { settleAll } from '../../../support/settle-all.ts';

test('a node waits for its last changes, for a bounded time', async () => {
  const timers = new ManualTimers();
  const drained = Promise.withResolvers<void>();
  const ended: string[] = [];
  void lastChanges(drained.promise, timers).then(() => ended.push('drained'));
  void lastChanges(new Promise(() => {}), timers).then(() => ended.push('late'));
  await settleAll();
  expect(ended).toEqual([]);
  drained.resolve();
  await settleAll();
  expect(ended).toEqual(['drained']);
  timers.advance(1000);
  await settleAll();
  expect(ended).toEqual(['drained', 'late']);
});

test('a node that stops waits for nothing', async () => {
  await lastChanges(Promise.reject(new Error('stopped')), new ManualTimers());
});
