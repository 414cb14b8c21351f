import { beforeEach, describe, expect, test } from 'vitest';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { LOST_MS } from '../../../../src/cluster/thread/peer-delivery.ts';
import type { Sender } from '../../../../src/cluster/thread/sender.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { CopyNode, set } from '../../../support/copy-node.ts';
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

describe('sending changes', () => {
  test('a change is acknowledged once its receiver has it', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    await settleAll();
    expect(stored).toMatchObject({ isWaiting: true, count: 0 });
    link.deliverAll(receiver.states);
    expect(stored).toMatchObject({ count: 1, error: undefined });
    expect(receiver.get(key)).toBe(hit(key, 'one'));
  });
  test('all changes of one input are one batch, and a repeated key is sent once', async () => {
    const [first = '', second = ''] = keysOf(two, 1, 2);
    const stored = primary.execute(set(first, 'a') + set(second, 'b'), first, first, second);
    await settleAll();
    expect(link.requests).toHaveLength(1);
    link.deliverAll(receiver.states);
    expect(stored.count).toBe(1);
    expect(receiver.get(second)).toBe(hit(second, 'b'));
  });
  test('an input that changes nothing waits for nothing', () => {
    expect(primary.execute('get nothing\r\n').isWaiting).toBe(false);
  });
  test('a member without receivers notes nothing', () => {
    const alone = new TestThread(1);
    alone.adopt(topologyWith(3, { replicas: 1 }));
    const sender: Sender = alone.sender;
    expect(sender.isNoting).toBe(false);
    expect(alone.execute(set(key, 'x'), key).isWaiting).toBe(false);
  });
  test('a delete that arrives before the older set wins', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    const deleted = primary.execute(`delete ${key}\r\n`, key);
    link.deliver(receiver.states, 1);
    await settleAll();
    expect(deleted.count).toBe(1);
    link.deliverAll(receiver.states);
    expect(stored.count).toBe(1);
    expect(receiver.get(key)).toBe(MISS);
  });
  test('a change whose batch was lost with its connection is sent again', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    link.lose();
    await settleAll();
    expect(stored.count).toBe(0);
    await primary.timers.advance(100);
    link.deliverAll(receiver.states);
    expect(stored.count).toBe(1);
    expect(receiver.get(key)).toBe(hit(key, 'one'));
  });
  test('a batch that a broken connection delivers late does not undo a newer change', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    const late = link.requests[0]!;
    link.lose();
    const newer = primary.execute(set(key, 'two'), key);
    await primary.timers.advance(100);
    link.deliverAll(receiver.states);
    link.requests.push({ ...late, settle: () => {} });
    link.deliverAll(receiver.states);
    expect([stored.count, newer.count]).toEqual([1, 1]);
    expect(receiver.get(key)).toBe(hit(key, 'two'));
  });
  test('a slot with a higher number costs one more round, and loses nothing', async () => {
    const keys = keysOf(two, 1, 10_000);
    const { store } = receiver.node;
    const slots = new Map<number, string>();
    const pair = keys.flatMap((one) => {
      const slot = store.items.hashOf(Buffer.from(one), 0, one.length) % 65_536;
      const other = slots.get(slot);
      slots.set(slot, one);
      return other === undefined ? [] : [[other, one] as const];
    })[0]!;
    const far = new CopyNode();
    far.copies.raiseSequence(0, 1_000_000);
    receiver.node.copies.take(far.read(pair[0]));
    const stored = primary.execute(set(pair[1], 'one'), pair[1]);
    link.deliver(receiver.states);
    expect(stored.count).toBe(0);
    link.deliver(receiver.states);
    await settleAll();
    expect(stored.count).toBe(1);
    expect(receiver.get(pair[1])).toBe(hit(pair[1], 'one'));
    expect(primary.sender.counts).toEqual({ sent: 2, resent: 1, refused: 1 });
  });
  test('the mode async lets the output leave, and the receiver gets the change', async () => {
    const async = topologyWith(2, { version: 2, replication: 'async' });
    primary.adopt(async);
    receiver.adopt(async);
    const stored = primary.execute(set(key, 'one'), key);
    await settleAll();
    expect(stored).toMatchObject({ isWaiting: false, count: 0 });
    link.deliverAll(receiver.states);
    expect(receiver.get(key)).toBe(hit(key, 'one'));
    expect(stored.count).toBe(0);
  });
  test('the mode async lets replies wait while too many batches have no reply', async () => {
    primary.adopt(topologyWith(2, { version: 2, replication: 'async' }));
    receiver.adopt(topologyWith(2, { version: 2, replication: 'async' }));
    let last = primary.execute(set(key, 'x'), key);
    for (let nth = 0; nth < 1000 && !last.isWaiting; nth++) {
      last = primary.execute(set(key, `${nth}`), key);
    }
    expect(last.isWaiting).toBe(true);
    link.deliverAll(receiver.states);
    await settleAll();
    expect(last.count).toBe(1);
  });
  test('a large batch leaves in several frames and is acknowledged once', async () => {
    const keys = keysOf(two, 1, 20);
    const value = 'v'.repeat(20_000);
    const request = keys.map((one) => set(one, value)).join('');
    const stored = primary.execute(request, ...keys);
    await settleAll();
    expect(link.requests.length).toBeGreaterThan(4);
    link.deliverAll(receiver.states);
    expect(stored.count).toBe(1);
    for (const one of keys) expect(receiver.get(one)).toBe(hit(one, value));
  });
});

describe('changes that holders may lack', () => {
  test('a change is open, and its item has a mark, until all holders have it', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    expect([primary.isOpen(key), primary.node.isCopy(key)]).toEqual([true, true]);
    link.deliverAll(receiver.states);
    await settleAll();
    expect(stored.count).toBe(1);
    expect([primary.isOpen(key), primary.node.isCopy(key)]).toEqual([false, false]);
  });
  test('a change stays open after the acknowledgement of one before it', async () => {
    primary.execute(set(key, 'one'), key);
    primary.execute(`delete ${key}\r\n`, key);
    link.deliver(receiver.states);
    await settleAll();
    expect(primary.isOpen(key)).toBe(true);
    link.deliverAll(receiver.states);
    await settleAll();
    expect(primary.isOpen(key)).toBe(false);
  });
  test('a change of this input is open for others only, and ends with it', () => {
    const bytes = Buffer.from(key);
    primary.sender.changing(bytes, 0, bytes.length);
    expect(primary.node.copies.changes.isOpen(bytes, 0, bytes.length)).toBe(false);
    expect(primary.isOpen(key)).toBe(true);
    expect(primary.sender.hasChanges).toBe(true);
    expect(primary.sender.seal(() => {})).toBe(false);
    expect(primary.isOpen(key)).toBe(false);
  });
  test('a change that a lost receiver lacks is open until that is no member any more', async () => {
    const stored = primary.execute(set(key, 'one'), key);
    await primary.timers.advance(LOST_MS + 100);
    expect(stored.error?.code).toBe('ERR_RECEIVER_LOST');
    for (let nth = 0; nth < 3; nth++) primary.execute(set(key, `${nth}`), key);
    await settleAll();
    expect(primary.isOpen(key)).toBe(true);
    primary.adopt(topologyWith([memberWith(1), memberWith(2, { state: 'down' })], { version: 2 }));
    await settleAll();
    expect(primary.isOpen(key)).toBe(false);
  });
  test('a change that is held for an adoption is open until the receivers have it', async () => {
    primary.sender.prepare();
    primary.execute(set(key, 'one'), key);
    expect(primary.isOpen(key)).toBe(true);
    primary.adopt(topologyWith(2, { version: 2 }));
    receiver.adopt(topologyWith(2, { version: 2 }));
    await settleAll();
    expect(primary.isOpen(key)).toBe(true);
    link.deliverAll(receiver.states);
    await settleAll();
    expect([primary.isOpen(key), primary.node.isCopy(key)]).toEqual([false, false]);
  });
  test.each(['async', 'alone'])('no change is open in a member: %s', async (mode) => {
    const replication = mode === 'async' ? 'async' : 'sync';
    primary.adopt(topologyWith(mode === 'alone' ? 1 : 2, { version: 2, replication }));
    primary.execute(set(key, 'one'), key);
    expect([primary.isOpen(key), primary.node.isCopy(key)]).toEqual([false, false]);
  });
  test('a touch, an invalidation and a lease mark the item too', async () => {
    primary.execute(set(key, 'one'), key);
    for (const request of [`touch ${key} 60`, `md ${key} I T60`, `mg ${key} v`]) {
      link.deliverAll(receiver.states);
      await settleAll();
      expect(primary.node.isCopy(key), `before ${request}`).toBe(false);
      primary.execute(`${request}\r\n`, key);
      expect(primary.node.isCopy(key), request).toBe(true);
    }
  });
});

describe('adopting a topology', () => {
  const before = topologyWith(2, { replicas: 1 });
  const joining = topologyWith([...before.members, memberWith(3, { state: 'joining' })], {
    replicas: 1,
    version: 2,
  });
  const keyThatMoves = (): string => {
    const { groups } = adoptedBy(joining, self);
    const found = keysOf(joining, 1, 10_000).find((one) => {
      const bytes = Buffer.from(one);
      return groups.groupOf(bytes, 0, bytes.length).receivers.length > 0;
    });
    return found ?? '';
  };

  test('a thread that has prepared sends to no new receiver, and holds its changes', async () => {
    const thread = new TestThread(1);
    thread.adopt(before);
    const moves = keyThatMoves();
    thread.sender.prepare();
    const stored = thread.execute(set(moves, 'one'), moves);
    await settleAll();
    expect(stored).toMatchObject({ isWaiting: true, count: 0 });
    thread.adopt(joining);
    const joiner = new TestThread(3);
    joiner.adopt(joining);
    thread.linkTo(memberWith(3)).deliverAll(joiner.states);
    await settleAll();
    expect(stored).toMatchObject({ count: 1, error: undefined });
    expect(joiner.get(moves)).toBe(hit(moves, 'one'));
  });
  test('a held change that nobody receives is acknowledged after the adoption', async () => {
    const thread = new TestThread(1);
    thread.adopt(before);
    thread.sender.prepare();
    const [own = ''] = keysOf(before, 1);
    const stored = thread.execute(set(own, 'one'), own);
    thread.adopt(topologyWith(2, { replicas: 1, version: 2 }));
    await settleAll();
    expect(stored.count).toBe(1);
  });
  test('a held change of a key that has moved goes to the receivers that it had', async () => {
    const thread = new TestThread(1);
    thread.adopt(joining);
    const moves = keyThatMoves();
    const joined = topologyWith(3, { replicas: 1, version: 3 });
    thread.sender.prepare();
    const stored = thread.execute(set(moves, 'last'), moves);
    thread.adopt(joined);
    let isDrained = false;
    void thread.sender.drained(3).then(() => {
      isDrained = true;
    });
    await settleAll();
    expect(isDrained).toBe(false);
    const joiner = new TestThread(3);
    joiner.adopt(joining);
    joiner.adopt(joined);
    thread.linkTo(memberWith(3)).deliverAll(joiner.states);
    await settleAll();
    expect(joiner.get(moves)).toBe(hit(moves, 'last'));
    expect(stored.count).toBe(1);
    expect(isDrained).toBe(true);
  });
  test('drained waits for the changes of older topologies only', async () => {
    const old = primary.execute(set(key, 'one'), key);
    primary.adopt(topologyWith(2, { version: 2 }));
    receiver.adopt(topologyWith(2, { version: 2 }));
    let isDrained = false;
    void primary.sender.drained(2).then(() => {
      isDrained = true;
    });
    const recent = primary.execute(set(key, 'two'), key);
    await settleAll();
    expect(isDrained).toBe(false);
    link.deliver(receiver.states);
    await settleAll();
    expect([old.count, recent.count]).toEqual([1, 0]);
    expect(isDrained).toBe(true);
  });
});
