import type { ControlReply, ControlRequest } from '../../control/messages.ts';
import {
  type ClusterKeys,
  type ClusterState,
  clusterKeys,
  clusterNameIn,
  FOLDER,
  readClusterState,
} from './cluster-keys.ts';
import { EtcdClient, type EtcdOptions } from './etcd-client.ts';
import { membersOf } from './etcd-members.ts';
import { giveUp } from './give-up.ts';
import { runChange } from './run-change.ts';

const KEYS_MAX = 2000;

/**
 * Answers a request of `slabring nodes` as a supervisor does, for a cluster that etcd keeps.
 * @param name of the cluster; empty: the only one
 * @param by who asks, for others that want a change at the same time
 * @throws {EtcdError} if etcd refuses or cannot be reached.
 */
export async function* orderInEtcd(
  options: EtcdOptions,
  name: string,
  request: ControlRequest,
  by: string,
): AsyncGenerator<ControlReply> {
  const client = new EtcdClient(options);
  try {
    const found = name === '' ? await onlyCluster(client) : { name };
    if ('reason' in found) yield { event: 'refused', ...found };
    else yield* answer(client, clusterKeys(found.name), request, by);
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
  by: string,
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
    yield await giveUp({ client, keys, read, by }, { ...state, newest }, request.dryRun);
  } else if (request.verb === 'change') {
    yield* runChange({ client, keys, read, by }, { ...state, newest }, request);
  } else {
    const reason = 'Restart the nodes of a cluster in etcd by `slabring nodes restart`.';
    yield { event: 'refused', reason };
  }
}
