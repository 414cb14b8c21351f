/** Updates of slabring itself: nodes that run an older one restart with the installed one. */
import { ApiError, invalidCombination } from '../api/errors.ts';
import type { InputOf, OutputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { staying } from '../model/node-count.ts';
import type { ClusterRecord, NodeRecord } from '../model/records.ts';
import { clusterOf, save } from './cluster-lookups.ts';
import type { Context, Handlers } from './context.ts';
import { pageIn } from './paging.ts';

type Actions = NonNullable<OutputOf<(typeof OPERATIONS)['DescribeUpdateActions']>['UpdateActions']>;
type Action = Actions[number];
type Status = NonNullable<Action['UpdateActionStatus']>;
type Batch = InputOf<(typeof OPERATIONS)['BatchApplyUpdateAction']>;

export const serviceUpdateHandlers = {
  DescribeServiceUpdates: (input, context) => {
    const update = updateOf(context);
    const { ServiceUpdateName: name, ServiceUpdateStatus: statuses } = input;
    if (name !== undefined) checkName(name, context);
    const isWanted = statuses === undefined || statuses.includes('available');
    const { records, ...rest } = pageIn(
      input,
      (each) => each.ServiceUpdateName,
      isWanted ? [update] : [],
    );
    return { ...rest, ServiceUpdates: records };
  },

  DescribeUpdateActions: (input, context) => {
    const { ServiceUpdateName: name, CacheClusterIds, UpdateActionStatus: statuses } = input;
    if (input.ReplicationGroupIds !== undefined) {
      throw invalidCombination('There are no replication groups: give CacheClusterIds.');
    }
    const ids = CacheClusterIds && new Set(CacheClusterIds.map((id) => id.toLowerCase()));
    const isOther =
      (name !== undefined && name !== nameOf(context)) ||
      (input.Engine !== undefined && input.Engine.toLowerCase() !== 'memcached') ||
      input.ServiceUpdateStatus?.includes('available') === false;
    const clusters = isOther ? [] : context.state.list('cluster');
    const actions = clusters
      .filter(({ id }) => ids === undefined || ids.has(id))
      .map((cluster) => actionView(cluster, context, input.ShowNodeLevelUpdateStatus === true))
      .filter(({ UpdateActionStatus: is }) => statuses === undefined || statuses.includes(is!));
    const { records, ...rest } = pageIn(input, (action) => action.CacheClusterId!, actions);
    return { ...rest, UpdateActions: records };
  },

  BatchApplyUpdateAction: (input, context) =>
    forEach(input, context, (cluster) => {
      if (cluster.status !== 'available') return `The cluster is ${cluster.status}.`;
      const nodes = cluster.nodes.map(
        (node): NodeRecord => (isUpdated(node, context) ? node : { ...node, status: 'rebooting' }),
      );
      if (nodes.every(({ status }) => status !== 'rebooting')) return 'It has the update already.';
      return { ...cluster, status: 'modifying', nodes };
    }),

  BatchStopUpdateAction: (input, context) =>
    forEach(input, context, (cluster) => {
      if (statusOf(cluster, context) !== 'in-progress') return 'It gets no update now.';
      const nodes = cluster.nodes.map(
        (node): NodeRecord =>
          node.status === 'rebooting' ? { ...node, status: 'available' } : node,
      );
      return { ...cluster, nodes };
    }),
} satisfies Handlers;

const nameOf = ({ version }: Context): string => `slabring-${version.replaceAll('.', '-')}`;

function updateOf(context: Context) {
  return {
    ServiceUpdateName: nameOf(context),
    ServiceUpdateSeverity: 'medium',
    ServiceUpdateStatus: 'available',
    ServiceUpdateDescription: `slabring ${context.version}, as it is installed here`,
    Engine: 'memcached',
    AutoUpdateAfterRecommendedApplyByDate: false,
  } as const;
}

/** @throws {ApiError} `ServiceUpdateNotFoundFault` */
function checkName(name: string, context: Context): void {
  if (name.toLowerCase() === nameOf(context)) return;
  throw new ApiError('ServiceUpdateNotFoundFault', `There is no service update ${name}.`);
}

const isUpdated = ({ version }: NodeRecord, context: Context): boolean =>
  version === context.version;

function statusOf(cluster: ClusterRecord, context: Context): Status {
  if (staying(cluster).every((node) => isUpdated(node, context))) return 'complete';
  const isBusy = cluster.status === 'modifying';
  const restarts = cluster.nodes.some(({ status }) => status === 'rebooting');
  return isBusy && restarts ? 'in-progress' : 'not-applied';
}

function actionView(cluster: ClusterRecord, context: Context, withNodes: boolean): Action {
  const nodes = staying(cluster);
  const updated = nodes.filter((node) => isUpdated(node, context));
  return {
    CacheClusterId: cluster.id,
    ServiceUpdateName: nameOf(context),
    ServiceUpdateSeverity: 'medium',
    ServiceUpdateStatus: 'available',
    UpdateActionStatus: statusOf(cluster, context),
    NodesUpdated: `${updated.length}/${nodes.length}`,
    SlaMet: 'n/a',
    Engine: 'memcached',
    ...(withNodes && {
      CacheNodeUpdateStatus: nodes.map((node) => ({
        CacheNodeId: node.id,
        NodeUpdateStatus: isUpdated(node, context)
          ? ('complete' as const)
          : ('not-applied' as const),
      })),
    }),
  };
}

interface Processed {
  readonly CacheClusterId: string;
  readonly ServiceUpdateName: string;
  readonly UpdateActionStatus: Status;
}

interface Unprocessed extends Omit<Processed, 'UpdateActionStatus'> {
  readonly ErrorType: string;
  readonly ErrorMessage: string;
}

/** Changes each cluster, or says why it does not. */
function forEach(
  input: Batch,
  context: Context,
  change: (cluster: ClusterRecord) => ClusterRecord | string,
) {
  checkName(input.ServiceUpdateName, context);
  const ServiceUpdateName = nameOf(context);
  const results = [...new Set(input.CacheClusterIds ?? [])].map((id): Processed | Unprocessed => {
    const named = { CacheClusterId: id.toLowerCase(), ServiceUpdateName };
    try {
      const changed = change(clusterOf(id, context));
      if (typeof changed === 'string') {
        return { ...named, ErrorType: 'InvalidCacheClusterState', ErrorMessage: changed };
      }
      save(changed, context);
      return { ...named, UpdateActionStatus: statusOf(changed, context) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { ...named, ErrorType: error.code, ErrorMessage: error.message };
    }
  });
  return {
    ProcessedUpdateActions: results.flatMap((each) => ('ErrorType' in each ? [] : [each])),
    UnprocessedUpdateActions: results.flatMap((each) => ('ErrorType' in each ? [each] : [])),
  };
}
