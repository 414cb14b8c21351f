/** Random calls of ElastiCache's API, each with the answer that the model expects. */
import { OPERATIONS, type OperationName } from '../../src/control/api/operations.ts';
import type { ManagedModel } from './managed-model.ts';
import type { ManagedWorld } from './managed-world.ts';
import type { Random } from './random.ts';

interface Call {
  readonly operation: string;
  readonly members: string;
  /** The code of the error, or `200`; undefined: any that the operation has. */
  readonly code: string | undefined;
}

const IDS = ['a', 'b', 'c', 'd', 'e'];
const GROUPS = ['g', 'h'];
const SNAPSHOTS = ['s', 't', 'u'];
const TYPES = ['slabring.64x1', 'slabring.128x1', 'slabring.64x2', 'cache.t3.micro'];
const HOSTILE = [
  '<x>',
  '&amp;',
  '\u0000',
  '"',
  "'",
  ']]>',
  '%',
  '\ud800',
  '__proto__',
  '../..',
  '',
];

type Maker = (random: Random, model: ManagedModel, world: ManagedWorld) => Call;

const create: Maker = (random, model) => {
  const [id, nodes] = [random.pick(IDS), random.int(1, 4)];
  const group = random.oneIn(2) ? random.pick(GROUPS) : undefined;
  const from = random.oneIn(4) ? random.pick(SNAPSHOTS) : undefined;
  const size = `NumCacheNodes=${nodes}&CacheNodeType=${random.pick(TYPES)}`;
  const more = [
    ...(group === undefined ? [] : [`&CacheParameterGroupName=${group}`]),
    ...(from === undefined ? [] : [`&SnapshotName=${from}`]),
  ];
  const members = `CacheClusterId=${id}&${size}${more.join('')}`;
  return { operation: 'CreateCacheCluster', members, code: model.create(id, nodes, group, from) };
};

const modifyNodes: Maker = (random, model, world) => {
  const [id, wanted] = [random.pick(IDS), random.int(1, 5)];
  const immediately = random.oneIn(2);
  const { nodes: known = [], pending } = world.api.state.get('cluster', id) ?? {};
  const nodes = known.filter(({ status }) => status !== 'deleting');
  const most = Math.max(nodes.length, pending?.numCacheNodes ?? 0);
  const count = random.oneIn(5) ? 0 : Math.max(0, Math.min(most - wanted, nodes.length));
  const named = nodes
    .slice(0, count)
    .map((node, nth) => `&CacheNodeIdsToRemove.CacheNodeId.${nth + 1}=${node.id}`);
  const members = `CacheClusterId=${id}&NumCacheNodes=${wanted}${named.join('')}`;
  const facts = { immediately, isStuck: isStuckChange(id, world) };
  const code = model.modifyNodes(id, wanted, count, facts);
  return { operation: 'ModifyCacheCluster', members: `${members}${now(immediately)}`, code };
};

const now = (immediately: boolean): string => `&ApplyImmediately=${immediately}`;

function isStuckChange(id: string, { api }: ManagedWorld): boolean {
  const { status, failure } = api.state.get('cluster', id) ?? {};
  return status === 'modifying' && failure !== undefined;
}

const modifyType: Maker = (random, model, world) => {
  const [id, immediately] = [random.pick(IDS), random.oneIn(2)];
  const members = `CacheClusterId=${id}&CacheNodeType=${random.pick(TYPES)}${now(immediately)}`;
  const code = model.modifyType(id, { immediately, isStuck: isStuckChange(id, world) });
  return { operation: 'ModifyCacheCluster', members, code };
};

const useGroup: Maker = (random, model) => {
  const [id, group] = [random.pick(IDS), random.pick(GROUPS)];
  const members = `CacheClusterId=${id}&CacheParameterGroupName=${group}`;
  return { operation: 'ModifyCacheCluster', members, code: model.useGroup(id, group) };
};

const reboot: Maker = (random, model, world) => {
  const id = random.pick(IDS);
  const ids = world.api.state.get('cluster', id)?.nodes.map((node) => node.id) ?? [];
  const node = random.oneIn(5) ? '0099' : random.pick(['0001', ...ids]);
  const members = `CacheClusterId=${id}&CacheNodeIdsToReboot.CacheNodeId.1=${node}`;
  const whyNot = model.whyNot(id);
  if (whyNot !== undefined) return { operation: 'RebootCacheCluster', members, code: whyNot };
  const isKnown = ids.includes(node);
  if (isKnown) model.clusters.get(id)!.state = 'busy';
  const code = isKnown ? '200' : 'InvalidParameterValue';
  return { operation: 'RebootCacheCluster', members, code };
};

const remove: Maker = (random, model, { api }) => {
  const id = random.pick(IDS);
  const last = random.oneIn(3) ? random.pick(SNAPSHOTS) : undefined;
  const more = last === undefined ? '' : `&FinalSnapshotIdentifier=${last}`;
  const members = `CacheClusterId=${id}${more}`;
  const { status = '', failure } = api.state.get('cluster', id) ?? {};
  const isChanging = ['creating', 'modifying', 'rebooting cluster nodes'].includes(status);
  const isStuck = isChanging && failure !== undefined;
  return { operation: 'DeleteCacheCluster', members, code: model.delete(id, last, isStuck) };
};

const createGroup: Maker = (random, model) => {
  const name = random.pick(GROUPS);
  const code = model.groups.has(name) ? 'CacheParameterGroupAlreadyExists' : '200';
  if (code === '200') model.groups.set(name, {});
  const family = 'CacheParameterGroupFamily=memcached1.6&Description=x';
  const members = `CacheParameterGroupName=${name}&${family}`;
  return { operation: 'CreateCacheParameterGroup', members, code };
};

const modifyGroup: Maker = (random, model) => {
  const name = random.pick(GROUPS);
  const [parameter, value] = random.pick([
    ['cache_memlimit', '32'],
    ['cache_memlimit', '48'],
    ['watch', '0'],
    ['idle_timeout', '60'],
    ['max_item_size', '2097152'],
  ] as const);
  const member = 'ParameterNameValues.ParameterNameValue.1.';
  const members =
    `CacheParameterGroupName=${name}&${member}ParameterName=${parameter}` +
    `&${member}ParameterValue=${value}`;
  const code = model.setGroup(name, { ...model.groups.get(name), [parameter]: value });
  return { operation: 'ModifyCacheParameterGroup', members, code };
};

const resetGroup: Maker = (random, model) => {
  const name = random.pick(GROUPS);
  const members = `CacheParameterGroupName=${name}&ResetAllParameters=true`;
  return { operation: 'ResetCacheParameterGroup', members, code: model.setGroup(name, {}) };
};

const deleteGroup: Maker = (random, model) => {
  const name = random.pick(GROUPS);
  const members = `CacheParameterGroupName=${name}`;
  return { operation: 'DeleteCacheParameterGroup', members, code: model.deleteGroup(name) };
};

const takeSnapshot: Maker = (random, model) => {
  const [id, name] = [random.pick(IDS), random.pick(SNAPSHOTS)];
  const members = `CacheClusterId=${id}&SnapshotName=${name}`;
  return { operation: 'CreateSnapshot', members, code: model.take(id, name) };
};

const copySnapshot: Maker = (random, model) => {
  const [from, to] = [random.pick(SNAPSHOTS), random.pick(SNAPSHOTS)];
  const members = `SourceSnapshotName=${from}&TargetSnapshotName=${to}`;
  return { operation: 'CopySnapshot', members, code: model.copy(from, to) };
};

const deleteSnapshot: Maker = (random, model, world) => {
  const name = random.pick(SNAPSHOTS);
  const clusters = world.api.state.list('cluster');
  const isRestored = clusters.some(({ restoreFrom }) => restoreFrom === name);
  const code = model.deleteSnapshot(name, isRestored);
  return { operation: 'DeleteSnapshot', members: `SnapshotName=${name}`, code };
};

const show: Maker = (random, model) => {
  const id = random.pick(IDS);
  const code = model.clusters.has(id) ? '200' : 'CacheClusterNotFound';
  return { operation: 'DescribeCacheClusters', members: `CacheClusterId=${id}`, code };
};

/** Any operation with any members; what it names exists nowhere. */
const nonsense: Maker = (random) => {
  const operation = random.pick(Object.keys(OPERATIONS)) as OperationName;
  const { input } = OPERATIONS[operation];
  const value = (): string =>
    random.oneIn(3)
      ? `zz-${random.int(1, 9)}`
      : random.weighted([
          [3, random.pick(HOSTILE)],
          [1, String(random.int(-5, 200))],
          [1, random.bytes(8).toString('latin1')],
          [1, random.pick(['true', 'false', '2026-01-01T00:00:00Z', 'memcached'])],
        ]);
  const members = Object.keys(input).flatMap((name) => {
    if (random.oneIn(3)) return [];
    const path = random.oneIn(3) ? `${name}.member.${random.int(0, 3)}` : name;
    return [`${encodeURIComponent(path)}=${percent(value())}`];
  });
  return { operation, members: members.join('&'), code: undefined };
};

const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [8, create],
  [8, modifyNodes],
  [4, modifyType],
  [3, useGroup],
  [5, reboot],
  [4, remove],
  [3, createGroup],
  [5, modifyGroup],
  [2, resetGroup],
  [1, deleteGroup],
  [4, takeSnapshot],
  [2, copySnapshot],
  [3, deleteSnapshot],
  [8, show],
  [10, (random, { serverless }, { api }) => serverless.randomCall(random, api.state)],
  [12, nonsense],
];

export const randomCall: Maker = (random, model, world) =>
  random.weighted(MAKERS)(random, model, world);
