import { arnOf, parseArn } from '../model/arn.ts';
import type { Context } from './context.ts';

/** The members of requests that name a resource, with its kind. */
const NAMING: Readonly<Record<string, string>> = {
  CacheClusterId: 'cluster',
  CacheParameterGroupName: 'parametergroup',
  CacheSubnetGroupName: 'subnetgroup',
  CacheSecurityGroupName: 'securitygroup',
  UserId: 'user',
  UserGroupId: 'usergroup',
  SnapshotName: 'snapshot',
  SourceSnapshotName: 'snapshot',
  TargetSnapshotName: 'snapshot',
  FinalSnapshotIdentifier: 'snapshot',
};

/** The resources that a request names, for the policy of its access key. */
export function resourcesOf(input: object, { state, region }: Context) {
  return Object.entries(input).flatMap(([member, value]) => {
    const kind = NAMING[member];
    const named =
      kind === undefined ? arnIn(member, value) : { kind, id: String(value).toLowerCase() };
    if (named === undefined) return [];
    return [{ arn: arnOf(region, named), tags: state.tagsOf(named.kind, named.id) }];
  });
}

const arnIn = (member: string, value: unknown) =>
  member === 'ResourceName' ? parseArn(String(value)) : undefined;
