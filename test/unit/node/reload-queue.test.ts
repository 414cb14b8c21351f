import { expect, test } from 'vitest';
import { ReloadQueue } from '../../../src/node/reload-queue.ts';

const CALLER_COUNT = 1000;

/** A queue whose reloads end when the test says so. */
function manualQueue() {
  const runs: PromiseWithResolvers<string | undefined>[] = [];
  const queue = new ReloadQueue(() => {
    const run = Promise.withResolvers<string | undefined>();
    runs.push(run);
    return run.promise;
  });
  return { queue, runs };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('callers of one moment share a reload, and those during it share the next', async () => {
  const { queue, runs } = manualQueue();
  const first = Array.from({ length: CALLER_COUNT }, () => queue.reload('certificates'));
  await turn();
  const second = Array.from({ length: CALLER_COUNT }, () => queue.reload('certificates'));
  await turn();
  expect(runs).toHaveLength(1);
  runs[0]!.resolve('the first');
  await turn();
  expect(runs).toHaveLength(2);
  runs[1]!.resolve('the second');
  expect(new Set(await Promise.all(first))).toEqual(new Set(['the first']));
  expect(new Set(await Promise.all(second))).toEqual(new Set(['the second']));
});

test('a reload of one part does not wait for that of another', async () => {
  const { queue, runs } = manualQueue();
  void queue.reload('users');
  void queue.reload('certificates');
  await turn();
  expect(runs).toHaveLength(2);
});

test('a reload that fails rejects for its callers only', async () => {
  const { queue, runs } = manualQueue();
  const failing = queue.reload('all');
  const failed = expect(failing).rejects.toThrow('no file');
  await turn();
  const next = queue.reload('all');
  runs[0]!.reject(new Error('no file'));
  await failed;
  await turn();
  runs[1]!.resolve(undefined);
  expect(await next).toBeUndefined();
});
