/** CreateServerlessCache and the other operations of serverless caches. */
import { ApiError, invalidCombination } from '../api/errors.ts';
import type { InputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import type { ClusterRecord } from '../model/records.ts';
import { hiddenName } from '../model/serverless-names.ts';
import type { ServerlessRecord } from '../model/serverless-records.ts';
import { dailyTime, retentionDays, usageLimits } from '../model/serverless-rules.ts';
import type { Context, Handlers } from './context.ts';
import { newCache, newNodes } from './create-serverless.ts';
import { tokenPageOf } from './paging.ts';
import {
  availableCache,
  cacheOf,
  checkServerlessEngine,
  nodesOf,
  saveNodes,
  stateFault,
} from './serverless-lookups.ts';
import { giveUpCacheSnapshot, newCacheSnapshot } from './serverless-snapshots.ts';
import { cacheView } from './serverless-view.ts';
import { tagsFrom } from './tags.ts';
import { userGroupOf } from './user-groups.ts';

const CACHES_MAX = 40;

type Modify = InputOf<(typeof OPERATIONS)['ModifyServerlessCache']>;

export const serverlessHandlers = {
  CreateServerlessCache: (input, context) => {
    const { state } = context;
    const cache = newCache(input, context);
    if (state.get('serverlesscache', cache.name) !== undefined) {
      const text = `The serverless cache ${cache.name} exists already.`;
      throw new ApiError('ServerlessCacheAlreadyExistsFault', text);
    }
    if (state.count('serverlesscache') >= CACHES_MAX) {
      const text = `There are ${CACHES_MAX} serverless caches already: delete one.`;
      throw new ApiError('ServerlessCacheQuotaForCustomerExceededFault', text);
    }
    const nodes = newNodes(cache, input, context);
    state.put('serverlesscache', cache.name, cache);
    state.setTags('serverlesscache', cache.name, tagsFrom(input.Tags));
    saveNodes(nodes, context);
    return { ServerlessCache: cacheView(cache, context) };
  },

  DescribeServerlessCaches: (input, context) => {
    if (input.ServerlessCacheName !== undefined) {
      const cache = cacheOf(input.ServerlessCacheName, context);
      return { ServerlessCaches: [cacheView(cache, context)] };
    }
    const { records, ...rest } = tokenPageOf(
      input,
      ({ name }: ServerlessRecord) => name,
      (after, limit) => context.state.list('serverlesscache', after, limit),
    );
    return { ...rest, ServerlessCaches: records.map((cache) => cacheView(cache, context)) };
  },

  ModifyServerlessCache: (input, context) => {
    checkServerlessEngine(input);
    const cache = availableCache(input.ServerlessCacheName, context);
    const { Description: description = cache.description } = input;
    const limits = usageLimits(input.CacheUsageLimits, cache.limits);
    const changed: ServerlessRecord = {
      ...cache,
      description,
      status: 'modifying',
      limits,
      securityGroupIds: input.SecurityGroupIds ?? cache.securityGroupIds,
      snapshotRetentionDays: retentionDays(
        input.SnapshotRetentionLimit ?? cache.snapshotRetentionDays,
      ),
      dailySnapshotTime: dailyTime(input.DailySnapshotTime ?? cache.dailySnapshotTime),
    };
    const nodes = nodesOf(cache, context);
    const proxy = {
      ...nodes.proxy!,
      ecpuPerSecondMax: limits.ecpuPerSecondMax,
      userGroup: groupAfter(input, nodes, context),
    };
    context.state.put('serverlesscache', cache.name, changed);
    const status = nodes.status === 'available' ? 'modifying' : nodes.status;
    saveNodes({ ...nodes, status, proxy }, context);
    return { ServerlessCache: cacheView(changed, context) };
  },

  DeleteServerlessCache: (input, context) => {
    const { FinalSnapshotName: last } = input;
    const found = cacheOf(input.ServerlessCacheName, context);
    const nodes = nodesOf(found, context);
    const isStuck = nodes.failure !== undefined && found.status !== 'deleting' && !last;
    const mayGo = found.status === 'create-failed' || isStuck;
    const cache = mayGo ? found : availableCache(found.name, context);
    if (nodes.snapshot !== undefined) {
      if (!isStuck) {
        throw stateFault(`A snapshot of the serverless cache ${cache.name} is being written.`);
      }
      // It waits for a step that fails.
      giveUpCacheSnapshot(nodes.snapshot, context);
    }
    const file = last && hiddenName(newCacheSnapshot(last, 'manual', cache, context).name);
    const deleting = { ...cache, status: 'deleting' } as const;
    context.state.put('serverlesscache', cache.name, deleting);
    saveNodes({ ...nodes, status: 'deleting', snapshot: file }, context);
    return { ServerlessCache: cacheView(deleting, context) };
  },
} satisfies Handlers;

function groupAfter(
  { UserGroupId, RemoveUserGroup }: Modify,
  { proxy }: ClusterRecord,
  context: Context,
): string | undefined {
  if (RemoveUserGroup !== true) {
    return UserGroupId === undefined ? proxy?.userGroup : userGroupOf(UserGroupId, context).id;
  }
  if (UserGroupId === undefined) return undefined;
  throw invalidCombination('Give UserGroupId or RemoveUserGroup, not both.');
}
