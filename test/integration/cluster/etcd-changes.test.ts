import { describe, expect, test } from 'vitest';
import type { ControlReply, ControlRequest } from '../../../src/cluster/index.ts';
import { clusterKeys } from '../../../src/cluster/membership/etcd/cluster-keys.ts';
import { orderInEtcd } from '../../../src/cluster/membership/etcd/etcd-changes.ts';
import { encodeOrder } from '../../../src/cluster/membership/etcd/orders.ts';
import { whyNoEtcd } from '../../support/etcd.ts';
import { etcdClusterForEachTest } from '../../support/etcd-cluster.ts';
import { waitUntil } from '../../support/wait.ts';

const KEYS = clusterKeys('web');
const REMOVE_C = {
  verb: 'change',
  action: 'remove',
  node: 'c',
  dryRun: false,
  memoryLimitBytes: undefined,
} as const;

describe.skipIf(whyNoEtcd() !== undefined)('changes of nodes that etcd keeps', () => {
  const { etcd, client, start, startThree } = etcdClusterForEachTest();

  async function repliesTo(request: ControlRequest): Promise<readonly ControlReply[]> {
    const replies: ControlReply[] = [];
    const options = { endpoints: [etcd().address] };
    for await (const reply of orderInEtcd(options, 'web', request, 'a test')) replies.push(reply);
    return replies;
  }
  const cancel = async (): Promise<ControlReply> =>
    (await repliesTo({ verb: 'cancel', dryRun: false })).at(-1)!;
  const ordersLeft = async () => {
    const { keys } = await client().range(KEYS.prefix, 100);
    return keys.map(({ key }) => key).filter((key) => /lock|removals|restarts|replace/.test(key));
  };

  test('a removal that is given up leaves the nodes as before, and no order', async () => {
    const [a, b] = await startThree();
    // The change waits for its report.
    b.member.lags = true;
    const removing = repliesTo(REMOVE_C);
    await waitUntil('c leaves', () => a.states.includes('c leaving'));
    expect(await cancel()).toEqual({ event: 'given-up', what: 'remove c' });
    expect((await removing).at(-1)).toMatchObject({ event: 'change-failed', untouched: ['c'] });
    await waitUntil('c stays', () => a.states.includes('c serving'));
    expect(await ordersLeft()).toEqual([]);
  });

  test('a node whose join is given up does not join again', async () => {
    const [a, b] = await startThree();
    b.member.lags = true;
    const d = await start('d', 14);
    await waitUntil('d joins', () => a.states.includes('d joining'));
    expect(await cancel()).toEqual({ event: 'given-up', what: 'add d' });
    await waitUntil('d is out', () => ![d, a].some(({ states }) => states.includes('d ')));
    expect(d.renewal).toBeUndefined();
  });

  test('an order of a command that has ended before anybody obeyed it is undone', async () => {
    const [a] = await startThree();
    const other = { name: 'a', incarnation: a.incarnation + 1, by: 0, hasEnded: false };
    const restart = { memoryLimitBytes: 0, isByService: false };
    await client().put(KEYS.removal('a'), encodeOrder(other));
    await client().put(KEYS.restart('a'), encodeOrder({ ...other, ...restart }));
    const replies = await repliesTo(REMOVE_C);
    expect(replies.at(-1)).toEqual({ event: 'done' });
    await waitUntil('no order is left', async () => {
      const left = await ordersLeft();
      // The process of c still runs.
      return left.join() === KEYS.removal('c');
    });
  });

  test('one command at a time changes nodes', async () => {
    await startThree();
    const adding = repliesTo({ ...REMOVE_C, action: 'add', node: undefined });
    await waitUntil('the first one has the lock', async () => (await ordersLeft()).length === 1);
    const reason = expect.stringContaining('(slabring nodes add, by a test)');
    expect((await repliesTo(REMOVE_C)).at(-1)).toEqual({ event: 'refused', reason });
    await start('d', 14);
    expect((await adding).at(-1)).toEqual({ event: 'done' });
  });
});
