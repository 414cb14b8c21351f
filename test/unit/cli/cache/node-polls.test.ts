import { expect, test } from 'vitest';
import { NodePolls } from '../../../../src/cli/cache/node-polls.ts';
import { CacheError, createClient } from '../../../../src/client/index.ts';

/** Polls whose requests the test settles; a client of the polls connects at no time. */
function manualPolls(nodes: string[]) {
  const asked: PromiseWithResolvers<string>[] = [];
  const polls = new NodePolls<string>({
    nodes: () => nodes,
    open: (node) => createClient({ nodes: [node] }),
    request: () => {
      const request = Promise.withResolvers<string>();
      asked.push(request);
      return request.promise;
    },
    mapped: (result) => result,
    usesTls: false,
  });
  return { polls, asked };
}
const LONG_MS = 60_000;
const late = (node: string) => ({ node, failure: { reason: 'no reply in time' } });

test('a node that does not reply delays no other, and gets no second request', async () => {
  const asked: string[] = [];
  const [hung, prompt] = ['10.0.0.1:1', '10.0.0.2:1'] as const;
  const polls = new NodePolls<number>({
    nodes: () => [hung, prompt],
    open: (node) => createClient({ nodes: [node] }),
    request: (cache) => {
      const [node = ''] = cache.metrics().keys();
      const count = asked.push(node);
      return node === hung ? new Promise(() => {}) : Promise.resolve(count);
    },
    mapped: (result) => result,
    usesTls: false,
  });
  expect(await polls.round(1)).toMatchObject([late(hung), { node: prompt, value: 2 }]);
  expect(await polls.round(1)).toMatchObject([late(hung), { node: prompt, value: 3 }]);
  expect(asked).toEqual([hung, prompt, prompt]);
  await polls.close();
});

test('a node that failed keeps its reason until it replies', async () => {
  const { polls, asked } = manualPolls(['10.0.0.1:1']);
  const first = polls.round(LONG_MS);
  await expect.poll(() => asked.length).toBe(1);
  const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  asked[0]!.reject(new CacheError('ERR_NODE_DOWN', { node: '10.0.0.1:1', cause }));
  const refused = [{ failure: { reason: 'connection refused' } }];
  expect(await first).toMatchObject(refused);
  expect(await polls.round(1)).toMatchObject(refused);
  const third = polls.round(LONG_MS);
  asked[1]!.resolve('up');
  expect(await third).toMatchObject([{ value: 'up' }]);
  await polls.close();
});

test('a round has the nodes of its moment', async () => {
  const nodes = ['10.0.0.1:1'];
  const { polls } = manualPolls(nodes);
  expect(await polls.round(1)).toMatchObject([late('10.0.0.1:1')]);
  nodes.splice(0, 1, '10.0.0.2:1', '10.0.0.3:1');
  expect(await polls.round(1)).toMatchObject([late('10.0.0.2:1'), late('10.0.0.3:1')]);
  await polls.close();
});
