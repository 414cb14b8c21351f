import { integer, list, oneOf, required, structure, text } from '../fields.ts';
import { operation } from '../operation.ts';
import { tag } from './shared.ts';

const availabilityZone = structure({
  Name: text,
});

const subnetOutpost = structure({
  SubnetOutpostArn: text,
});

const subnet = structure({
  SubnetIdentifier: text,
  SubnetAvailabilityZone: availabilityZone,
  SubnetOutpost: subnetOutpost,
  SupportedNetworkTypes: list('member', oneOf('ipv4', 'ipv6', 'dual_stack')),
});

const cacheSubnetGroup = structure({
  CacheSubnetGroupName: text,
  CacheSubnetGroupDescription: text,
  VpcId: text,
  Subnets: list('Subnet', subnet),
  ARN: text,
  SupportedNetworkTypes: list('member', oneOf('ipv4', 'ipv6', 'dual_stack')),
});

const ec2SecurityGroup = structure({
  Status: text,
  EC2SecurityGroupName: text,
  EC2SecurityGroupOwnerId: text,
});

const cacheSecurityGroup = structure({
  OwnerId: text,
  CacheSecurityGroupName: text,
  Description: text,
  EC2SecurityGroups: list('EC2SecurityGroup', ec2SecurityGroup),
  ARN: text,
});

export const NETWORKS_OPERATIONS = {
  CreateCacheSubnetGroup: operation({
    input: {
      CacheSubnetGroupName: required(text),
      CacheSubnetGroupDescription: required(text),
      SubnetIds: required(list('SubnetIdentifier', text)),
      Tags: list('Tag', tag),
    },
    output: {
      CacheSubnetGroup: cacheSubnetGroup,
    },
    errors: [
      'CacheSubnetGroupAlreadyExists',
      'CacheSubnetGroupQuotaExceeded',
      'CacheSubnetQuotaExceededFault',
      'TagQuotaPerResourceExceeded',
      'InvalidSubnet',
      'SubnetNotAllowedFault',
    ],
  }),
  DescribeCacheSubnetGroups: operation({
    input: {
      CacheSubnetGroupName: text,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      CacheSubnetGroups: list('CacheSubnetGroup', cacheSubnetGroup),
    },
    errors: ['CacheSubnetGroupNotFoundFault'],
  }),
  ModifyCacheSubnetGroup: operation({
    input: {
      CacheSubnetGroupName: required(text),
      CacheSubnetGroupDescription: text,
      SubnetIds: list('SubnetIdentifier', text),
    },
    output: {
      CacheSubnetGroup: cacheSubnetGroup,
    },
    errors: [
      'CacheSubnetGroupNotFoundFault',
      'CacheSubnetQuotaExceededFault',
      'SubnetInUse',
      'InvalidSubnet',
      'SubnetNotAllowedFault',
    ],
  }),
  DeleteCacheSubnetGroup: operation({
    input: {
      CacheSubnetGroupName: required(text),
    },
    output: undefined,
    errors: ['CacheSubnetGroupInUse', 'CacheSubnetGroupNotFoundFault'],
  }),
  CreateCacheSecurityGroup: operation({
    input: {
      CacheSecurityGroupName: required(text),
      Description: required(text),
      Tags: list('Tag', tag),
    },
    output: {
      CacheSecurityGroup: cacheSecurityGroup,
    },
    errors: [
      'CacheSecurityGroupAlreadyExists',
      'QuotaExceeded.CacheSecurityGroup',
      'TagQuotaPerResourceExceeded',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DescribeCacheSecurityGroups: operation({
    input: {
      CacheSecurityGroupName: text,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      CacheSecurityGroups: list('CacheSecurityGroup', cacheSecurityGroup),
    },
    errors: ['CacheSecurityGroupNotFound', 'InvalidParameterValue', 'InvalidParameterCombination'],
  }),
  AuthorizeCacheSecurityGroupIngress: operation({
    input: {
      CacheSecurityGroupName: required(text),
      EC2SecurityGroupName: required(text),
      EC2SecurityGroupOwnerId: required(text),
    },
    output: {
      CacheSecurityGroup: cacheSecurityGroup,
    },
    errors: [
      'CacheSecurityGroupNotFound',
      'InvalidCacheSecurityGroupState',
      'AuthorizationAlreadyExists',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  RevokeCacheSecurityGroupIngress: operation({
    input: {
      CacheSecurityGroupName: required(text),
      EC2SecurityGroupName: required(text),
      EC2SecurityGroupOwnerId: required(text),
    },
    output: {
      CacheSecurityGroup: cacheSecurityGroup,
    },
    errors: [
      'CacheSecurityGroupNotFound',
      'AuthorizationNotFound',
      'InvalidCacheSecurityGroupState',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DeleteCacheSecurityGroup: operation({
    input: {
      CacheSecurityGroupName: required(text),
    },
    output: undefined,
    errors: [
      'InvalidCacheSecurityGroupState',
      'CacheSecurityGroupNotFound',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
} as const;
