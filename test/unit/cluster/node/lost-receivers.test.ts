import { describe, expect, test } from 'vitest';
import { LostReceivers } from '../../../../src/cluster/node/lost-receivers.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import type { Member } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const self = memberWith(1);
const filling = memberWith(3, { state: 'filling' });

/** Whether `web-1`, which does not reach `web-2`, lets others wait for that. */
function blocks(replicas: number, ...members: Member[]): boolean {
  const lost = new LostReceivers();
  lost.reached(memberWith(2), false, 0);
  lost.follow(adoptedBy(topologyWith(members, { replicas }), self));
  return lost.isBlocking;
}

describe('receivers that a member does not reach', () => {
  test('a member is filled that takes the place of a lost one', () => {
    expect(blocks(2, self, memberWith(2), filling, memberWith(4))).toBe(false);
  });
  test('a member joins in the place of one that has gone', () => {
    const joining = memberWith(4, { state: 'joining' });
    const gone = memberWith(3, { state: 'gone' });
    expect(blocks(2, self, memberWith(2), gone, joining)).toBe(false);
  });
  test('a lost one blocks the others if keys that it holds get another primary', () => {
    const five = [self, memberWith(2), filling, memberWith(4), memberWith(5)];
    expect(blocks(3, ...five)).toBe(true);
    const joining = memberWith(4, { state: 'joining' });
    expect(blocks(2, self, memberWith(2), filling, joining)).toBe(false);
  });
  test('a lost one blocks the others while no member is away', () => {
    expect(blocks(2, self, memberWith(2), memberWith(3))).toBe(true);
    expect(blocks(2, self, memberWith(2), memberWith(3), memberWith(4, { state: 'joining' }))).toBe(
      true,
    );
  });
  test('a new process of a lost member blocks nothing', () => {
    const again = memberWith(2, { incarnation: 77, state: 'filling' });
    expect(blocks(3, self, again, memberWith(3))).toBe(false);
  });
  test('each loss and each return is news once', () => {
    const lost = new LostReceivers();
    const news = [false, false, true, true].map((isReached) => {
      return lost.reached(memberWith(2), isReached, 0);
    });
    expect(news).toEqual([true, false, true, false]);
    expect(lost.names).toEqual([]);
  });
  test('a peer that one of two threads reaches again is still lost', () => {
    const lost = new LostReceivers();
    const reached = (isReached: boolean, thread: number): boolean =>
      lost.reached(memberWith(2), isReached, thread);
    expect([reached(false, 0), reached(false, 1), reached(true, 1)]).toEqual([true, false, false]);
    expect(lost.names).toEqual([memberWith(2).name]);
    expect(reached(true, 0)).toBe(true);
    expect(lost.names).toEqual([]);
  });
});
