import { expect, test } from 'vitest';
import { ThreadCheck } from '../../../src/node/thread-check.ts';

const answers = { ping: async () => {} };

/** A check whose clocks the test moves. */
function manualCheck(threads: { ping: () => Promise<void> } = answers) {
  const now = { seconds: 0, ms: 0 };
  const check = new ThreadCheck({ now: () => now.seconds }, threads, () => now.ms);
  return { now, check };
}

test('the check passes while threads answer and the clock advances', async () => {
  const { now, check } = manualCheck();
  for (let round = 0; round < 3; round++) {
    await check.check();
    now.ms += 15_000;
    now.seconds += 15;
  }
});

test('the check fails if the clock of the store stands still for more than 5 s', async () => {
  const { now, check } = manualCheck();
  await check.check();
  now.ms += 5000;
  await check.check();
  now.ms += 1;
  await expect(check.check()).rejects.toMatchObject({ code: 'ERR_MAINTAINER' });
  now.seconds++;
  await check.check();
});

test('the check fails if a thread has ended, and waits for one that hangs', async () => {
  const ended = manualCheck({ ping: () => Promise.reject(new Error('ended')) });
  await expect(ended.check.check()).rejects.toThrow('ended');
  const answer = Promise.withResolvers<void>();
  let isDone = false;
  const hangs = manualCheck({ ping: () => answer.promise }).check.check();
  const done = hangs.then(() => {
    isDone = true;
  });
  await null;
  expect(isDone).toBe(false);
  answer.resolve();
  await done;
});
