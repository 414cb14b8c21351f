import { arnOf, parseArn } from '../model/arn.ts';
import type { Context } from './context.ts';

/** The members of requests that name a resource, with its kind. */
const NAMING: Readonly<Record<string, string>> = {
  CacheClusterId: 'cluster',
  CacheClusterIds: 'cluster',
  CacheParameterGroupName: 'parametergroup',
  CacheSubnetGroupName: 'subnetgroup',
  CacheSecurityGroupName: 'securitygroup',
  UserId: 'user',
  UserIds: 'user',
  UserIdsToAdd: 'user',
  UserIdsToRemove: 'user',
  UserGroupId: 'usergroup',
  SnapshotName: 'snapshot',
  SourceSnapshotName: 'snapshot',
  TargetSnapshotName: 'snapshot',
  FinalSnapshotIdentifier: 'snapshot',
  ServerlessCacheName: 'serverlesscache',
  ServerlessCacheSnapshotName: 'serverlesscachesnapshot',
  SourceServerlessCacheSnapshotName: 'serverlesscachesnapshot',
  TargetServerlessCacheSnapshotName: 'serverlesscachesnapshot',
  FinalSnapshotName: 'serverlesscachesnapshot',
};

/** The resources that a request names, for the policy of its access key. */
export function resourcesOf(input: object, { state, region }: Context) {
  const named = Object.entries(input).flatMap(([member, value]) =>
    value === undefined ? [] : [value].flat().map((each: unknown) => [member, each] as const),
  );
  return named.flatMap(([member, value]) => {
    const kind = NAMING[member];
    const resource =
      kind === undefined ? arnIn(member, value) : { kind, id: String(value).toLowerCase() };
    if (resource === undefined) return [];
    return [{ arn: arnOf(region, resource), tags: state.tagsOf(resource.kind, resource.id) }];
  });
}

const arnIn = (member: string, value: unknown) =>
  member === 'ResourceName' || member === 'SnapshotArnsToRestore'
    ? parseArn(String(value))
    : undefined;
