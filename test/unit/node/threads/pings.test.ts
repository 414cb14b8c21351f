import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Pings } from '../../../../src/node/threads/pings.ts';

test('a thread that does not answer is named, and has one question at a time', async () => {
  const asked: number[] = [];
  const answer = Promise.withResolvers<void>();
  const pings = new Pings((nth) => {
    asked.push(nth);
    return nth === 1 ? answer.promise : Promise.resolve();
  });
  for (let round = 0; round < 3; round++) expect(await pings.silent(3, 1)).toEqual([1]);
  expect(asked.filter((nth) => nth === 1)).toHaveLength(1);
  expect(asked.filter((nth) => nth === 0)).toHaveLength(3);
  answer.resolve();
  expect(await pings.silent(3, 60_000)).toEqual([]);
});

test('a question that fails is the result, also when others wait', async () => {
  const never = new Promise<void>(() => {});
  const pings = new Pings((nth) => (nth === 0 ? never : Promise.reject(new Error('ended'))));
  await expect(pings.silent(2, 60_000)).rejects.toThrow('ended');
});

test('an answer that has arrived counts, however late the wait itself ends', async () => {
  const pings = new Pings(async () => {
    const { port1, port2 } = new MessageChannel();
    const answered = once(port1, 'message');
    port2.postMessage('works');
    await answered;
    port1.close();
  });
  // From here on, timers come before messages.
  await new Promise((resolve) => setImmediate(resolve));
  const silent = pings.silent(2, 0);
  const until = performance.now() + 20;
  while (performance.now() < until);
  expect(await silent).toEqual([]);
});
