import { expect, test } from 'vitest';
import { pause } from '../../../../src/client/patterns/pause.ts';
import { ManualTiming } from '../../../support/manual-timing.ts';

/** A pause of 10 ms, and whether it has ended. */
function startPause(signal: AbortSignal) {
  const timing = new ManualTiming();
  const state = { isOver: false };
  const ended = pause(timing, 10, signal).then(() => {
    state.isOver = true;
  });
  return { timing, state, ended };
}

test('a pause ends after its time, not before', async () => {
  const { timing, state } = startPause(new AbortController().signal);
  await timing.advance(9);
  expect(state.isOver).toBe(false);
  await timing.advance(1);
  expect([state.isOver, timing.timerCount]).toEqual([true, 0]);
});

test('an abort ends a pause at once, and leaves no timer', async () => {
  const controller = new AbortController();
  const { timing, ended } = startPause(controller.signal);
  expect(timing.timerCount).toBe(1);
  controller.abort();
  await ended;
  expect(timing.timerCount).toBe(0);
});

test('a pause does not begin after the abort', async () => {
  const { timing, ended } = startPause(AbortSignal.abort());
  await ended;
  expect(timing.timerCount).toBe(0);
});
