/** Subnet groups and cache security groups: kept, so that tools which need them work. */
import { ApiError, invalidValue } from '../api/errors.ts';
import { ACCOUNT, arnOf } from '../model/arn.ts';
import { firstZone, groupName } from '../model/cluster-rules.ts';
import type { SecurityGroupRecord, SubnetGroupRecord } from '../model/records.ts';
import type { Context, Handlers } from './context.ts';
import { pageOf } from './paging.ts';
import { tagsFrom } from './tags.ts';

const SUBNET_GROUPS_MAX = 300;
const SUBNETS_MAX = 20;
const SECURITY_GROUPS_MAX = 50;
const SOURCES_MAX = 100;
const VPC = 'vpc-local';

export const networkHandlers = {
  CreateCacheSubnetGroup: (input, context) => {
    const { state } = context;
    const name = groupName('CacheSubnetGroupName', input.CacheSubnetGroupName);
    if (state.get('subnetgroup', name) !== undefined) {
      throw new ApiError('CacheSubnetGroupAlreadyExists', `The group ${name} exists already.`);
    }
    if (state.count('subnetgroup') >= SUBNET_GROUPS_MAX) {
      const text = `There are ${SUBNET_GROUPS_MAX} subnet groups already: delete one.`;
      throw new ApiError('CacheSubnetGroupQuotaExceeded', text);
    }
    const description = input.CacheSubnetGroupDescription;
    const group = { name, description, subnets: subnetsOf(input.SubnetIds) };
    state.put('subnetgroup', name, group);
    state.setTags('subnetgroup', name, tagsFrom(input.Tags));
    return { CacheSubnetGroup: subnetGroupView(group, context) };
  },

  DescribeCacheSubnetGroups: (input, context) => {
    if (input.CacheSubnetGroupName !== undefined) {
      const group = subnetGroupOf(input.CacheSubnetGroupName, context);
      return { CacheSubnetGroups: [subnetGroupView(group, context)] };
    }
    const { records, ...rest } = pageOf(
      input,
      ({ name }: SubnetGroupRecord) => name,
      (after, limit) => context.state.list('subnetgroup', after, limit),
    );
    return { ...rest, CacheSubnetGroups: records.map((group) => subnetGroupView(group, context)) };
  },

  ModifyCacheSubnetGroup: (input, context) => {
    const group = subnetGroupOf(input.CacheSubnetGroupName, context);
    const { CacheSubnetGroupDescription: description = group.description, SubnetIds } = input;
    const subnets = SubnetIds === undefined ? group.subnets : subnetsOf(SubnetIds);
    const changed = { ...group, description, subnets };
    context.state.put('subnetgroup', group.name, changed);
    return { CacheSubnetGroup: subnetGroupView(changed, context) };
  },

  DeleteCacheSubnetGroup: (input, context) => {
    const { name } = subnetGroupOf(input.CacheSubnetGroupName, context);
    const user = context.state.list('cluster').find(({ subnetGroup }) => subnetGroup === name);
    if (user !== undefined) {
      throw new ApiError('CacheSubnetGroupInUse', `The cluster ${user.id} uses the group ${name}.`);
    }
    context.state.remove('subnetgroup', name);
    return undefined;
  },

  CreateCacheSecurityGroup: (input, context) => {
    const { state } = context;
    const name = groupName('CacheSecurityGroupName', input.CacheSecurityGroupName);
    if (state.get('securitygroup', name) !== undefined || name === 'default') {
      throw new ApiError('CacheSecurityGroupAlreadyExists', `The group ${name} exists already.`);
    }
    if (state.count('securitygroup') >= SECURITY_GROUPS_MAX) {
      const text = `There are ${SECURITY_GROUPS_MAX} cache security groups already: delete one.`;
      throw new ApiError('QuotaExceeded.CacheSecurityGroup', text);
    }
    const group = { name, description: input.Description, sources: [] };
    state.put('securitygroup', name, group);
    state.setTags('securitygroup', name, tagsFrom(input.Tags));
    return { CacheSecurityGroup: securityGroupView(group, context) };
  },

  DescribeCacheSecurityGroups: (input, context) => {
    if (input.CacheSecurityGroupName !== undefined) {
      const group = securityGroupOf(input.CacheSecurityGroupName, context);
      return { CacheSecurityGroups: [securityGroupView(group, context)] };
    }
    const { records, ...rest } = pageOf(
      input,
      ({ name }: SecurityGroupRecord) => name,
      (after, limit) => context.state.list('securitygroup', after, limit),
    );
    const shown = records.map((group) => securityGroupView(group, context));
    return { ...rest, CacheSecurityGroups: shown };
  },

  AuthorizeCacheSecurityGroupIngress: (input, context) => {
    const group = securityGroupOf(input.CacheSecurityGroupName, context);
    const source = sourceOf(input);
    if (group.sources.includes(source)) {
      throw new ApiError('AuthorizationAlreadyExists', `The group ${source} may connect already.`);
    }
    if (group.sources.length >= SOURCES_MAX) {
      throw invalidValue(`A cache security group has at most ${SOURCES_MAX} sources.`);
    }
    const changed = { ...group, sources: [...group.sources, source] };
    context.state.put('securitygroup', group.name, changed);
    return { CacheSecurityGroup: securityGroupView(changed, context) };
  },

  RevokeCacheSecurityGroupIngress: (input, context) => {
    const group = securityGroupOf(input.CacheSecurityGroupName, context);
    const source = sourceOf(input);
    if (!group.sources.includes(source)) {
      throw new ApiError('AuthorizationNotFound', `The group ${source} may not connect now.`);
    }
    const changed = { ...group, sources: group.sources.filter((each) => each !== source) };
    context.state.put('securitygroup', group.name, changed);
    return { CacheSecurityGroup: securityGroupView(changed, context) };
  },

  DeleteCacheSecurityGroup: (input, context) => {
    const { name } = securityGroupOf(input.CacheSecurityGroupName, context);
    const clusters = context.state.list('cluster');
    const user = clusters.find(({ cacheSecurityGroups }) => cacheSecurityGroups.includes(name));
    if (user !== undefined) {
      const text = `The cluster ${user.id} uses the group ${name}.`;
      throw new ApiError('InvalidCacheSecurityGroupState', text);
    }
    context.state.remove('securitygroup', name);
    return undefined;
  },
} satisfies Handlers;

function subnetGroupOf(name: string, { state }: Context): SubnetGroupRecord {
  const group = state.get('subnetgroup', name.toLowerCase());
  if (group !== undefined) return group;
  throw new ApiError('CacheSubnetGroupNotFoundFault', `There is no cache subnet group ${name}.`);
}

function securityGroupOf(name: string, { state }: Context): SecurityGroupRecord {
  const group = state.get('securitygroup', name.toLowerCase());
  if (group !== undefined) return group;
  throw new ApiError('CacheSecurityGroupNotFound', `There is no cache security group ${name}.`);
}

function subnetsOf(ids: readonly string[]): readonly string[] {
  const subnets = [...new Set(ids)];
  const invalid = subnets.find((id) => !/^[\w-]{1,255}$/.test(id));
  if (subnets.length === 0 || invalid !== undefined) {
    throw new ApiError('InvalidSubnet', 'SubnetIds must name one subnet or more, as subnet-1.');
  }
  if (subnets.length <= SUBNETS_MAX) return subnets;
  const text = `A subnet group has at most ${SUBNETS_MAX} subnets.`;
  throw new ApiError('CacheSubnetQuotaExceededFault', text);
}

const sourceOf = (input: {
  readonly EC2SecurityGroupName: string;
  readonly EC2SecurityGroupOwnerId: string;
}): string => `${input.EC2SecurityGroupOwnerId}/${input.EC2SecurityGroupName}`;

const subnetGroupView = (
  { name, description, subnets }: SubnetGroupRecord,
  { region }: Context,
) => ({
  CacheSubnetGroupName: name,
  CacheSubnetGroupDescription: description,
  VpcId: VPC,
  Subnets: subnets.map((id) => ({
    SubnetIdentifier: id,
    SubnetAvailabilityZone: { Name: firstZone(region) },
    SupportedNetworkTypes: ['ipv4'] as const,
  })),
  ARN: arnOf(region, { kind: 'subnetgroup', id: name }),
  SupportedNetworkTypes: ['ipv4'] as const,
});

const securityGroupView = (
  { name, description, sources }: SecurityGroupRecord,
  { region }: Context,
) => ({
  OwnerId: ACCOUNT,
  CacheSecurityGroupName: name,
  Description: description,
  EC2SecurityGroups: sources.map((source) => ({
    Status: 'authorized',
    EC2SecurityGroupName: source.slice(source.indexOf('/') + 1),
    EC2SecurityGroupOwnerId: source.slice(0, source.indexOf('/')),
  })),
  ARN: arnOf(region, { kind: 'securitygroup', id: name }),
});
