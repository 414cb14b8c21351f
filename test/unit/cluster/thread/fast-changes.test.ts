import { describe, expect, test } from 'vitest';
import { LOST_MS } from '../../../../src/cluster/thread/peer-delivery.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { set, slotOfKey } from '../../../support/copy-node.ts';
import { hit, keysOf, TestThread } from '../../../support/sender-thread.ts';
import { fastStore } from '../../../support/session-harness.ts';
import { settleAll } from '../../../support/settle-all.ts';

/** A primary with the fast path, which has an item of each key, and the other members. */
function cluster(members: number, replicas: number, replication: 'sync' | 'async' = 'sync') {
  const topology = topologyWith(members, { replicas, replication });
  const primary = new TestThread(1, fastStore('memory32'));
  const receivers = Array.from({ length: members - 1 }, (_, nth) => new TestThread(2 + nth));
  const links = receivers.map((_, nth) => primary.linkTo(memberWith(2 + nth)));
  for (const thread of [primary, ...receivers]) thread.adopt(topology);
  const keys = keysOf(topology, 1, 40);
  primary.node.fastPath!.keepsChanges = 'no';
  primary.node.copies.changes.isMarking = false;
  for (const key of keys) primary.node.send(set(key, 'old'));
  primary.node.copies.changes.isMarking = replication === 'sync';
  const deliverAll = (): void => {
    for (const [nth, link] of links.entries()) link.deliverAll(receivers[nth]!.states);
  };
  return { primary, receivers, links, keys, deliverAll };
}

/** Another key of this member with the slot of `key`, which has an item now. */
function pairOfSlot(primary: TestThread, key: string): string {
  const { groups, self } = primary.view.current!;
  for (let nth = 0; ; nth++) {
    const other = `other-${nth}`;
    const isMine = groups.groupOf(Buffer.from(other), 0, other.length).primary === self;
    if (!isMine || slotOfKey(primary.node.store, other) !== slotOfKey(primary.node.store, key)) {
      continue;
    }
    primary.node.copies.changes.isMarking = false;
    primary.node.send(set(other, 'old'));
    primary.node.copies.changes.isMarking = true;
    return other;
  }
}

describe('sets of the fast path', () => {
  test('all sets of one input are one batch, which is acknowledged once', async () => {
    const { primary, receivers, links, keys, deliverAll } = cluster(2, 2);
    const [first = '', second = '', third = ''] = keys;
    const stored = primary.executeFast(set(first, '1') + set(second, '2'), set(third, '3'));
    await settleAll();
    expect(stored).toMatchObject({ isWaiting: true, count: 0 });
    expect(links[0]!.requests).toHaveLength(1);
    expect([primary.isOpen(first), primary.node.isCopy(third)]).toEqual([true, true]);
    deliverAll();
    expect(stored).toMatchObject({ count: 1, error: undefined });
    expect([first, second, third].map((key) => receivers[0]!.get(key))).toEqual([
      hit(first, '1'),
      hit(second, '2'),
      hit(third, '3'),
    ]);
    expect([primary.isOpen(first), primary.node.isCopy(third)]).toEqual([false, false]);
    expect(primary.sender.counts).toEqual({ sent: 3, resent: 0, refused: 0 });
  });

  test('a set reaches all receivers, if these are the same for all keys', async () => {
    const { primary, receivers, keys, links, deliverAll } = cluster(3, 3);
    const [key = ''] = keys;
    const stored = primary.executeFast(set(key, 'new'));
    links[0]!.deliver(receivers[0]!.states);
    await settleAll();
    expect([stored.count, primary.isOpen(key)]).toEqual([0, true]);
    deliverAll();
    await settleAll();
    expect([stored.count, primary.isOpen(key)]).toEqual([1, false]);
    for (const receiver of receivers) expect(receiver.get(key)).toBe(hit(key, 'new'));
  });

  test('each set reaches the receivers of its key, if these differ', async () => {
    const { primary, receivers, keys, deliverAll } = cluster(4, 2);
    const { groups } = primary.view.current!;
    const stored = primary.executeFast(keys.map((key) => set(key, 'new')).join(''));
    deliverAll();
    await settleAll();
    expect(stored.count).toBe(1);
    const members = new Set<number>();
    for (const key of keys) {
      const { receivers: expected } = groups.groupOf(Buffer.from(key), 0, key.length);
      for (const member of expected) members.add(member);
      for (const nth of receivers.keys()) {
        const value = expected.includes(nth + 1) ? hit(key, 'new') : 'END\r\n';
        expect(receivers[nth]!.get(key)).toBe(value);
      }
    }
    expect(members.size).toBeGreaterThan(1);
  });

  test('sets whose batch was lost are sent again, as their keys are then', async () => {
    const { primary, receivers, keys, links, deliverAll } = cluster(2, 2);
    const [key = '', other = ''] = keys;
    const stored = primary.executeFast(set(other, 'x') + set(key, 'one'));
    const late = links[0]!.requests[0]!;
    links[0]!.lose();
    const newer = primary.execute(set(key, 'two'), key);
    await primary.timers.advance(100);
    deliverAll();
    links[0]!.requests.push({ ...late, settle: () => {} });
    deliverAll();
    await settleAll();
    expect([stored.count, newer.count]).toEqual([1, 1]);
    expect(receivers[0]!.get(key)).toBe(hit(key, 'two'));
    expect(receivers[0]!.get(other)).toBe(hit(other, 'x'));
  });

  test('sets of one slot stay open while a lost receiver lacks them', async () => {
    const { primary, keys } = cluster(2, 2);
    const [key = ''] = keys;
    const other = pairOfSlot(primary, key);
    const stored = primary.executeFast(set(key, 'one') + set(other, 'one'));
    await primary.timers.advance(LOST_MS + 100);
    expect(stored.error?.code).toBe('ERR_RECEIVER_LOST');
    expect([primary.isOpen(key), primary.isOpen(other)]).toEqual([true, true]);
    primary.adopt(topologyWith([memberWith(1), memberWith(2, { state: 'down' })], { version: 2 }));
    await settleAll();
    expect([primary.isOpen(key), primary.isOpen(other)]).toEqual([false, false]);
  });

  test('a set in the mode async waits for nobody, and is neither open nor marked', async () => {
    const { primary, receivers, keys, deliverAll } = cluster(2, 2, 'async');
    const [key = ''] = keys;
    const stored = primary.executeFast(set(key, 'new'));
    expect([stored.isWaiting, primary.isOpen(key), primary.node.isCopy(key)]).toEqual([
      false,
      false,
      false,
    ]);
    deliverAll();
    await settleAll();
    expect(receivers[0]!.get(key)).toBe(hit(key, 'new'));
  });

  test('the fast path sets nothing while changes are held for an adoption', () => {
    const { primary } = cluster(2, 2);
    expect(primary.sender.takesFast).toBe(true);
    primary.sender.prepare();
    expect(primary.sender.takesFast).toBe(false);
  });
});
