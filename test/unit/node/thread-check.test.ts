import { expect, test } from 'vitest';
import { ThreadCheck } from '../../../src/node/thread-check.ts';

const answers = { silentThreads: async (_msMax: number): Promise<readonly number[]> => [] };

/** A check whose clocks the test moves. */
function manualCheck(threads: typeof answers = answers) {
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

test('the check fails if a thread has ended', async () => {
  const { check } = manualCheck({ silentThreads: () => Promise.reject(new Error('ended')) });
  await expect(check.check()).rejects.toThrow('ended');
});

test('the check names the threads that do not answer within a second', async () => {
  const waits: number[] = [];
  const silentThreads = async (msMax: number) => {
    waits.push(msMax);
    return waits.length === 1 ? [1] : [0, 2];
  };
  const { check } = manualCheck({ silentThreads });
  await expect(check.check()).rejects.toMatchObject({
    code: 'ERR_THREAD_SILENT',
    message: 'The thread serve-1 did not answer within 900 ms.',
  });
  await expect(check.check()).rejects.toThrow('The threads serve-0, serve-2 did not answer');
  expect(Math.max(...waits)).toBeLessThan(1000);
});
