import { beforeEach, describe, expect, test } from 'vitest';
import { LOST_MS, UNREACHABLE_MS } from '../../../../src/cluster/thread/peer-delivery.ts';
import { PEER_STATUS } from '../../../../src/protocol/peer.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { set } from '../../../support/copy-node.ts';
import type { HeldLink } from '../../../support/held-links.ts';
import { hit, keysOf, TestThread } from '../../../support/sender-thread.ts';
import { settleAll } from '../../../support/settle-all.ts';

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

describe('a receiver that does not acknowledge', () => {
  test('a silent receiver is reported after a bounded time, and when it is back', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    await primary.timers.advance(UNREACHABLE_MS - 100);
    expect(primary.reached).toEqual([]);
    await primary.timers.advance(200);
    expect(primary.reached).toEqual([['web-2', false]]);
    link.deliverAll(receiver.states);
    expect(primary.reached).toEqual([
      ['web-2', false],
      ['web-2', true],
    ]);
    expect(stored.count).toBe(1);
  });
  test('a receiver that is late, and goes on taking changes, is not reported', async () => {
    for (let waited = 0; waited <= 2 * UNREACHABLE_MS; waited += UNREACHABLE_MS / 2) {
      // It takes one of three changes in half of the time after which a silent one is reported.
      while (link.requests.length < 3) primary.execute(set(key, `${waited}`), key);
      await primary.timers.advance(UNREACHABLE_MS / 2);
      link.deliver(receiver.states);
    }
    expect(primary.reached).toEqual([]);
    await primary.timers.advance(UNREACHABLE_MS + 100);
    expect(primary.reached).toEqual([['web-2', false]]);
  });
  test('a receiver that is late is reported once it is lost', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    const first = link.requests.shift()!;
    for (let waited = 0; waited < LOST_MS; waited += UNREACHABLE_MS / 2) {
      primary.execute(set(key, `${waited}`), key);
      link.deliver(receiver.states);
      await primary.timers.advance(UNREACHABLE_MS / 2);
    }
    await primary.timers.advance(100);
    expect(first).toBeDefined();
    expect(stored.count).toBe(1);
    expect(primary.reached).toEqual([['web-2', false]]);
  });
  test('a receiver is reported if the primary was frozen until it is lost', async () => {
    primary.execute(set(key, 'one'), key);
    primary.timers.freeze(LOST_MS);
    await primary.timers.advance(100);
    expect(primary.reached).toEqual([['web-2', false]]);
  });
  test('a lost receiver fails changes that need it, until it is another incarnation', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    await primary.timers.advance(LOST_MS + 100);
    expect(stored).toMatchObject({ count: 1, error: { code: 'ERR_RECEIVER_LOST' } });
    link.isDown = false;
    const second = primary.execute(set(key, 'two'), key);
    await settleAll();
    expect(second).toMatchObject({ count: 1, error: { code: 'ERR_RECEIVER_LOST' } });
    const restarted = memberWith(2, { state: 'filling', incarnation: 7 });
    primary.adopt(topologyWith([memberWith(1), restarted], { version: 2 }));
    const third = primary.execute(set(key, 'three'), key);
    await settleAll();
    expect(primary.linkTo(restarted).requests).toHaveLength(1);
    expect(third.count).toBe(0);
  });
  test('a reply that waits for it leaves once the topology says that it is down', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    link.isDown = true;
    link.lose();
    await primary.timers.advance(200);
    expect(stored.count).toBe(0);
    const down = memberWith(2, { state: 'down' });
    primary.adopt(topologyWith([memberWith(1), down], { version: 2 }));
    await settleAll();
    expect(stored).toMatchObject({ count: 1, error: undefined });
  });
  test('a change that it refuses because of its topology is sent again', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    link.answer(PEER_STATUS.newer);
    await primary.timers.advance(100);
    expect(stored.count).toBe(0);
    link.deliverAll(receiver.states);
    expect(stored.count).toBe(1);
    expect(primary.sender.counts).toEqual({ sent: 2, resent: 1, refused: 0 });
  });
});

describe('a receiver that is slower than the clients', () => {
  const MIB = 1024 * 1024;
  const largeValue = (nth: number): string => `${nth}`.padEnd(500_000, 'x');
  const bytesOnTheWay = (): number =>
    link.requests.reduce((sum, { frame }) => sum + frame.payloadBytes, 0);
  /** Sets a large value for each key, and returns what tells of the acknowledgements. */
  const setLarge = (keys: readonly string[]) =>
    keys.map((each, nth) => primary.execute(set(each, largeValue(nth)), each));
  const allArrived = (keys: readonly string[]): boolean =>
    keys.every((each, nth) => receiver.get(each) === hit(each, largeValue(nth)));

  beforeEach(() => {
    const options = { memoryLimitBytes: 64 * MIB };
    primary = new TestThread(1, options);
    receiver = new TestThread(2, options);
    primary.adopt(two);
    receiver.adopt(two);
    link = primary.linkTo(memberWith(2));
  });

  test('6 MiB and one batch are on the way at most, and the rest follows the replies', async () => {
    const keys = keysOf(two, 1, 60);
    const stored = setLarge(keys);
    expect(bytesOnTheWay()).toBeGreaterThan(6 * MIB);
    while (link.requests.length > 0) {
      expect(bytesOnTheWay()).toBeLessThan(7 * MIB);
      link.deliver(receiver.states);
    }
    await settleAll();
    expect(new Set(stored.map(({ count }) => count))).toEqual(new Set([1]));
    expect(allArrived(keys)).toBe(true);
  });
  test('small batches are bounded too', () => {
    const [key = ''] = keysOf(two, 1);
    for (let nth = 0; nth < 4000; nth++) primary.execute(set(key, `${nth}`), key);
    expect(link.requests).toHaveLength(3072);
    link.deliverAll(receiver.states);
    expect(receiver.get(key)).toBe(hit(key, '3999'));
  });
  test('a change that waits for room sends the value as it is then', async () => {
    const [first = '', ...others] = keysOf(two, 1, 30);
    setLarge(others);
    const older = primary.execute(set(first, 'older'), first);
    const newer = primary.execute(set(first, 'newer'), first);
    await settleAll();
    while (older.count === 0) link.deliver(receiver.states);
    expect(receiver.get(first)).toBe(hit(first, 'newer'));
    link.deliverAll(receiver.states);
    expect(newer.count).toBe(1);
  });
  test('changes that wait for room are sent after the connection broke', async () => {
    const keys = keysOf(two, 1, 60);
    const stored = setLarge(keys);
    link.lose();
    await primary.timers.advance(100);
    expect(bytesOnTheWay()).toBeLessThan(7 * MIB);
    link.deliverAll(receiver.states);
    await settleAll();
    expect(new Set(stored.map(({ count }) => count))).toEqual(new Set([1]));
    expect(allArrived(keys)).toBe(true);
  });
});
