import { beforeEach, describe, expect, test } from 'vitest';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { StateService } from '../../../../src/cluster/thread/state-service.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { CopyNode, collidingKeys, set } from '../../../support/copy-node.ts';
import type { HeldLink } from '../../../support/held-links.ts';
import { hit, keysOf, MISS, TestThread } from '../../../support/sender-thread.ts';
import { settleAll } from '../../../support/settle-all.ts';

const self = { name: 'web-1', incarnation: 1001 };
const two = topologyWith(2);
let primary: TestThread;
let receiver: TestThread;
let link: HeldLink;
let key: string;

beforeEach(() => {
  primary = new TestThread(1);
  receiver = new TestThread(2);
  primary.adopt(two);
  receiver.adopt(two);
  link = primary.linkTo(memberWith(2));
  [key = ''] = keysOf(two, 1);
});

describe('taking states', () => {
  test('a batch of a newer topology waits until the receiver has adopted it', async () => {
    primary.adopt(topologyWith(2, { version: 2 }));
    const stored = primary.execute(set(key, 'one'), key);
    link.deliverAll(receiver.states);
    expect(stored.count).toBe(0);
    expect(receiver.get(key)).toBe(MISS);
    receiver.adopt(topologyWith(2, { version: 2 }));
    await settleAll();
    expect(stored.count).toBe(1);
    expect(receiver.get(key)).toBe(hit(key, 'one'));
  });
  test('a receiver takes batches of an older topology until the mark of their sender', async () => {
    const first = primary.execute(set(key, 'one'), key);
    const second = primary.execute(set(key, 'two'), key);
    receiver.adopt(topologyWith(2, { version: 2 }));
    link.deliver(receiver.states);
    await settleAll();
    expect(first.count).toBe(1);
    receiver.handover.decide(2, [{ ...self, version: 2, complete: 1 }]);
    link.deliver(receiver.states);
    expect(second.count).toBe(0);
    expect(receiver.get(key)).toBe(hit(key, 'one'));
  });
  test('a receiver that does not know what it has held since refuses the batch', () => {
    const stored = primary.execute(set(key, 'one'), key);
    const late = new TestThread(2);
    late.adopt(topologyWith(2, { version: 3 }));
    link.deliver(late.states);
    expect([stored.count, late.get(key)]).toEqual([0, MISS]);
  });
  test('a receiver takes nothing of a member that is down or of another incarnation', () => {
    const stored = primary.execute(set(key, 'one'), key);
    const down = memberWith(1, { state: 'down' });
    receiver.adopt(topologyWith([down, memberWith(2)], { version: 2 }));
    link.deliver(receiver.states);
    expect(stored.count).toBe(0);
    expect(receiver.get(key)).toBe(MISS);
  });
  test.each([
    ['that agrees with the sender', 0, 60],
    ['that got the batch 3 s later', 3000, 60],
    ['that is an hour ahead', 3_600_000, 3660],
    ['that is an hour behind', -3_600_000, -3540],
    ['that is 1.5 s behind', -1500, 58],
  ])('an item expires in time on a clock %s', (_clock, aheadMs, left) => {
    receiver.timers.aheadMs = aheadMs;
    primary.execute(set(key, 'one', 60), key);
    link.deliverAll(receiver.states);
    const nowSeconds = primary.node.parts.clock.epoch() + primary.node.parts.clock.now();
    expect(receiver.node.parts.items.expiry(receiver.node.idOf(key))).toBe(
      nowSeconds + left - receiver.node.parts.clock.epoch(),
    );
  });
  test('an item for which the receiver has no memory is acknowledged', async () => {
    const full = new TestThread(2);
    full.adopt(two);
    primary.execute(set(key, 'one'), key);
    link.deliverAll(full.states);
    expect(full.get(key)).toBe(hit(key, 'one'));
    const large = 'v'.repeat(900_000);
    const stored = primary.execute(set(key, large), key);
    const small = new TestThread(2);
    small.adopt(two);
    link.deliverAll({
      receive: (frame, from) =>
        new StateService({
          copies: { take: () => 'noMemory', lookAhead: small.node.copies.lookAhead },
          timers: small.timers,
          view: small.view,
          handover: small.handover,
        }).receive(frame, from),
    });
    await settleAll();
    expect(stored).toMatchObject({ count: 1, error: undefined });
  });
});

describe('states of keys that the receiver has lost', () => {
  const filling = [memberWith(1), memberWith(2), memberWith(3, { state: 'filling' })];
  const versions = [
    topologyWith(filling, { version: 1 }),
    topologyWith(3, { version: 2 }),
    topologyWith(filling, { version: 3 }),
  ];
  let third: TestThread;
  /** A key with these holders, each as the index of a member, in the first two topologies. */
  function keyWith(...holders: readonly string[]): string {
    const keys = Array.from({ length: 500 }, (_, nth) => `key-${nth}`);
    return keys.find((each) =>
      holders.every((wanted, nth) => {
        const bytes = Buffer.from(each);
        const { groups } = adoptedBy(versions[nth]!, self);
        const { primary, receivers } = groups.groupOf(bytes, 0, bytes.length);
        return [primary, ...[...receivers].sort()].join() === wanted;
      }),
    )!;
  }
  function deliver(): void {
    primary.linkTo(memberWith(2)).deliverAll(receiver.states);
    primary.linkTo(memberWith(3)).deliverAll(third.states);
  }
  beforeEach(() => {
    [primary, receiver, third] = [new TestThread(1), new TestThread(2), new TestThread(3)];
    for (const each of [primary, receiver, third]) each.adopt(versions[0]!);
  });

  test('one that comes late is acknowledged and not taken, also if it is held again', async () => {
    const kept = keyWith('0,1', '0,1');
    const lost = keyWith('0,1,2', '0,2');
    const sent = primary.execute(set(kept, 'a') + set(lost, 'b'), kept, lost);
    for (const topology of versions.slice(1)) receiver.adopt(topology);
    deliver();
    await settleAll();
    expect(sent).toMatchObject({ count: 1, error: undefined });
    expect([receiver.get(kept), receiver.get(lost)]).toEqual([hit(kept, 'a'), MISS]);
  });
  test('one that was changed before, and is sent with the topology, is not taken', async () => {
    const lost = keyWith('0,1,2', '2,0');
    primary.sender.prepare();
    const sent = primary.execute(set(lost, 'a'), lost);
    for (const each of [primary, receiver, third]) each.adopt(versions[1]!);
    deliver();
    await settleAll();
    expect(sent).toMatchObject({ count: 1, error: undefined });
    expect([receiver.get(lost), third.get(lost)]).toEqual([MISS, hit(lost, 'a')]);
  });
  test('after the mark of its sender a batch has none of them, and is not searched', async () => {
    const lost = keyWith('0,1,2', '0,2');
    receiver.adopt(versions[1]!);
    receiver.handover.decide(2, [{ ...self, version: 2, complete: 1 }]);
    primary.adopt(versions[1]!);
    const bytes = Buffer.from(lost);
    const earlier = adoptedBy(versions[0]!, self).groups.groupOf(bytes, 0, bytes.length);
    primary.sender.changed(earlier, bytes, 0, bytes.length);
    primary.node.send(set(lost, 'a'));
    primary.sender.seal(() => {});
    deliver();
    expect(receiver.get(lost)).toBe(hit(lost, 'a'));
  });
});

test('colliding keys of two primaries raise both sequences and both are taken', () => {
  const [first = '', second = ''] = collidingKeys(primary.node.store, 2);
  const other = new CopyNode();
  other.copies.raiseSequence(0, 50_000);
  other.send(set(first, 'a'));
  expect(receiver.node.copies.take(other.read(first))).toBe('done');
  primary.node.send(set(second, 'b'));
  const refused = primary.node.read(second);
  expect(receiver.node.copies.take(refused)).toBe('refused');
  primary.node.copies.raiseSequence(refused.slotHigh, refused.slotLow);
  expect(receiver.node.copies.take(primary.node.read(second))).toBe('done');
});
