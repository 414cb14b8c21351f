import { beforeEach, describe, expect, test } from 'vitest';
import type { CodedError } from '../../../../src/base/index.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { ClusterFlush } from '../../../../src/cluster/thread/cluster-flush.ts';
import { ADOPTION_MS_MAX, TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { CopyNode, set } from '../../../support/copy-node.ts';
import { HeldLink } from '../../../support/held-links.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { settleAll } from '../../../support/settle-all.ts';

let timers: ManualTimers;
let members: readonly FlushMember[];

/** One member with a store, which flushes others over held links. */
class FlushMember {
  readonly node = new CopyNode();
  readonly view = new TopologyView(timers);
  readonly links = new Map<string, HeldLink>();
  readonly flush: ClusterFlush;
  readonly handover = { isOver: true };
  isAdopting = false;

  constructor(nth: number) {
    this.view.adopt(adoptedBy(topologyWith(3), memberWith(nth)));
    this.flush = new ClusterFlush({
      copies: this.node.copies,
      clock: this.node.store.clock,
      timers,
      view: this.view,
      handover: this.handover,
      isAdopting: () => this.isAdopting,
      linkTo: ({ name }) => this.links.get(name),
    });
    for (const other of [1, 2, 3]) this.links.set(`web-${other}`, new HeldLink(memberWith(nth)));
  }

  has(key: string): boolean {
    return this.node.read(key).exists;
  }
}

beforeEach(() => {
  timers = new ManualTimers();
  members = [1, 2, 3].map((nth) => new FlushMember(nth));
});

const first = (): FlushMember => members[0]!;

/** Delivers all requests of the first member until nothing happens any more. */
async function deliverAll(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await settleAll();
    for (const [name, link] of first().links) {
      link.deliverAll({
        receive: (frame, from) => members[Number(name.slice(-1)) - 1]!.flush.receive(frame, from),
      });
    }
  }
}

function flushAll(exptime = 0): { count: number; error: CodedError | undefined } {
  const settled: { count: number; error: CodedError | undefined } = { count: 0, error: undefined };
  first().flush.flushAll(exptime, (error) => {
    settled.count++;
    settled.error = error;
  });
  return settled;
}

describe('a flush of the cluster', () => {
  test('no member has an older item when it settles', async () => {
    members.forEach(({ node }, nth) => void node.send(set(`key-${nth}`, 'x')));
    members[2]!.node.copies.raiseSequence(0, 5000);
    const settled = flushAll();
    await settleAll();
    expect(settled.count).toBe(0);
    await deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
    expect(members.map((member, nth) => member.has(`key-${nth}`))).toEqual([false, false, false]);
  });
  test('a later write is visible, also at a member whose number was higher', async () => {
    members[2]!.node.copies.raiseSequence(0, 5000);
    flushAll();
    await deliverAll();
    first().node.send(set('a', 'new'));
    expect(members[2]!.node.copies.take(first().node.read('a'))).toBe('done');
    expect([first().has('a'), members[2]!.has('a')]).toEqual([true, true]);
  });
  test('a member hides its items when it tells its number, so nobody changes them', async () => {
    const [, second] = members;
    second!.node.send(set('a', '5'));
    flushAll();
    await settleAll();
    const { flush } = second!;
    first()
      .links.get('web-2')!
      .deliverAll({ receive: (...frame) => flush.receive(...frame) });
    expect(second!.has('a')).toBe(false);
    await deliverAll();
    expect(second!.has('a')).toBe(false);
  });
  test('a state that was on its way is hidden at its receiver', async () => {
    first().node.send(set('a', 'old'));
    const late = first().node.read('a');
    flushAll();
    await deliverAll();
    members[1]!.node.copies.take(late);
    expect(members[1]!.has('a')).toBe(false);
  });
  test('a flush settles when no member that has gone may answer any more', async () => {
    first().handover.isOver = false;
    const settled = flushAll();
    await deliverAll();
    timers.advance(60);
    await settleAll();
    expect(settled.count).toBe(0);
    first().handover.isOver = true;
    timers.advance(60);
    await settleAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a node without a topology flushes once it has one, or fails', async () => {
    const view = new TopologyView(timers);
    const { node, handover, links } = first();
    const linkTo = ({ name }: { readonly name: string }) => links.get(name);
    const parts = {
      ...{ copies: node.copies, clock: node.store.clock, timers, view, handover, linkTo },
      isAdopting: () => false,
    };
    const flush = new ClusterFlush(parts);
    void node.send(set('a', 'x'));
    const outcomes: (CodedError | undefined)[] = [];
    flush.flushAll(0, (error) => outcomes.push(error));
    timers.advance(ADOPTION_MS_MAX);
    await settleAll();
    expect([outcomes[0]?.code, first().has('a')]).toEqual(['ERR_FLUSH', true]);
    flush.flushAll(0, (error) => outcomes.push(error));
    view.adopt(adoptedBy(topologyWith(3), memberWith(1)));
    view.wake();
    await deliverAll();
    expect([outcomes[1], first().has('a')]).toEqual([undefined, false]);
  });
  test('a lost request is sent again', async () => {
    const settled = flushAll();
    first().links.get('web-2')!.lose();
    await settleAll();
    timers.advance(60);
    await deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a flush fails after a bounded time if a member does not answer', async () => {
    first().links.get('web-2')!.isDown = true;
    const settled = flushAll();
    for (let waited = 0; waited < 6000 && settled.count === 0; waited += 60) {
      await deliverAll();
      timers.advance(60);
    }
    expect(settled).toMatchObject({ count: 1, error: { code: 'ERR_FLUSH' } });
  });
  test('a flush does not wait for a member that is down', async () => {
    first().links.get('web-2')!.isDown = true;
    const settled = flushAll();
    await deliverAll();
    const down = memberWith(2, { state: 'down' });
    const next = topologyWith([memberWith(1), down, memberWith(3)], { version: 2 });
    first().view.adopt(adoptedBy(next, memberWith(1)));
    timers.advance(60);
    await deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a member that joins in the course of a flush is flushed too', async () => {
    const settled = flushAll();
    await settleAll();
    const joiner = new FlushMember(4);
    joiner.node.send(set('a', 'old'));
    members = [...members, joiner];
    first().links.set('web-4', new HeldLink(memberWith(1)));
    const joining = [...topologyWith(3).members, memberWith(4, { state: 'joining' })];
    first().view.adopt(adoptedBy(topologyWith(joining, { version: 2 }), memberWith(1)));
    await deliverAll();
    expect(settled.count).toBe(1);
    expect(joiner.has('a')).toBe(false);
  });
  test('a member that only others know is flushed once the node has their topology', async () => {
    const joining = [...topologyWith(3).members, memberWith(4, { state: 'joining' })];
    const next = topologyWith(joining, { version: 2 });
    const joiner = new FlushMember(4);
    joiner.node.send(set('a', 'old'));
    members = [...members, joiner];
    first().links.set('web-4', new HeldLink(memberWith(1)));
    members[1]!.view.adopt(adoptedBy(next, memberWith(2)));
    const settled = flushAll();
    await deliverAll();
    expect(settled.count).toBe(0);
    first().view.adopt(adoptedBy(next, memberWith(1)));
    first().view.wake();
    await deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
    expect(joiner.has('a')).toBe(false);
  });
  test('a flush fails at a node that does not get the topology of the others', async () => {
    members[1]!.view.adopt(adoptedBy(topologyWith(3, { version: 2 }), memberWith(2)));
    const settled = flushAll();
    await deliverAll();
    timers.advance(ADOPTION_MS_MAX);
    await settleAll();
    expect(settled).toMatchObject({ count: 1, error: { code: 'ERR_FLUSH' } });
  });
  test('a member answers, and the node settles, once all threads have one topology', async () => {
    const next = topologyWith(3, { version: 2 });
    members[1]!.isAdopting = true;
    const settled = flushAll();
    await deliverAll();
    for (const [nth, member] of members.entries()) {
      member.view.adopt(adoptedBy(next, memberWith(nth + 1)));
    }
    first().isAdopting = true;
    members[1]!.isAdopting = false;
    members[1]!.view.wake();
    await deliverAll();
    expect(settled.count).toBe(0);
    first().isAdopting = false;
    first().view.adopt(adoptedBy(topologyWith(3, { version: 3 }), memberWith(1)));
    first().view.wake();
    await deliverAll();
    expect(settled).toEqual({ count: 1, error: undefined });
  });
  test('a flush in the future happens then, and the last one replaces those before', async () => {
    first().node.send(set('a', 'x'));
    expect(flushAll(10)).toEqual({ count: 1, error: undefined });
    expect(flushAll(20)).toEqual({ count: 1, error: undefined });
    timers.advance(11_000);
    await deliverAll();
    expect(first().has('a')).toBe(true);
    timers.advance(10_000);
    await deliverAll();
    expect(first().has('a')).toBe(false);
  });
});
