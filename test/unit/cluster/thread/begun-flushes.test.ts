import { beforeEach, describe, expect, test } from 'vitest';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { set } from '../../../support/copy-node.ts';
import { FlushCluster, type FlushMember } from '../../../support/flush-cluster.ts';
import { settleAll } from '../../../support/settle-all.ts';

let cluster: FlushCluster;
beforeEach(() => {
  cluster = new FlushCluster();
});

/** Whether a key that a primary stores now has a copy at its receiver. */
function hasCopyOf(primary: FlushMember, receiver: FlushMember): boolean {
  primary.node.send(set('a', 'x'));
  receiver.node.copies.take(primary.node.read('a'));
  expect(primary.has('a')).toBe(true);
  return receiver.has('a');
}

describe('a flush that not all members know of', () => {
  test('a flush that has failed goes on until each member hides as much', async () => {
    const [, second, third] = cluster.members;
    const settled = cluster.flushAll();
    await cluster.deliver('web-2');
    await cluster.deliver('web-3');
    await settleAll();
    cluster.first.links.get('web-2')!.lose();
    cluster.first.links.get('web-2')!.isDown = true;
    for (let waited = 0; waited < 6000 && settled.count === 0; waited += 60) {
      await cluster.deliverAll();
      cluster.timers.advance(60);
    }
    expect(settled).toMatchObject({ count: 1, error: { code: 'ERR_FLUSH' } });
    expect(hasCopyOf(second!, third!)).toBe(false);
    cluster.first.links.get('web-2')!.isDown = false;
    cluster.timers.advance(300);
    await cluster.deliverAll();
    expect(second!.has('a')).toBe(false);
    expect(hasCopyOf(second!, third!)).toBe(true);
    cluster.timers.advance(300);
    await settleAll();
    expect(cluster.first.links.get('web-2')!.requests).toEqual([]);
  });
  test('a member that has heard of a flush finishes it once its node has ended', async () => {
    const [, second, third] = cluster.members;
    cluster.flushAll();
    await cluster.deliver('web-2');
    await cluster.deliver('web-3');
    await settleAll();
    await cluster.deliver('web-3');
    expect(hasCopyOf(second!, third!)).toBe(false);
    const down = memberWith(1, { state: 'down' });
    const next = topologyWith([down, memberWith(2), memberWith(3)], { version: 2 });
    for (const [nth, member] of [second!, third!].entries()) {
      member.view.adopt(adoptedBy(next, memberWith(nth + 2)));
      member.flush.adopted();
    }
    cluster.timers.advance(300);
    await cluster.deliverAll(third!);
    expect(second!.has('a')).toBe(false);
    expect(hasCopyOf(second!, third!)).toBe(true);
  });
  test('a member that hears of a flush too late finishes it at once', async () => {
    const [, second, third] = cluster.members;
    cluster.flushAll();
    await cluster.deliver('web-2');
    await cluster.deliver('web-3');
    await settleAll();
    const down = memberWith(1, { state: 'down' });
    const next = topologyWith([down, memberWith(2), memberWith(3)], { version: 2 });
    third!.view.adopt(adoptedBy(next, memberWith(3)));
    await cluster.deliver('web-3');
    cluster.timers.advance(300);
    await cluster.deliverAll(third!);
    expect(hasCopyOf(second!, third!)).toBe(true);
  });
});
