import { setTimeout as pause } from 'node:timers/promises';
import {
  type ClusterTopology,
  isAtRest,
  memberOf,
  TopologyError,
  unfinished,
} from '../../../topology/index.ts';
import { ChangeAccount } from '../../changes/change-account.ts';
import {
  type ChangeEvent,
  type ChangeRequest,
  type MemberStatus,
  type MembersReply,
  type Moved,
  progressOf,
} from '../../changes/change-events.ts';
import { planChanges } from '../../changes/change-plan.ts';
import type { ControlReply, ControlRequest } from '../../control/messages.ts';
import {
  type ClusterKeys,
  type ClusterState,
  clusterKeys,
  clusterNameIn,
  encodeRemoval,
  FOLDER,
  readClusterState,
} from './cluster-keys.ts';
import { EtcdClient, type EtcdOptions } from './etcd-client.ts';

const KEYS_MAX = 2000;
/** How often the state in etcd is read while a change is under way. */
const POLL_MS = 200;
/** A change that does not advance for this time has failed. */
const STALL_MS_MAX = 60_000;

/** Why nodes of other machines are not changed from here. */
const REFUSALS: Readonly<Record<Exclude<ChangeRequest['action'], 'remove'>, string>> = {
  add: 'A node joins by itself: on its machine, run slabring serve with --join and --cluster.',
  replace:
    'Start the new node on its machine, and remove the old one when the new one serves: each of ' +
    'the two is a change without a miss.',
  restart:
    'The service of each machine restarts its node. With --replicas 2 or more, restart one after ' +
    'the other, each when `slabring nodes list` shows that all serve.',
};

/**
 * Answers a request of `slabring nodes` as a supervisor does, for a cluster that etcd keeps.
 * @param name of the cluster; empty: the only one
 * @throws {EtcdError} if etcd refuses or cannot be reached.
 */
export async function* orderInEtcd(
  options: EtcdOptions,
  name: string,
  request: ControlRequest,
): AsyncGenerator<ControlReply> {
  const client = new EtcdClient(options);
  try {
    const found = name === '' ? await onlyCluster(client) : { name };
    if ('reason' in found) yield { event: 'refused', ...found };
    else yield* answer(client, clusterKeys(found.name), request);
  } finally {
    client.close();
  }
}

type OnlyCluster = { readonly name: string } | { readonly reason: string };

async function onlyCluster(client: EtcdClient): Promise<OnlyCluster> {
  const { keys } = await client.range(FOLDER, KEYS_MAX);
  const names = [...new Set(keys.map(({ key }) => clusterNameIn(key)))];
  if (names.length === 1) return { name: names[0]! };
  if (names.length === 0) return { reason: 'etcd has no cluster of slabring.' };
  const list = names.join(', ');
  return {
    reason: `etcd has several clusters: ${list}. Add the name: etcd://host:2379/${names[0]}`,
  };
}

async function* answer(
  client: EtcdClient,
  keys: ClusterKeys,
  request: ControlRequest,
): AsyncGenerator<ControlReply> {
  const read = async (): Promise<ClusterState> => {
    const range = await client.range(keys.prefix, KEYS_MAX);
    return readClusterState(keys, new Map(range.keys.map((key) => [key.key, key])));
  };
  const state = await read();
  const { newest } = state;
  if (newest === undefined) {
    yield { event: 'refused', reason: `etcd has no topology below ${keys.prefix}.` };
  } else if (request.verb === 'members') {
    yield membersOf(newest, state);
  } else if (request.verb === 'cancel') {
    yield { event: 'refused', reason: 'In etcd a change goes on to its end: wait for it.' };
  } else if (request.verb !== 'change' || request.action !== 'remove') {
    const action = request.verb === 'change' ? request.action : 'restart';
    yield { event: 'refused', reason: REFUSALS[action === 'remove' ? 'restart' : action] };
  } else {
    yield* remove(client, keys, { newest, state, read }, request);
  }
}

interface Reading {
  readonly newest: ClusterTopology;
  readonly state: ClusterState;
  readonly read: () => Promise<ClusterState>;
}

/** The driver of the cluster obeys the key; it goes on when this command ends. */
async function* remove(
  client: EtcdClient,
  keys: ClusterKeys,
  { newest, state, read }: Reading,
  { node = '', dryRun }: ChangeRequest,
): AsyncGenerator<ControlReply> {
  const plan = planned(newest, state, node);
  yield plan;
  if (dryRun || plan.event === 'refused') return;
  const member = memberOf(newest, node)!;
  const { name, incarnation } = member;
  await client.put(keys.removal(name), encodeRemoval({ name, incarnation }));
  const events: ChangeEvent[] = [];
  const account = new ChangeAccount('remove', (event) => events.push(event));
  let last = '';
  let lastMs = performance.now();
  for (let now = state; ; now = await read()) {
    const topology = now.newest ?? newest;
    const moved = movedOf(now);
    const text = JSON.stringify([moved, topology.version]);
    if (text !== last) {
      account.moved(name, 'gives its items away', moved);
      [last, lastMs] = [text, performance.now()];
    }
    if (memberOf(topology, name)?.incarnation !== incarnation) break;
    yield* events.splice(0);
    if (performance.now() - lastMs > STALL_MS_MAX) return yield stalled(name, topology, now);
    await pause(POLL_MS);
  }
  account.end(member);
  yield* events;
  yield { event: 'done' };
}

function planned(topology: ClusterTopology, { nodes }: ClusterState, node: string) {
  const facts = new Map(
    nodes.flatMap(({ member, facts }) => (facts === undefined ? [] : [[member.name, facts]])),
  );
  try {
    const nobody = { name: node, address: 'localhost:1' };
    const changes = planChanges(topology, facts, { action: 'remove', node }, nobody);
    return { event: 'change-plan', changes } as const;
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    return { event: 'refused', reason: error.message } as const;
  }
}

function movedOf({ nodes }: ClusterState): Moved {
  const sum = { keysMoved: 0, bytesMoved: 0, keysLeft: 0 };
  for (const { report } of nodes) {
    sum.keysMoved += report.keysMoved;
    sum.bytesMoved += report.bytesMoved;
    sum.keysLeft += report.keysLeft;
  }
  return sum;
}

function stalled(node: string, topology: ClusterTopology, state: ClusterState): ControlReply {
  const reasons = waitsFor(topology, state).join('; ') || 'no node drives the cluster';
  const reason = `Nothing has moved for ${STALL_MS_MAX / 1000} s: ${reasons}. The change stays`;
  return {
    event: 'change-failed',
    reason: `${reason} wanted, and goes on when that is over.`,
    changed: [],
    untouched: [node],
  };
}

const waitsFor = (topology: ClusterTopology, { nodes }: ClusterState): readonly string[] =>
  isAtRest(topology)
    ? []
    : unfinished(
        topology,
        nodes.map(({ report }) => report),
      );

function membersOf(topology: ClusterTopology, state: ClusterState): MembersReply {
  const { members, ...rest } = topology;
  const status = members.map((member): MemberStatus => {
    const node = state.nodes.find(
      ({ member: { name, incarnation } }) =>
        name === member.name && incarnation === member.incarnation,
    );
    const { items, bytes, memoryLimitBytes } = node?.facts ?? {};
    return {
      ...member,
      pid: undefined,
      items,
      bytes,
      memoryLimitBytes,
      ...progressOf(node?.report, topology.version),
    };
  });
  return {
    event: 'members',
    ...rest,
    members: status,
    waitsFor: waitsFor(topology, state),
    changes: state.changes,
  };
}
