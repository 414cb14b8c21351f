import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { ChangeGroups } from '../../../../src/cluster/thread/change-groups.ts';
import { KeptStates } from '../../../../src/cluster/thread/kept-states.ts';
import { KeyBatch } from '../../../../src/cluster/thread/key-batch.ts';
import { PeerDelivery } from '../../../../src/cluster/thread/peer-delivery.ts';
import { newItemState } from '../../../../src/store/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { CopyNode, set, valueText } from '../../../support/copy-node.ts';
import { HeldLink } from '../../../support/held-links.ts';
import { hit, keysOf, MISS, TestThread } from '../../../support/sender-thread.ts';
import { settleAll } from '../../../support/settle-all.ts';

const self = { name: 'web-1', incarnation: 1001 };
const joining = topologyWith([memberWith(1), memberWith(2), memberWith(3, { state: 'joining' })], {
  replicas: 1,
});
const joined = topologyWith(3, { replicas: 1, version: 2 });
const { groups } = adoptedBy(joining, self);
/** Its primary is `web-1`, and then `web-3`. */
const moves = keysOf(joining, 1, 10_000).find((key) => {
  return groups.groupOf(Buffer.from(key), 0, key.length).receivers.length > 0;
})!;

/** Two members of which one has changed the key and given it away, with the change on its way. */
function givenAway(request: string) {
  const [giver, taker] = [new TestThread(1), new TestThread(3)];
  for (const one of [giver, taker]) one.adopt(joining);
  const link = giver.linkTo(memberWith(3));
  const change = giver.execute(request, moves);
  for (const one of [giver, taker]) one.adopt(joined);
  giver.sender.keep();
  return { giver, taker, link, change };
}

describe('states of keys that were given away', () => {
  test('a change is sent again after its item has been dropped', async () => {
    const { giver, taker, link, change } = givenAway(set(moves, 'last'));
    giver.node.send(`delete ${moves}\r\n`);
    link.lose();
    await giver.timers.advance(100);
    expect(change.count).toBe(0);
    link.deliverAll(taker.states);
    await settleAll();
    expect(taker.get(moves)).toBe(hit(moves, 'last'));
    expect(change).toMatchObject({ count: 1, error: undefined });
  });
  test('a kept state that is refused for a number of its slot gets a higher one', async () => {
    const { giver, taker, link, change } = givenAway(set(moves, 'last'));
    giver.node.send(`delete ${moves}\r\n`);
    const far = new CopyNode();
    far.copies.raiseSequence(0, 1_000_000);
    taker.node.copies.take(far.read(moves));
    link.deliver(taker.states);
    await settleAll();
    expect(change.count).toBe(0);
    link.deliverAll(taker.states);
    await settleAll();
    expect(taker.get(moves)).toBe(hit(moves, 'last'));
    expect(change).toMatchObject({ count: 1, error: undefined });
  });
  test('a delete is kept too', async () => {
    const { giver, taker, link } = givenAway(`delete ${moves}\r\n`);
    taker.node.send(set(moves, 'old'));
    giver.node.send(set(moves, 'older'));
    link.lose();
    await giver.timers.advance(100);
    link.deliverAll(taker.states);
    expect(taker.get(moves)).toBe(MISS);
  });
  test('a key that comes back is read again', async () => {
    const { giver, link } = givenAway(set(moves, 'old'));
    const again = topologyWith(joining.members, { replicas: 1, version: 3 });
    giver.adopt(again);
    giver.execute(set(moves, 'new'), moves);
    link.lose();
    await giver.timers.advance(100);
    const taker = new TestThread(3);
    taker.adopt(again);
    link.deliverAll(taker.states);
    expect(taker.get(moves)).toBe(hit(moves, 'new'));
  });
  test('a state without room is not kept', () => {
    const node = new CopyNode({ memoryLimitBytes: 2 ** 27 });
    const kept = new KeptStates(node.copies);
    const value = 'x'.repeat(1_000_000);
    const keeps = (nth: number): boolean => {
      const key = Buffer.from(`key-${nth}`);
      node.send(set(`key-${nth}`, value));
      return kept.keep(key, 0, key.length);
    };
    const before = Array.from({ length: 67 }, (_, nth) => keeps(nth));
    expect(before).not.toContain(false);
    expect(keeps(67)).toBe(false);
    expect(keeps(0)).toBe(true);
    kept.clear();
    expect(keeps(67)).toBe(true);
    const state = newItemState();
    kept.read(Buffer.from('key-67'), 0, 6, state, new ByteSink(16));
    expect(valueText(state)).toBe(value);
  });
  test('a change whose state has no room fails at once', async () => {
    const peer = memberWith(3);
    const [giver, link] = [new TestThread(1), new HeldLink(self)];
    const delivery = new PeerDelivery(peer, link, {
      copies: giver.node.copies,
      timers: giver.timers,
      version: () => 2,
      reached: () => {},
    });
    const errors: (string | undefined)[] = [];
    const group = new ChangeGroups().begin(1, (error) => void errors.push(error?.code));
    const keys = new KeyBatch();
    keys.append(Buffer.from(moves), 0, moves.length);
    delivery.deliver(keys, group);
    group.settle();
    link.lose();
    delivery.keep(() => false);
    await giver.timers.advance(1000);
    expect(errors).toEqual(['ERR_RECEIVER_LOST']);
    expect(link.requests).toEqual([]);
  });
});
