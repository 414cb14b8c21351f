import { beforeEach, describe, expect, test } from 'vitest';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const GROUP = 'CacheParameterGroupName=Big';
const CREATE_GROUP = `${GROUP}&CacheParameterGroupFamily=memcached1.6&Description=x`;
const CREATE = 'CacheClusterId=web&CacheNodeType=cache.t3.micro&NumCacheNodes=1';
const ARN = 'ResourceName=arn:aws:elasticache:local:000000000000:';

let api: ApiHarness;
beforeEach(() => {
  api = new ApiHarness();
});

const set = (name: string, value: string, nth = 1): string =>
  `&ParameterNameValues.ParameterNameValue.${nth}.ParameterName=${name}` +
  `&ParameterNameValues.ParameterNameValue.${nth}.ParameterValue=${value}`;

const parameters = (members = ''): Readonly<Record<string, string>> => {
  const { body } = api.ask('DescribeCacheParameters', `${GROUP}&MaxRecords=100${members}`);
  const names = textsIn(body, 'ParameterName');
  const values = textsIn(body, 'ParameterValue');
  return Object.fromEntries(values.map((value, nth) => [names[nth]!, value]));
};

describe('parameter groups', () => {
  test('a group has the defaults of its family, and what was changed', () => {
    expect(api.codeOf('CreateCacheParameterGroup', CREATE_GROUP)).toBe('200');
    expect(parameters()['idle_timeout']).toBe('0');
    expect(api.codeOf('ModifyCacheParameterGroup', `${GROUP}${set('idle_timeout', '60')}`)).toBe(
      '200',
    );
    expect(parameters()['idle_timeout']).toBe('60');
    expect(parameters('&Source=user')).toEqual({ idle_timeout: '60' });
    expect(parameters('&Source=system')).not.toHaveProperty('idle_timeout');
  });

  test('a reset takes parameters back, or all of them', () => {
    api.ask('CreateCacheParameterGroup', CREATE_GROUP);
    const two = set('idle_timeout', '60') + set('cas_disabled', '1', 2);
    api.ask('ModifyCacheParameterGroup', `${GROUP}${two}`);
    const one = '&ParameterNameValues.ParameterNameValue.1.ParameterName=idle_timeout';
    api.ask('ResetCacheParameterGroup', `${GROUP}${one}`);
    expect(parameters('&Source=user')).toEqual({ cas_disabled: '1' });
    api.ask('ResetCacheParameterGroup', `${GROUP}&ResetAllParameters=true`);
    expect(parameters('&Source=user')).toEqual({});
  });

  test.each([
    [set('none', '1'), 'InvalidParameterValue'],
    [set('idle_timeout', 'x'), 'InvalidParameterValue'],
    [set('config_max', '1'), 'InvalidParameterValue'],
    [set('__proto__', '1'), 'InvalidParameterValue'],
    [set('max_item_size', '1500000'), 'InvalidParameterCombination'],
    ['', 'MissingParameter'],
    [
      Array.from({ length: 21 }, (_, nth) => set('idle_timeout', '1', nth + 1)).join(''),
      'InvalidParameterValue',
    ],
  ])('a change of %.80s is %s', (change, code) => {
    api.ask('CreateCacheParameterGroup', CREATE_GROUP);
    expect(api.codeOf('ModifyCacheParameterGroup', `${GROUP}${change}`)).toBe(code);
    expect(parameters('&Source=user')).toEqual({});
  });

  test('default groups are there, and nobody changes or deletes them', () => {
    const { body } = api.ask('DescribeCacheParameterGroups');
    expect(textsIn(body, 'CacheParameterGroupName')).toEqual([
      'default.memcached1.4',
      'default.memcached1.5',
      'default.memcached1.6',
    ]);
    const name = 'CacheParameterGroupName=default.memcached1.6';
    expect(api.codeOf('DeleteCacheParameterGroup', name)).toBe('InvalidCacheParameterGroupState');
    expect(api.codeOf('ModifyCacheParameterGroup', `${name}${set('idle_timeout', '1')}`)).toBe(
      'InvalidCacheParameterGroupState',
    );
  });

  test('a group that a cluster uses is not deleted', () => {
    api.ask('CreateCacheParameterGroup', CREATE_GROUP);
    api.ask('CreateCacheCluster', `${CREATE}&${GROUP}`);
    expect(api.codeOf('DeleteCacheParameterGroup', GROUP)).toBe('InvalidCacheParameterGroupState');
    api.state.remove('cluster', 'web');
    expect(api.codeOf('DeleteCacheParameterGroup', GROUP)).toBe('200');
    expect(api.codeOf('DescribeCacheParameters', GROUP)).toBe('CacheParameterGroupNotFound');
  });

  test('the defaults of a family have what each node type has', () => {
    const { body } = api.ask(
      'DescribeEngineDefaultParameters',
      'CacheParameterGroupFamily=memcached1.6',
    );
    expect(textsIn(body, 'CacheNodeType')).toContain('cache.t3.micro');
    expect(api.codeOf('DescribeEngineDefaultParameters', 'CacheParameterGroupFamily=redis7')).toBe(
      'InvalidParameterValue',
    );
  });
});

describe('tags', () => {
  const tag = (key: string, value: string) => `&Tags.Tag.1.Key=${key}&Tags.Tag.1.Value=${value}`;
  const list = (resource: string) => api.ask('ListTagsForResource', `${ARN}${resource}`).body;

  test('a resource has its tags until it is gone', () => {
    api.ask('CreateCacheCluster', `${CREATE}${tag('team', 'a')}`);
    api.ask('AddTagsToResource', `${ARN}cluster:web${tag('stage', 'b')}`);
    expect(textsIn(list('cluster:web'), 'Key')).toEqual(['stage', 'team']);
    api.ask('RemoveTagsFromResource', `${ARN}cluster:web&TagKeys.member.1=team`);
    expect(textsIn(list('cluster:web'), 'Key')).toEqual(['stage']);
    api.state.remove('cluster', 'web');
    expect(api.state.tagsOf('cluster', 'web')).toEqual({});
  });

  test('the name of an object of JavaScript is a key like others', () => {
    api.ask('CreateCacheCluster', `${CREATE}${tag('__proto__', 'x')}`);
    expect(textsIn(list('cluster:web'), 'Key')).toEqual(['__proto__']);
  });

  test.each([
    ['ListTagsForResource', `${ARN}cluster:none`, 'CacheClusterNotFound'],
    ['ListTagsForResource', `${ARN}parametergroup:none`, 'CacheParameterGroupNotFound'],
    ['ListTagsForResource', 'ResourceName=web', 'InvalidARN'],
    ['RemoveTagsFromResource', `${ARN}cluster:web&TagKeys.member.1=none`, 'TagNotFound'],
    ['AddTagsToResource', `${ARN}cluster:web${tag('', 'x')}`, 'InvalidParameterValue'],
    ['AddTagsToResource', `${ARN}cluster:web${tag('a'.repeat(129), 'x')}`, 'InvalidParameterValue'],
  ])('%s of %.60s is %s', (operation, members, code) => {
    api.ask('CreateCacheCluster', CREATE);
    expect(api.codeOf(operation, members)).toBe(code);
  });

  test('a resource has at most 50 of them', () => {
    api.ask('CreateCacheCluster', CREATE);
    const many = Array.from(
      { length: 51 },
      (_, nth) => `&Tags.Tag.${nth + 1}.Key=k${nth}&Tags.Tag.${nth + 1}.Value=v`,
    );
    expect(api.codeOf('AddTagsToResource', `${ARN}cluster:web${many.join('')}`)).toBe(
      'TagQuotaPerResourceExceeded',
    );
    expect(api.state.tagsOf('cluster', 'web')).toEqual({});
  });
});

describe('subnet groups and security groups', () => {
  test('a subnet group is made, changed and deleted', () => {
    const name = 'CacheSubnetGroupName=Private';
    const members = `${name}&CacheSubnetGroupDescription=d&SubnetIds.SubnetIdentifier.1=subnet-1`;
    expect(api.codeOf('CreateCacheSubnetGroup', members)).toBe('200');
    expect(api.codeOf('CreateCacheSubnetGroup', members)).toBe('CacheSubnetGroupAlreadyExists');
    const more = `${name}&SubnetIds.SubnetIdentifier.1=subnet-2`;
    const { body } = api.ask('ModifyCacheSubnetGroup', more);
    expect(textsIn(body, 'SubnetIdentifier')).toEqual(['subnet-2']);
    api.ask('CreateCacheCluster', `${CREATE}&${name}`);
    expect(api.codeOf('DeleteCacheSubnetGroup', name)).toBe('CacheSubnetGroupInUse');
    api.state.remove('cluster', 'web');
    expect(api.codeOf('DeleteCacheSubnetGroup', name)).toBe('200');
    expect(api.codeOf('DescribeCacheSubnetGroups', name)).toBe('CacheSubnetGroupNotFoundFault');
  });

  test('a security group knows who may connect', () => {
    const name = 'CacheSecurityGroupName=apps';
    const source = `${name}&EC2SecurityGroupName=web&EC2SecurityGroupOwnerId=1`;
    api.ask('CreateCacheSecurityGroup', `${name}&Description=d`);
    expect(api.codeOf('AuthorizeCacheSecurityGroupIngress', source)).toBe('200');
    expect(api.codeOf('AuthorizeCacheSecurityGroupIngress', source)).toBe(
      'AuthorizationAlreadyExists',
    );
    expect(api.codeOf('RevokeCacheSecurityGroupIngress', source)).toBe('200');
    expect(api.codeOf('RevokeCacheSecurityGroupIngress', source)).toBe('AuthorizationNotFound');
    expect(api.codeOf('DeleteCacheSecurityGroup', name)).toBe('200');
  });
});

describe('other operations', () => {
  test('events of the last hour are shown, by source and in pages', () => {
    for (let nth = 0; nth < 25; nth++) {
      const atMs = api.nowMs - nth * 60_000;
      api.state.addEvent({ sourceType: 'cache-cluster', sourceId: 'web', message: `${nth}`, atMs });
    }
    const old = api.nowMs - 61 * 60_000;
    api.state.addEvent({ sourceType: 'cache-cluster', sourceId: 'web', message: 'old', atMs: old });
    const first = api.ask('DescribeEvents', 'MaxRecords=20').body;
    expect(textsIn(first, 'Message')).toHaveLength(20);
    const next = api.ask('DescribeEvents', `MaxRecords=20&Marker=${textsIn(first, 'Marker')[0]}`);
    expect(textsIn(next.body, 'Message')).toHaveLength(5);
    const other = 'SourceType=cache-cluster&SourceIdentifier=db';
    expect(textsIn(api.ask('DescribeEvents', other).body, 'Message')).toEqual([]);
    expect(api.codeOf('DescribeEvents', 'SourceIdentifier=db')).toBe('InvalidParameterCombination');
  });

  test('engine versions are those of memcached, in order', () => {
    const versions = textsIn(api.ask('DescribeCacheEngineVersions').body, 'EngineVersion');
    expect([versions[0], versions.at(-1)]).toEqual(['1.4.5', '1.6.22']);
    const only = api.ask('DescribeCacheEngineVersions', 'DefaultOnly=true').body;
    expect(textsIn(only, 'EngineVersion')).toEqual(['1.6.22']);
    expect(textsIn(api.ask('DescribeCacheEngineVersions', 'Engine=redis').body, 'Engine')).toEqual(
      [],
    );
  });

  test.each([
    ['CreateReplicationGroup', '', 'InvalidParameterCombination'],
    ['TestFailover', '', 'ReplicationGroupNotFoundFault'],
    ['DescribeReplicationGroups', '', '200'],
    ['DescribeReplicationGroups', 'ReplicationGroupId=x', 'ReplicationGroupNotFoundFault'],
    ['DoNothing', '', 'InvalidAction'],
    ['toString', '', 'InvalidAction'],
    ['', '', 'MissingAction'],
  ])('%s %s is %s', (operation, members, code) => {
    expect(api.codeOf(operation, members)).toBe(code);
  });
});

describe('policies', () => {
  test('an access key does only what its policy allows', () => {
    const guarded = new ApiHarness({ checksAccess: true });
    const policy = [
      { effect: 'Allow', actions: ['elasticache:Describe*'], resources: ['*'] },
      { effect: 'Allow', actions: ['*'], resources: ['arn:*:cluster:web'], tags: { team: 'a' } },
    ] as const;
    guarded.state.addAccessKey({ id: 'KEY', secret: 's', policy });
    expect(guarded.codeOf('DescribeCacheClusters')).toBe('200');
    expect(guarded.codeOf('CreateCacheCluster', CREATE)).toBe('AccessDenied');
    guarded.state.setTags('cluster', 'web', { team: 'a' });
    expect(guarded.codeOf('CreateCacheCluster', CREATE)).toBe('200');
    expect(guarded.codeOf('CreateCacheCluster', CREATE.replace('web', 'db'))).toBe('AccessDenied');
    expect(guarded.ask('DescribeCacheClusters', '', {}, 'NOBODY').body).toContain('AccessDenied');
  });

  test('each name in a list is a resource, and a member without a value is none', () => {
    const guarded = new ApiHarness({ checksAccess: true });
    const policy = [
      { effect: 'Allow', actions: ['*'], resources: ['arn:*:cluster:web'] },
      { effect: 'Deny', actions: ['*'], resources: ['arn:*:cluster:prod'] },
    ] as const;
    guarded.state.addAccessKey({ id: 'KEY', secret: 's', policy });
    const update = (...ids: string[]): string => {
      const members = ids.map((id, nth) => `CacheClusterIds.member.${nth + 1}=${id}`);
      return ['ServiceUpdateName=x', ...members].join('&');
    };
    expect(guarded.codeOf('BatchApplyUpdateAction', update('web'))).toBe(
      'ServiceUpdateNotFoundFault',
    );
    expect(guarded.codeOf('BatchApplyUpdateAction', update('web', 'prod'))).toBe('AccessDenied');
    const input = { CacheClusterId: 'web', FinalSnapshotIdentifier: undefined };
    expect(() => guarded.service.run('DeleteCacheCluster', input, 'KEY')).toThrow(/not found/i);
  });
});
