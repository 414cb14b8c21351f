import { beforeEach, describe, expect, test } from 'vitest';
import type { CodedError } from '../../../../src/base/index.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { ClusterFlush } from '../../../../src/cluster/thread/cluster-flush.ts';
import { ADOPTION_MS_MAX, TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { set } from '../../../support/copy-node.ts';
import { FlushCluster, FlushMember } from '../../../support/flush-cluster.ts';
import { HeldLink } from '../../../support/held-links.ts';
import { settleAll } from '../../../support/settle-all.ts';

let cluster: FlushCluster;
beforeEach(() => {
  cluster = new FlushCluster();
});

describe('a flush of the cluster', () => {
  test('no member has an older item when it settles', async () => {
    cluster.members.forEach(({ node }, nth) => void node.send(set(`key-${nth}`, 'x')));
    cluster.members[2]!.node.copies.raiseSequence(0, 5000);
    const settled = cluster.flushAll();
    await settleAll();
    expect(settled.count).toBe(0);
    await cluster.deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
    expect(cluster.members.map((member, nth) => member.has(`key-${nth}`))).toEqual([
      false,
      false,
      false,
    ]);
  });
  test('a later write is visible, also at a member whose number was higher', async () => {
    cluster.members[2]!.node.copies.raiseSequence(0, 5000);
    cluster.flushAll();
    await cluster.deliverAll();
    cluster.first.node.send(set('a', 'new'));
    expect(cluster.members[2]!.node.copies.take(cluster.first.node.read('a'))).toBe('done');
    expect([cluster.first.has('a'), cluster.members[2]!.has('a')]).toEqual([true, true]);
  });
  test('an old item that is incremented in the course of a flush is hidden', async () => {
    const [, second] = cluster.members;
    second!.node.send(set('a', '5'));
    cluster.flushAll();
    await cluster.deliver('web-2');
    second!.node.send('incr a 1\r\n');
    expect(second!.has('a')).toBe(true);
    await cluster.deliverAll();
    expect(second!.has('a')).toBe(false);
  });
  test('a flush begins again if a member has drawn its number before', async () => {
    const [, second] = cluster.members;
    second!.node.send(set('a', '5'));
    const settled = cluster.flushAll();
    await cluster.deliver('web-2');
    second!.node.copies.raiseSequence(0, 2 ** 15);
    second!.node.send('incr a 1\r\n');
    await cluster.deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
    expect(second!.has('a')).toBe(false);
  });
  test('flushes of all members at the same time succeed, with writes in between', async () => {
    const many = new FlushCluster(7);
    const settled = many.members.map((member) => many.flushAll(0, member));
    for (let round = 0; round < 8; round++) {
      // Each one gets a higher number than the one before, and the highest one is first to flush.
      for (const [nth, member] of many.members.entries()) {
        await many.deliverSent(member);
        member.node.send(set('a', 'x').repeat(nth + 1));
      }
      for (const member of [...many.members].reverse()) await many.deliverSent(member);
    }
    expect(settled).toEqual(settled.map(() => ({ count: 1, error: undefined })));
  });
  test('a flush that others overtake each time says so', async () => {
    const [, second] = cluster.members;
    const settled = cluster.flushAll();
    for (let round = 0; round < 20 && settled.count === 0; round++) {
      await cluster.deliverSent(cluster.first);
      const { high, low } = second!.node.copies.sequence();
      second!.node.copies.raiseSequence(high, low + 2 ** 27);
      await cluster.deliverSent(cluster.first);
    }
    expect(settled).toMatchObject({
      count: 1,
      error: { code: 'ERR_FLUSH', message: expect.stringContaining('came between') },
    });
  });
  test('a state that was on its way is hidden at its receiver', async () => {
    cluster.first.node.send(set('a', 'old'));
    const late = cluster.first.node.read('a');
    cluster.flushAll();
    await cluster.deliverAll();
    cluster.members[1]!.node.copies.take(late);
    expect(cluster.members[1]!.has('a')).toBe(false);
  });
  test('a flush settles when no member that has gone may answer any more', async () => {
    cluster.first.handover.isOver = false;
    const settled = cluster.flushAll();
    await cluster.deliverAll();
    cluster.timers.advance(60);
    await settleAll();
    expect(settled.count).toBe(0);
    cluster.first.handover.isOver = true;
    cluster.timers.advance(60);
    await settleAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a node without a topology flushes once it has one, or fails', async () => {
    const view = new TopologyView(cluster.timers);
    const { node, handover, links } = cluster.first;
    const linkTo = ({ name }: { readonly name: string }) => links.get(name);
    const parts = {
      ...{
        copies: node.copies,
        clock: node.store.clock,
        timers: cluster.timers,
        view,
        handover,
        linkTo,
      },
      isAdopting: () => false,
    };
    const flush = new ClusterFlush(parts);
    void node.send(set('a', 'x'));
    const outcomes: (CodedError | undefined)[] = [];
    flush.flushAll(0, (error) => outcomes.push(error));
    cluster.timers.advance(ADOPTION_MS_MAX);
    await settleAll();
    expect([outcomes[0]?.code, cluster.first.has('a')]).toEqual(['ERR_FLUSH', true]);
    flush.flushAll(0, (error) => outcomes.push(error));
    view.adopt(adoptedBy(topologyWith(3), memberWith(1)));
    view.wake();
    await cluster.deliverAll();
    expect([outcomes[1], cluster.first.has('a')]).toEqual([undefined, false]);
  });
  test('a lost request is sent again', async () => {
    const settled = cluster.flushAll();
    cluster.first.links.get('web-2')!.lose();
    await settleAll();
    cluster.timers.advance(60);
    await cluster.deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a flush fails after a bounded time if a member does not answer', async () => {
    cluster.first.links.get('web-2')!.isDown = true;
    const settled = cluster.flushAll();
    for (let waited = 0; waited < 6000 && settled.count === 0; waited += 60) {
      await cluster.deliverAll();
      cluster.timers.advance(60);
    }
    expect(settled).toMatchObject({ count: 1, error: { code: 'ERR_FLUSH' } });
  });
  test('a flush does not wait for a member that is down', async () => {
    cluster.first.links.get('web-2')!.isDown = true;
    const settled = cluster.flushAll();
    await cluster.deliverAll();
    const down = memberWith(2, { state: 'down' });
    const next = topologyWith([memberWith(1), down, memberWith(3)], { version: 2 });
    cluster.first.view.adopt(adoptedBy(next, memberWith(1)));
    cluster.timers.advance(60);
    await cluster.deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a member that joins in the course of a flush is flushed too', async () => {
    const settled = cluster.flushAll();
    await settleAll();
    const joiner = new FlushMember(4, cluster.timers);
    joiner.node.send(set('a', 'old'));
    cluster.members = [...cluster.members, joiner];
    cluster.first.links.set('web-4', new HeldLink(memberWith(1)));
    const joining = [...topologyWith(3).members, memberWith(4, { state: 'joining' })];
    cluster.first.view.adopt(adoptedBy(topologyWith(joining, { version: 2 }), memberWith(1)));
    await cluster.deliverAll();
    expect(settled.count).toBe(1);
    expect(joiner.has('a')).toBe(false);
  });
  test('a member that only others know is flushed once the node has their topology', async () => {
    const joining = [...topologyWith(3).members, memberWith(4, { state: 'joining' })];
    const next = topologyWith(joining, { version: 2 });
    const joiner = new FlushMember(4, cluster.timers);
    joiner.node.send(set('a', 'old'));
    cluster.members = [...cluster.members, joiner];
    cluster.first.links.set('web-4', new HeldLink(memberWith(1)));
    cluster.members[1]!.view.adopt(adoptedBy(next, memberWith(2)));
    const settled = cluster.flushAll();
    await cluster.deliverAll();
    expect(settled.count).toBe(0);
    cluster.first.view.adopt(adoptedBy(next, memberWith(1)));
    cluster.first.view.wake();
    await cluster.deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
    expect(joiner.has('a')).toBe(false);
  });
  test('a flush fails at a node that does not get the topology of the others', async () => {
    cluster.members[1]!.view.adopt(adoptedBy(topologyWith(3, { version: 2 }), memberWith(2)));
    const settled = cluster.flushAll();
    await cluster.deliverAll();
    cluster.timers.advance(ADOPTION_MS_MAX);
    await settleAll();
    expect(settled).toMatchObject({ count: 1, error: { code: 'ERR_FLUSH' } });
  });
  test('a member answers, and the node settles, once all threads have one topology', async () => {
    const next = topologyWith(3, { version: 2 });
    cluster.members[1]!.isAdopting = true;
    const settled = cluster.flushAll();
    await cluster.deliverAll();
    for (const [nth, member] of cluster.members.entries()) {
      member.view.adopt(adoptedBy(next, memberWith(nth + 1)));
    }
    cluster.first.isAdopting = true;
    cluster.members[1]!.isAdopting = false;
    cluster.members[1]!.view.wake();
    await cluster.deliverAll();
    expect(settled.count).toBe(0);
    cluster.first.isAdopting = false;
    cluster.first.view.adopt(adoptedBy(topologyWith(3, { version: 3 }), memberWith(1)));
    cluster.first.view.wake();
    await cluster.deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a flush in the future happens then, and the last one replaces those before', async () => {
    cluster.first.node.send(set('a', 'x'));
    expect(cluster.flushAll(10)).toEqual({ count: 1, error: undefined });
    expect(cluster.flushAll(20)).toEqual({ count: 1, error: undefined });
    cluster.timers.advance(11_000);
    await cluster.deliverAll();
    expect(cluster.first.has('a')).toBe(true);
    cluster.timers.advance(10_000);
    await cluster.deliverAll();
    expect(cluster.first.has('a')).toBe(false);
  });
});
