/** CreateCacheCluster and the other operations of clusters. */
import { ApiError, invalidCombination, invalidValue } from '../api/errors.ts';
import { otherTypes } from '../model/node-types.ts';
import { type ClusterRecord, mayBeDeleted } from '../model/records.ts';
import { availableCluster, changeableCluster, clusterOf, save, typeOf } from './cluster-lookups.ts';
import { clusterView } from './cluster-view.ts';
import type { Handlers } from './context.ts';
import { newCluster } from './create-cluster.ts';
import { modified, withPendingApplied } from './modify-cluster.ts';
import { pageOf } from './paging.ts';
import { groupValues } from './parameter-groups.ts';
import { newSnapshot } from './snapshots.ts';
import { tagsFrom } from './tags.ts';

export const clusterHandlers = {
  CreateCacheCluster: (input, context) => {
    const { state, changed } = context;
    const cluster = newCluster(input, context);
    if (state.get('cluster', cluster.id) !== undefined) {
      throw new ApiError('CacheClusterAlreadyExists', `The cluster ${cluster.id} exists already.`);
    }
    state.put('cluster', cluster.id, cluster);
    state.setTags('cluster', cluster.id, tagsFrom(input.Tags));
    changed(cluster.id);
    return { CacheCluster: clusterView(cluster, context) };
  },

  DescribeCacheClusters: (input, context) => {
    const { state } = context;
    const show = (cluster: ClusterRecord) =>
      clusterView(cluster, context, input.ShowCacheNodeInfo === true);
    if (input.CacheClusterId !== undefined) {
      return { CacheClusters: [show(clusterOf(input.CacheClusterId, context))] };
    }
    const { records, ...rest } = pageOf(
      input,
      ({ id }: ClusterRecord) => id,
      (after, limit) => state.list('cluster', after, limit),
    );
    return { ...rest, CacheClusters: records.map(show) };
  },

  ModifyCacheCluster: (input, context) => {
    const { CacheClusterId: id, ApplyImmediately: isNow = false } = input;
    const cluster = changeableCluster(id, isNow, context);
    const changed = modified(cluster, input, context);
    const applied = isNow ? withPendingApplied(changed, context) : changed;
    save(applied, context);
    return { CacheCluster: clusterView(applied, context) };
  },

  RebootCacheCluster: (input, context) => {
    const cluster = availableCluster(input.CacheClusterId, context);
    const ids = new Set(input.CacheNodeIdsToReboot);
    const unknown = [...ids].find((id) => !cluster.nodes.some((node) => node.id === id));
    if (unknown !== undefined)
      throw invalidValue(`The cluster ${cluster.id} has no node ${unknown}.`);
    const parameters = groupValues(cluster.parameterGroup, context);
    const nodes = cluster.nodes.map((node) =>
      ids.has(node.id) ? ({ ...node, parameters, status: 'rebooting' } as const) : node,
    );
    const rebooting = { ...cluster, status: 'rebooting cluster nodes', nodes } as const;
    save(rebooting, context);
    return { CacheCluster: clusterView(rebooting, context) };
  },

  DeleteCacheCluster: (input, context) => {
    const found = clusterOf(input.CacheClusterId, context);
    const { FinalSnapshotIdentifier: final } = input;
    // A last snapshot needs nodes that serve, as they do after a restore that has failed.
    const mayHaveLast = found.status === 'restore-failed' || final === undefined;
    const mayGo = mayBeDeleted(found) && mayHaveLast;
    const cluster = mayGo ? found : availableCluster(input.CacheClusterId, context);
    const snapshot = final && newSnapshot(final, cluster, context).name;
    const deleting = { ...cluster, status: 'deleting', snapshot } as const;
    save(deleting, context);
    return { CacheCluster: clusterView(deleting, context) };
  },

  ListAllowedNodeTypeModifications: (input, context) => {
    if (input.CacheClusterId === undefined) {
      throw invalidCombination('CacheClusterId must be given: there are no replication groups.');
    }
    const type = typeOf(clusterOf(input.CacheClusterId, context).nodeType);
    const { larger, smaller } = otherTypes(type);
    return { ScaleUpModifications: larger, ScaleDownModifications: smaller };
  },
} satisfies Handlers;
