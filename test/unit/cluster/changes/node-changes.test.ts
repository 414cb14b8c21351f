import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import type { ChangeEvent } from '../../../../src/cluster/changes/change-events.ts';
import { NodeChanges } from '../../../../src/cluster/changes/node-changes.ts';
import type { LocalCluster } from '../../../../src/cluster/local-cluster.ts';
import { LocalMembership } from '../../../../src/cluster/membership/local-membership.ts';
import type { GivenOptions, NodePlan } from '../../../../src/cluster/supervised-node.ts';
import { memberOf, withDown } from '../../../../src/topology/index.ts';
import { TestMember } from '../../../support/test-member.ts';

const FACTS = { items: 100, bytes: 1000, memoryLimitBytes: 64 << 20 };

/** A node whose process starts at once. */
class TestNode extends TestMember {
  readonly memoryLimits: (number | undefined)[] = [];
  options: readonly string[] | undefined;
  isStopped = false;
  facts = async () => ({ ...FACTS });

  async restart(
    { onStarting }: { readonly onStarting: () => void },
    { memoryLimitBytes, options }: GivenOptions,
    keepsItems: boolean,
  ): Promise<number> {
    expect(keepsItems).toBe(false);
    this.memoryLimits.push(memoryLimitBytes);
    this.options = options;
    this.end();
    onStarting();
    this.start();
    return 1;
  }
}

/** A cluster whose nodes follow each topology at once. */
function clusterOf(count: number) {
  const membership = new LocalMembership({
    cluster: 'web',
    replicas: 1,
    replication: 'sync',
    publishes: true,
    kept: undefined,
    expected: [],
    versionMin: 1,
    save: () => {},
    onChange: () => {},
  });
  const nodes: TestNode[] = [];
  const newNode = (): TestNode => new TestNode(membership, nodes.length + 1);
  for (let nth = 0; nth < count; nth++) nodes.push(newNode());
  for (const node of nodes) node.start();
  membership.begin(() => nodes);
  const taken: number[] = [];
  const cluster = {
    membership,
    nodes,
    add: async ({ address }: NodePlan, { options }: GivenOptions) => {
      const port = Number(address.split(':')[1]);
      if (taken.includes(port)) throw new CodedError('ERR_PORT_TAKEN', `${port} is in use`);
      const node = new TestNode(membership, port - 11210);
      node.options = options;
      nodes.push(node);
      node.start();
      return node;
    },
    remove: async (node: TestNode) => {
      expect(memberOf(membership.keeper!.topology, node.name)).toBeUndefined();
      node.isStopped = true;
      nodes.splice(nodes.indexOf(node), 1);
    },
  };
  const newPlan = (nth: number): NodePlan => {
    const { name, address } = new TestMember(membership, nodes.length + 1 + nth);
    return { name, address, command: () => [] };
  };
  const changes = new NodeChanges({ cluster: cluster as unknown as LocalCluster, newPlan });
  const names = (): readonly string[] =>
    membership.keeper!.topology.members.map(({ name, state }) => `${name} ${state}`);
  return { changes, cluster, membership, names, nodes, taken };
}

type Request = Partial<Parameters<NodeChanges['run']>[0]> &
  Pick<Parameters<NodeChanges['run']>[0], 'action'>;

async function run(
  { changes }: ReturnType<typeof clusterOf>,
  request: Request,
  signal = new AbortController().signal,
): Promise<readonly ChangeEvent[]> {
  const events: ChangeEvent[] = [];
  const whole = { node: undefined, dryRun: false, memoryLimitBytes: undefined, ...request };
  await changes.run(whole, { onEvent: (event) => void events.push(event), signal });
  return events;
}

const kindsOf = (events: readonly ChangeEvent[]): readonly string[] => [
  ...new Set(events.map((each) => (each.event === 'step' ? each.step : each.event))),
];

describe('a change of the nodes', () => {
  test('the events tell the plan, the steps and the result', async () => {
    const all = clusterOf(2);
    const events = await run(all, { action: 'add' });
    expect(kindsOf(events)).toEqual(['change-plan', 'starts', 'gets its items', 'changed', 'done']);
    expect(all.names()).toEqual(['node-1 serving', 'node-2 serving', 'node-3 serving']);
  });
  test('a new node takes the next address if the first one is in use', async () => {
    const all = clusterOf(2);
    all.taken.push(11_213);
    await run(all, { action: 'add' });
    expect(all.names()).toContain('node-4 serving');
  });
  test('a process ends when its node is no member any more', async () => {
    const all = clusterOf(3);
    const [, second] = all.nodes;
    await run(all, { action: 'remove', node: 'node-2' });
    expect([second!.isStopped, all.names()]).toEqual([true, ['node-1 serving', 'node-3 serving']]);
  });
  test('the old process of a replaced node ends when its node has left', async () => {
    const all = clusterOf(2);
    const [first] = all.nodes;
    await run(all, { action: 'replace', node: 'node-1' });
    expect([first!.isStopped, all.names()]).toEqual([true, ['node-2 serving', 'node-3 serving']]);
  });
  test('all nodes restart in turn, with the memory of the order', async () => {
    const all = clusterOf(3);
    const events = await run(all, { action: 'restart', memoryLimitBytes: 32 << 20 });
    expect(events.filter(({ event }) => event === 'changed')).toHaveLength(3);
    expect(all.nodes.map(({ memoryLimits }) => memoryLimits)).toEqual([
      [32 << 20],
      [32 << 20],
      [32 << 20],
    ]);
    expect(all.names().toSorted()).toEqual(['node-1 serving', 'node-2 serving', 'node-3 serving']);
  });
  test('nodes that a change starts get the options of the order', async () => {
    const all = clusterOf(2);
    const options = ['--threads=2', '--disable-cas'];
    await run(all, { action: 'restart', node: 'node-1', options });
    await run(all, { action: 'add', options });
    expect(all.nodes.map((node) => node.options)).toEqual([options, undefined, options]);
  });
  test('a dry run changes nothing', async () => {
    const all = clusterOf(2);
    expect(kindsOf(await run(all, { action: 'add', dryRun: true }))).toEqual(['change-plan']);
    expect(all.names()).toHaveLength(2);
  });
  test('a node that dies while it joins leaves the cluster as it was', async () => {
    const all = clusterOf(2);
    const before = all.names();
    for (const node of all.nodes) node.isSlow = true;
    const running = run(all, { action: 'add' });
    await expect.poll(() => all.names().length).toBe(3);
    const third = all.nodes[2]!;
    all.membership.keeper!.change(
      (topology) => withDown(topology, third.name, third.incarnation),
      'node-3 has ended',
    );
    expect((await running).at(-1)).toMatchObject({
      event: 'change-failed',
      reason: expect.stringMatching(/ended before it had its items/),
    });
    expect([third.isStopped, all.names()]).toEqual([true, before]);
  });
  test('the nodes that had no turn stay when nobody waits any more', async () => {
    const all = clusterOf(3);
    const ended = new AbortController();
    ended.abort();
    const events = await run(all, { action: 'restart' }, ended.signal);
    expect(events.at(-1)).toMatchObject({
      event: 'change-failed',
      changed: [],
      untouched: ['node-1', 'node-2', 'node-3'],
    });
  });
});

describe('a change that is given up', () => {
  /** A change of nodes that report nothing, so that it does not advance. */
  async function slowly(all: ReturnType<typeof clusterOf>, request: Request, state: string) {
    for (const node of all.nodes) node.isSlow = true;
    const running = run(all, request);
    await expect.poll(() => all.names().join()).toContain(state);
    return running;
  }
  const failed = (node: string) => ({
    event: 'change-failed',
    reason: expect.stringMatching(/slabring nodes cancel/),
    changed: [],
    untouched: [node],
  });
  test.each([
    [{ action: 'add' }, 'node-3 joining', 'node-3'],
    [{ action: 'remove', node: 'node-2' }, 'node-2 leaving', 'node-2'],
    [{ action: 'replace', node: 'node-1' }, 'node-3 joining', 'node-1'],
    [{ action: 'restart', node: 'node-1' }, 'node-1 leaving', 'node-1'],
  ] as const)('%j leaves the nodes as they were', async (request, state, node) => {
    const all = clusterOf(2);
    const before = all.names();
    const running = slowly(all, request, state);
    await expect.poll(() => all.names().join()).toContain(state);
    expect(await all.changes.cancel(true)).toBe(`${request.action} ${node}`);
    expect(all.names().join()).toContain(state);
    expect(await all.changes.cancel(false)).toBe(`${request.action} ${node}`);
    expect((await running).at(-1)).toEqual(failed(node));
    expect([all.names(), all.nodes.length]).toEqual([before, 2]);
    expect(all.membership.expects(node)).toBe(false);
    // The next change finds the cluster at rest.
    for (const each of all.nodes) {
      each.isSlow = false;
      each.report();
    }
    expect((await run(all, { action: 'remove', node: 'node-1' })).at(-1)?.event).toBe('done');
  });
  test('a node that has given its items away does not stay', async () => {
    const all = clusterOf(2);
    const running = slowly(all, { action: 'remove', node: 'node-2' }, 'node-2 leaving');
    await expect.poll(() => all.names().join()).toContain('node-2 leaving');
    for (const node of all.nodes) node.report();
    await expect(all.changes.cancel(false)).rejects.toThrow(/node-2 has given its items/);
    for (const node of all.nodes) node.report();
    expect((await running).at(-1)?.event).toBe('done');
  });
  test('the nodes of a rolling restart that had no turn stay', async () => {
    const all = clusterOf(3);
    const second = all.nodes[1]!;
    const events: ChangeEvent[] = [];
    const onEvent = (event: ChangeEvent): void => {
      events.push(event);
      // The second node has left, and does not get its items again for now.
      if (event.event === 'step' && event.step === 'starts' && event.node === 'node-2')
        second.isSlow = true;
    };
    const request = { action: 'restart', node: undefined, dryRun: false } as const;
    const { signal } = new AbortController();
    const running = all.changes.run({ ...request, memoryLimitBytes: 1 }, { onEvent, signal });
    await expect.poll(() => all.names().join()).toContain('node-2 joining');
    const given = all.changes.cancel(false);
    second.isSlow = false;
    second.report();
    expect(await given).toBe('restart node-3');
    await running;
    expect(events.at(-1)).toMatchObject({
      event: 'change-failed',
      changed: ['node-1', 'node-2'],
      untouched: ['node-3'],
    });
    expect(all.nodes[2]!.memoryLimits).toEqual([]);
  });
  test('a cluster at rest has nothing to give up', async () => {
    await expect(clusterOf(1).changes.cancel(true)).rejects.toThrow(/No change/);
  });
});
