import { beforeEach, describe, expect, test } from 'vitest';
import { CodedError, silentLogger } from '../../../../src/base/index.ts';
import { EventJournal } from '../../../../src/cluster/node/event-journal.ts';
import { NodeCluster } from '../../../../src/cluster/node/node-cluster.ts';
import {
  type ClusterTopology,
  decodeTopology,
  KeyGroups,
  type Member,
} from '../../../../src/topology/index.ts';
import { keys, TestNode } from '../../../support/cluster-node.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { set } from '../../../support/copy-node.ts';
import { settleAll } from '../../../support/settle-all.ts';

const self = { name: 'web-1', incarnation: 1001 };
const topology = (version: number, replicas: number, ...members: Member[]): ClusterTopology =>
  topologyWith(members, { version, replicas });
const three = [memberWith(1), memberWith(2), memberWith(3)];
const fourth = memberWith(4, { state: 'joining' });

/** The keys that `web-1` is the primary of, or has in another role. */
function keysOf(of: ClusterTopology, role: 'primary' | 'any'): readonly string[] {
  const groups = new KeyGroups(of);
  const at = of.members.findIndex(({ name }) => name === self.name);
  return keys.filter((key) => {
    const { primary, receivers } = groups.groupOf(Buffer.from(key), 0, key.length);
    return primary === at || (role === 'any' && receivers.includes(at));
  });
}

let test1: TestNode;
beforeEach(() => {
  test1 = new TestNode();
});

const fillStore = (): void => {
  for (const key of keys) test1.node.send(set(key, 'x'));
};

describe('the first topology of a process', () => {
  test('a member that is filled drops all items that a file has brought', async () => {
    fillStore();
    await test1.adopt(topology(7, 1, memberWith(1, { state: 'filling' }), memberWith(2)));
    expect(test1.keysThere()).toEqual([]);
  });
  test.each(['serving', 'leaving'] as const)('if %s, it keeps its own items', async (state) => {
    fillStore();
    const first = topology(7, 1, memberWith(1, { state }), memberWith(2));
    await test1.adopt(first);
    expect(test1.keysThere()).toEqual(keysOf(first, 'primary'));
  });
  test('the store is walked before the threads know the topology', async () => {
    fillStore();
    const walks: (readonly string[])[] = [];
    test1.heldKinds.add('prepare');
    test1.cluster.adopt(topology(7, 1, memberWith(1, { state: 'filling' }), memberWith(2)));
    await test1.until(() => test1.orders.length === 1);
    walks.push(test1.keysThere());
    expect(walks).toEqual([[]]);
    test1.release();
    await test1.until(() => test1.cluster.report().clean === 7);
  });
});

describe('adopting a topology', () => {
  test('every thread prepares before one adopts, and adopts before keys are decided', async () => {
    await test1.adopt(topology(1, 1, ...three));
    expect(test1.steps.slice(0, 4)).toEqual(['prepare ', 'adopt 1', 'marks ', 'decide 1']);
    test1.orders.length = 0;
    test1.heldKinds.add('prepare');
    test1.cluster.adopt(topology(2, 1, ...three, fourth));
    await test1.until(() => test1.orders.length === 1);
    await settleAll();
    expect(test1.steps).toEqual(['prepare ']);
    expect(test1.cluster.report().adopted).toBe(1);
    test1.heldKinds.add('adopt');
    test1.release();
    await test1.until(() => test1.cluster.report().clean === 2);
  });
  test('the mark leaves after all changes of older topologies are acknowledged', async () => {
    test1.heldKinds.add('drain');
    test1.cluster.adopt(topology(1, 1, ...three));
    await test1.until(() => test1.cluster.report().adopted === 1);
    await settleAll();
    expect(test1.steps).not.toContain('mark 1');
    test1.release();
    await test1.until(() => test1.steps.includes('mark 1'));
  });
  test('items stay until their changes are acknowledged, or a newer topology waits', async () => {
    const joined = topology(3, 1, ...three, memberWith(4));
    await test1.adopt(topology(1, 1, ...three));
    await test1.adopt(topology(2, 1, ...three, fourth));
    fillStore();
    const before = test1.keysThere();
    test1.heldKinds.add('drain');
    test1.cluster.adopt(joined);
    await test1.until(() => test1.cluster.report().adopted === 3);
    await settleAll();
    expect(test1.keysThere()).toEqual(before);
    test1.cluster.adopt(topology(4, 1, ...three, memberWith(4, { state: 'down' })));
    await test1.until(() => test1.cluster.report().adopted === 4);
    expect(test1.keysThere()).toEqual(keysOf(joined, 'any'));
    test1.release();
    await test1.until(() => test1.cluster.report().clean === 4);
  });
  test('topologies are adopted one after the other, in their order', async () => {
    test1.cluster.adopt(topology(1, 1, ...three));
    test1.cluster.adopt(topology(2, 1, ...three, fourth));
    test1.cluster.adopt(topology(3, 1, ...three, memberWith(4)));
    await test1.until(() => test1.cluster.report().clean === 3);
    const adopted = test1.steps.filter((step) => step.startsWith('adopt'));
    expect(adopted).toEqual(['adopt 1', 'adopt 2', 'adopt 3']);
    expect(test1.reports).toEqual([...test1.reports].sort());
  });
  test('a member that has lost keys drops them before it adopts the next topology', async () => {
    const joined = topology(3, 1, ...three, memberWith(4));
    await test1.adopt(topology(1, 1, ...three));
    fillStore();
    const before = keysOf(topology(1, 1, ...three), 'any');
    await test1.adopt(topology(2, 1, ...three, fourth));
    test1.cluster.adopt(joined);
    test1.cluster.adopt(topology(4, 1, ...three, memberWith(4, { state: 'down' })));
    await test1.until(() => test1.steps.includes('adopt 4'));
    const kept = keysOf(joined, 'any');
    expect(kept.length).toBeLessThan(before.length);
    expect(test1.keysThere()).toEqual(kept);
  });
  test('items get the flag of a copy if the member is not their primary', async () => {
    const serving = topology(1, 2, ...three);
    await test1.adopt(serving);
    fillStore();
    await test1.adopt(
      topology(2, 2, memberWith(1), memberWith(2), memberWith(3, { state: 'down' })),
    );
    const own = keysOf(topology(2, 2, memberWith(1), memberWith(2)), 'primary');
    for (const key of test1.keysThere()) {
      expect([key, test1.node.isCopy(key)]).toEqual([key, !own.includes(key)]);
    }
  });
  test('a member that gains keys draws much higher numbers before they are decided', async () => {
    await test1.adopt(topology(1, 2, ...three));
    const before = test1.node.copies.sequence();
    test1.heldKinds.add('decide');
    test1.cluster.adopt(
      topology(2, 2, memberWith(1), memberWith(2), memberWith(3, { state: 'down' })),
    );
    await test1.until(() => test1.steps.includes('decide 2'));
    const { high, low } = test1.node.copies.sequence();
    expect(2 ** 32 * (high - before.high) + low - before.low).toBeGreaterThan(2 ** 23);
    test1.release();
    await test1.until(() => test1.cluster.report().clean === 2);
  });
  test('a process that missed a topology, or is down in one, must be renewed', async () => {
    await test1.adopt(topology(1, 1, ...three));
    test1.cluster.adopt(topology(3, 1, ...three));
    await test1.until(() => test1.renewals.length === 1);
    expect(test1.renewals[0]).toContain('missed');
    expect(test1.cluster.report().adopted).toBe(1);
    const other = new TestNode();
    await other.adopt(topology(1, 1, ...three));
    other.cluster.adopt(topology(2, 1, memberWith(1, { state: 'down' }), memberWith(2)));
    await other.until(() => other.renewals.length === 1);
    expect(other.renewals[0]).toContain('dead');
  });
});

describe('marks of peers', () => {
  test('every thread knows a mark before one decides, and before its reply', async () => {
    await test1.adopt(topology(1, 1, ...three));
    test1.orders.length = 0;
    test1.heldKinds.add('marks');
    const mark = { name: 'web-2', incarnation: 1002, version: 1, complete: 0 };
    let isAcknowledged = false;
    const told = test1.cluster.told({ kind: 'marked', ...mark }).then(() => {
      isAcknowledged = true;
    });
    await settleAll();
    expect(test1.orders).toEqual([{ kind: 'marks', marks: [mark] }]);
    expect(isAcknowledged).toBe(false);
    test1.release();
    await told;
    expect(test1.orders.at(-1)).toEqual({ kind: 'decide', version: 1, marks: [mark], running: [] });
  });
  test('a mark that comes before its topology is passed on with the topology', async () => {
    const mark = { name: 'web-2', incarnation: 1002, version: 1, complete: 0 };
    await test1.cluster.told({ kind: 'marked', ...mark });
    await test1.adopt(topology(1, 1, ...three));
    expect(test1.orders).toContainEqual({ kind: 'decide', version: 1, marks: [mark], running: [] });
  });
});

describe('fills', () => {
  test('without receivers a member is complete at once', async () => {
    await test1.adopt(topology(1, 1, ...three));
    await test1.until(() => test1.cluster.report().complete === 1);
    expect(test1.fills).toEqual([]);
  });
  test('a member is complete once its fill is done, and a failed fill runs again', async () => {
    await test1.adopt(topology(1, 1, ...three));
    await test1.until(() => test1.cluster.report().complete === 1);
    await test1.adopt(topology(2, 1, ...three, fourth));
    await test1.until(() => test1.fills.length === 1);
    expect(test1.cluster.report().complete).toBe(1);
    test1.fills[0]!.end('failed');
    await test1.until(() => test1.fills.length === 2);
    test1.fills[1]!.end('done');
    await test1.until(() => test1.cluster.report().complete === 2);
  });
  test('a fill gets the topologies and the versions at which members were complete', async () => {
    await test1.adopt(topology(1, 1, ...three));
    await test1.until(() => test1.cluster.report().complete === 1);
    await test1.adopt(topology(2, 1, ...three, fourth));
    await test1.until(() => test1.fills.length === 1);
    const { topologies, complete } = test1.fills[0]!.order;
    expect(topologies.map((text) => decodeTopology(text).version)).toEqual([2, 1]);
    expect(complete.get('web-1#1001')).toBe(1);
    test1.fills[0]!.end('done');
  });
  test('a fill stops before the next topology is adopted, and another one starts', async () => {
    test1.fillsStop = false;
    await test1.adopt(topology(1, 1, ...three));
    await test1.adopt(topology(2, 1, ...three, fourth));
    await test1.until(() => test1.fills.length === 1);
    test1.cluster.adopt(
      topology(3, 1, ...three, memberWith(4, { state: 'joining', incarnation: 9 })),
    );
    await test1.until(() => test1.fills[0]!.share.isStopping);
    expect(test1.steps).not.toContain('adopt 3');
    test1.fills[0]!.end('stopped');
    await test1.until(() => test1.fills.length === 2);
    test1.fills[1]!.end('done');
    await test1.until(() => test1.cluster.report().complete === 3);
  });
  test('the end of the node stops its fill', async () => {
    test1.fillsStop = false;
    await test1.adopt(topology(2, 1, ...three, fourth));
    await test1.until(() => test1.fills.length === 1);
    const ended = test1.cluster.end();
    await settleAll();
    expect(test1.fills[0]!.share.isStopping).toBe(true);
    test1.fills[0]!.end('stopped');
    await ended;
  });
});

describe('reports of a fill', () => {
  test('the report follows a fill each second, and is told until it is over', async () => {
    await test1.adopt(topology(1, 1, ...three));
    await test1.adopt(topology(2, 1, ...three, fourth));
    await test1.until(() => test1.fills.length === 1);
    const { share } = test1.fills[0]!;
    const before = test1.reports.length;
    test1.cluster.sampled();
    expect(test1.reports.length).toBe(before);
    share.visited(1, 4);
    share.sent(10, 1000);
    test1.cluster.sampled();
    expect(test1.cluster.report()).toMatchObject({ keysMoved: 10, keysLeft: 30, bytesLeft: 3000 });
    expect(test1.reports.length).toBe(before + 1);
    share.visited(4, 4);
    test1.cluster.sampled();
    test1.cluster.sampled();
    expect(test1.reports.length).toBe(before + 2);
    expect(test1.cluster.report()).toMatchObject({ keysLeft: 0, bytesLeft: 0 });
  });
});

describe('receivers that do not acknowledge', () => {
  test('the report names them, and is complete only without them', async () => {
    await test1.adopt(topology(1, 1, ...three));
    await test1.until(() => test1.cluster.report().complete === 1);
    const peer = { kind: 'reached', name: 'web-2', incarnation: 1002, thread: 0 } as const;
    await test1.cluster.told({ ...peer, isReached: false });
    expect(test1.cluster.report()).toMatchObject({ complete: 0, unreachable: ['web-2'] });
    await test1.cluster.told({ ...peer, isReached: true });
    expect(test1.cluster.report()).toMatchObject({ complete: 1, unreachable: [] });
  });
});

test('an order that fails because the node stops leaves no promise unsettled', async () => {
  const cluster = new NodeCluster({
    self,
    peerPort: 1,
    readsCopies: false,
    timers: test1.timers,
    copies: test1.node.copies,
    walkKeys: () => test1.node.store.walkKeys(),
    order: () => Promise.reject(new CodedError('ERR_CHANNEL_CLOSED', 'The node stops.')),
    soon: (run) => void setImmediate(run),
    runFill: () => Promise.resolve('done'),
    journal: new EventJournal({ self, log: silentLogger }),
    adopted: () => {},
    renew: () => {},
  });
  cluster.adopt(topology(1, 1, ...three));
  await settleAll();
  await expect(cluster.end()).resolves.toBeUndefined();
});
