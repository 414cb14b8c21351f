import { cacheCluster, serverlessCache } from './cluster-types.ts';
import {
  parameterGroup,
  securityGroup,
  securityGroupIngress,
  subnetGroup,
  user,
  userGroup,
} from './group-types.ts';
import type { ResourceType } from './resource-type.ts';
import { wrong } from './template-text.ts';

const TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::ElastiCache::CacheCluster': cacheCluster,
  'AWS::ElastiCache::ParameterGroup': parameterGroup,
  'AWS::ElastiCache::SecurityGroup': securityGroup,
  'AWS::ElastiCache::SecurityGroupIngress': securityGroupIngress,
  'AWS::ElastiCache::ServerlessCache': serverlessCache,
  'AWS::ElastiCache::SubnetGroup': subnetGroup,
  'AWS::ElastiCache::User': user,
  'AWS::ElastiCache::UserGroup': userGroup,
};

/** @throws {CodedError} `ERR_TEMPLATE` for a type that nothing here can make. */
export function resourceType(id: string, name: string): ResourceType {
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type !== undefined) return type;
  if (/^AWS::ElastiCache::(?:Global)?ReplicationGroup$/.test(name)) {
    throw wrong(`${id} is an ${name}: Memcached has none. Use AWS::ElastiCache::CacheCluster.`);
  }
  throw wrong(
    `${id} is an ${name}, which slabring does not make: it has the resources of ElastiCache for ` +
      'Memcached. Take it out, and pass what others need of it by a parameter.',
  );
}
