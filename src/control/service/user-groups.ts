/** Groups of users; a cluster has the users of one group. */
import { ApiError, invalidCombination, invalidValue } from '../api/errors.ts';
import type { OutputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { arnOf } from '../model/arn.ts';
import type { UserGroupRecord } from '../model/records.ts';
import { shownName } from '../model/serverless-names.ts';
import type { Context, Handlers } from './context.ts';
import { pageOf } from './paging.ts';
import { tagsFrom } from './tags.ts';
import { checkEngine, clustersOf, groupChanged, identifier, userOf } from './user-lookups.ts';

const GROUPS_MAX = 100;
/** Their passwords are in one file, which nodes read. */
const USERS_MAX = 100;

type Shown = OutputOf<(typeof OPERATIONS)['CreateUserGroup']>;

export const userGroupHandlers = {
  CreateUserGroup: (input, context) => {
    checkEngine(input.Engine);
    const { state } = context;
    const id = identifier('UserGroupId', input.UserGroupId);
    if (state.get('usergroup', id) !== undefined) {
      throw new ApiError('UserGroupAlreadyExists', `The user group ${id} exists already.`);
    }
    if (state.count('usergroup') >= GROUPS_MAX) {
      const text = `There are ${GROUPS_MAX} user groups already: delete one.`;
      throw new ApiError('UserGroupQuotaExceeded', text);
    }
    const group = { id, userIds: usersIn(input.UserIds ?? [], context) };
    state.put('usergroup', id, group);
    state.setTags('usergroup', id, tagsFrom(input.Tags));
    return groupView(group, context);
  },

  DescribeUserGroups: (input, context) => {
    if (input.UserGroupId !== undefined) {
      return { UserGroups: [groupView(userGroupOf(input.UserGroupId, context), context)] };
    }
    const { records, ...rest } = pageOf(
      input,
      ({ id }: UserGroupRecord) => id,
      (after, limit) => context.state.list('usergroup', after, limit),
    );
    return { ...rest, UserGroups: records.map((group) => groupView(group, context)) };
  },

  ModifyUserGroup: (input, context) => {
    checkEngine(input.Engine);
    const group = userGroupOf(input.UserGroupId, context);
    const { UserIdsToAdd: added = [], UserIdsToRemove: removed = [] } = input;
    if (added.length + removed.length === 0) {
      throw invalidCombination('Give UserIdsToAdd, UserIdsToRemove, or both.');
    }
    const gone = new Set(removed.map((id) => id.toLowerCase()));
    const unknown = [...gone].find((id) => !group.userIds.includes(id));
    if (unknown !== undefined) {
      throw new ApiError('UserNotFound', `The user ${unknown} is not in the group ${group.id}.`);
    }
    const left = group.userIds.filter((id) => !gone.has(id));
    const changed = { ...group, userIds: usersIn([...left, ...added], context) };
    context.state.put('usergroup', group.id, changed);
    groupChanged(changed, context);
    return groupView(changed, context);
  },

  DeleteUserGroup: (input, context) => {
    const group = userGroupOf(input.UserGroupId, context);
    const [cluster] = clustersOf(group, context);
    if (cluster !== undefined) {
      const user = shownName(cluster.id) ?? cluster.id;
      const text = `The cluster ${user} uses the user group ${group.id}.`;
      throw new ApiError('InvalidUserGroupState', text);
    }
    const shown = { ...groupView(group, context), Status: 'deleting' };
    context.state.remove('usergroup', group.id);
    return shown;
  },
} satisfies Handlers;

/** @throws {ApiError} `UserGroupNotFound` */
export function userGroupOf(id: string, { state }: Context): UserGroupRecord {
  const group = state.get('usergroup', id.toLowerCase());
  if (group !== undefined) return group;
  throw new ApiError('UserGroupNotFound', `There is no user group ${id}.`);
}

/**
 * The ids of users that exist, each once.
 * @throws {ApiError} `UserNotFound`, `DuplicateUserName` or `InvalidParameterValue`
 */
function usersIn(ids: readonly string[], context: Context): readonly string[] {
  const users = [...new Set(ids.map((id) => id.toLowerCase()))].map((id) => userOf(id, context));
  if (users.length > USERS_MAX) throw invalidValue(`A group has at most ${USERS_MAX} users.`);
  const names = users.map(({ name }) => name);
  const twice = names.find((name, nth) => names.indexOf(name) < nth);
  if (twice === undefined) return users.map(({ id }) => id).sort();
  throw new ApiError('DuplicateUserName', `Two users of the group have the name ${twice}.`);
}

function groupView(group: UserGroupRecord, context: Context): Shown {
  const { id, userIds } = group;
  return {
    UserGroupId: id,
    Status: 'active',
    Engine: 'memcached',
    UserIds: userIds,
    MinimumEngineVersion: '1.6',
    ReplicationGroups: [],
    ServerlessCaches: clustersOf(group, context).flatMap((cluster) => shownName(cluster.id) ?? []),
    ARN: arnOf(context.region, { kind: 'usergroup', id }),
  };
}
