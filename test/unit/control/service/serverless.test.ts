import { describe, expect, test } from 'vitest';
import { hiddenName } from '../../../../src/control/model/serverless-names.ts';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const NEW = 'ServerlessCacheName=Web&Engine=memcached';
const ECPU = 'CacheUsageLimits.ECPUPerSecond';
const ARN = 'arn:aws:elasticache:local:000000000000';

/** What the reconciler does with a cache. */
function ready(api: ApiHarness, name: string): void {
  const cache = api.state.get('serverlesscache', name)!;
  const nodes = api.state.get('serverlesscluster', hiddenName(name))!;
  const settled = nodes.nodes.map((node) => ({ ...node, status: 'available' }) as const);
  const rest = { status: 'available', snapshot: undefined, nodes: settled } as const;
  api.state.put('serverlesscache', name, { ...cache, status: 'available' });
  api.state.put('serverlesscluster', nodes.id, { ...nodes, ...rest });
}

function apiWithCache(): ApiHarness {
  const api = new ApiHarness();
  expect(api.codeOf('CreateServerlessCache', NEW)).toBe('200');
  ready(api, 'web');
  return api;
}

const WRONG: readonly (readonly [members: string, code: string])[] = [
  ['Engine=memcached', 'MissingParameter'],
  ['ServerlessCacheName=web', 'MissingParameter'],
  ['ServerlessCacheName=web&Engine=redis', 'InvalidParameterValue'],
  ['ServerlessCacheName=1a&Engine=memcached', 'InvalidParameterValue'],
  ['ServerlessCacheName=a--b&Engine=memcached', 'InvalidParameterValue'],
  [`ServerlessCacheName=${'a'.repeat(41)}&Engine=memcached`, 'InvalidParameterValue'],
  [`${NEW}&MajorEngineVersion=1.5`, 'InvalidParameterValue'],
  [`${NEW}&KmsKeyId=k`, 'InvalidParameterCombination'],
  [`${NEW}&SnapshotRetentionLimit=36`, 'InvalidParameterValue'],
  [`${NEW}&DailySnapshotTime=24:00`, 'InvalidParameterValue'],
  [`${NEW}&UserGroupId=none`, 'UserGroupNotFound'],
  [`${NEW}&CacheUsageLimits.DataStorage.Maximum=5`, 'InvalidParameterCombination'],
  [`${NEW}&CacheUsageLimits.ECPUPerSecond.Maximum=999`, 'InvalidParameterValue'],
  [`${NEW}&CacheUsageLimits.ECPUPerSecond.Minimum=15000001`, 'InvalidParameterValue'],
  [`${NEW}&${ECPU}.Minimum=2000&${ECPU}.Maximum=1000`, 'InvalidParameterCombination'],
  [`${NEW}&SnapshotArnsToRestore.SnapshotArn.1=x`, 'InvalidParameterCombination'],
  [
    `${NEW}&SnapshotArnsToRestore.SnapshotArn.1=${ARN}:serverlesscachesnapshot:x`,
    'ServerlessCacheSnapshotNotFoundFault',
  ],
  [`${NEW}&SnapshotArnsToRestore.SnapshotArn.1=${ARN}:snapshot:x`, 'SnapshotNotFoundFault'],
];

describe('CreateServerlessCache', () => {
  for (const [members, code] of WRONG) {
    test(`${members} answers ${code}`, () => {
      const api = new ApiHarness();
      expect(api.codeOf('CreateServerlessCache', members)).toBe(code);
      expect(api.state.list('serverlesscluster')).toEqual([]);
    });
  }

  test('a cache has its limits, its tags and its endpoint', () => {
    const api = new ApiHarness();
    const limits =
      '&CacheUsageLimits.DataStorage.Maximum=10&CacheUsageLimits.DataStorage.Unit=GB' +
      '&CacheUsageLimits.ECPUPerSecond.Maximum=1000&Tags.Tag.1.Key=team&Tags.Tag.1.Value=a';
    const { body } = api.ask('CreateServerlessCache', NEW + limits);
    expect(textsIn(body, 'ServerlessCacheName')).toEqual(['web']);
    expect(textsIn(body, 'Status')).toEqual(['creating']);
    expect(textsIn(body, 'Maximum')).toEqual(['10', '1000']);
    expect(textsIn(body, 'Port')).toEqual([]);
    ready(api, 'web');
    const shown = api.ask('DescribeServerlessCaches').body;
    expect(textsIn(shown, 'Port')).toEqual(['12063', '12063']);
    const tags = api.ask('ListTagsForResource', `ResourceName=${ARN}:serverlesscache:web`).body;
    expect(textsIn(tags, 'Value')).toEqual(['a']);
    expect(api.codeOf('CreateServerlessCache', NEW)).toBe('ServerlessCacheAlreadyExistsFault');
  });

  test('no operation of clusters finds the nodes of a cache', () => {
    const api = apiWithCache();
    const id = `CacheClusterId=${hiddenName('web')}`;
    expect(textsIn(api.ask('DescribeCacheClusters').body, 'CacheClusterId')).toEqual([]);
    expect(api.codeOf('DescribeCacheClusters', id)).toBe('CacheClusterNotFound');
    expect(api.codeOf('DeleteCacheCluster', id)).toBe('CacheClusterNotFound');
    const arn = `ResourceName=${ARN}:serverlesscluster:${hiddenName('web')}`;
    expect(api.codeOf('ListTagsForResource', arn)).toBe('InvalidARN');
  });
});

describe('serverless caches', () => {
  test('pages have 50 caches at most, and go on by token', () => {
    const api = new ApiHarness();
    for (const name of ['c', 'a', 'b']) {
      api.ask('CreateServerlessCache', `ServerlessCacheName=${name}&Engine=memcached`);
    }
    const first = api.ask('DescribeServerlessCaches', 'MaxResults=2').body;
    expect(textsIn(first, 'ServerlessCacheName')).toEqual(['a', 'b']);
    const token = encodeURIComponent(textsIn(first, 'NextToken')[0]!);
    const second = api.ask('DescribeServerlessCaches', `MaxResults=2&NextToken=${token}`).body;
    expect(textsIn(second, 'ServerlessCacheName')).toEqual(['c']);
    expect(textsIn(second, 'NextToken')).toEqual([]);
    expect(api.codeOf('DescribeServerlessCaches', 'MaxResults=51')).toBe('InvalidParameterValue');
  });

  test('a change reaches the proxy, and leaves what the request does not name', () => {
    const api = apiWithCache();
    const limit = 'CacheUsageLimits.ECPUPerSecond.Maximum=2000';
    const { body } = api.ask('ModifyServerlessCache', `ServerlessCacheName=web&${limit}`);
    expect(textsIn(body, 'Status')).toEqual(['modifying']);
    const proxy = api.state.get('serverlesscluster', hiddenName('web'))!.proxy!;
    expect(proxy.ecpuPerSecondMax).toBe(2000);
    const busy = api.codeOf('ModifyServerlessCache', 'ServerlessCacheName=web&Description=x');
    expect(busy).toBe('InvalidServerlessCacheStateFault');
    ready(api, 'web');
    const after = api.ask('ModifyServerlessCache', 'ServerlessCacheName=web&Description=x').body;
    expect(textsIn(after, 'Maximum')).toEqual(['2000']);
  });

  test('a user group of a cache cannot be deleted', () => {
    const api = new ApiHarness();
    api.ask('CreateUserGroup', 'UserGroupId=team&Engine=memcached');
    api.ask('CreateServerlessCache', `${NEW}&UserGroupId=team`);
    expect(api.codeOf('DeleteUserGroup', 'UserGroupId=team')).toBe('InvalidUserGroupState');
    const { body } = api.ask('DescribeUserGroups', 'UserGroupId=team');
    expect(body).toContain('<ServerlessCaches><member>web</member></ServerlessCaches>');
  });

  test('a cache is deleted with a last snapshot, which outlives it', () => {
    const api = apiWithCache();
    const members = 'ServerlessCacheName=web&FinalSnapshotName=last';
    const { body } = api.ask('DeleteServerlessCache', members);
    expect(textsIn(body, 'Status')).toEqual(['deleting']);
    const nodes = api.state.get('serverlesscluster', hiddenName('web'))!;
    expect([nodes.status, nodes.snapshot]).toEqual(['deleting', hiddenName('last')]);
    const again = api.codeOf('DeleteServerlessCache', 'ServerlessCacheName=web');
    expect(again).toBe('InvalidServerlessCacheStateFault');
  });
});

describe('a serverless cache with a step that fails', () => {
  const take = 'ServerlessCacheSnapshotName=one&ServerlessCacheName=web';

  test('a cache is deleted without the snapshot that waits behind the step', () => {
    const api = apiWithCache();
    expect(api.codeOf('CreateServerlessCacheSnapshot', take)).toBe('200');
    const busy = 'InvalidServerlessCacheStateFault';
    expect(api.codeOf('DeleteServerlessCache', 'ServerlessCacheName=web')).toBe(busy);
    const nodes = api.state.get('serverlesscluster', hiddenName('web'))!;
    api.state.put('serverlesscluster', nodes.id, { ...nodes, failure: 'The port is taken.' });
    const last = 'ServerlessCacheName=web&FinalSnapshotName=last';
    expect(api.codeOf('DeleteServerlessCache', last)).toBe(busy);
    expect(api.codeOf('DeleteServerlessCache', 'ServerlessCacheName=web')).toBe('200');
    const after = api.state.get('serverlesscluster', hiddenName('web'))!;
    expect([after.status, after.snapshot]).toEqual(['deleting', undefined]);
    expect(api.state.get('serverlesscachesnapshot', 'one')?.status).toBe('failed');
  });

  test('a last snapshot that fails is not given up by another deletion', () => {
    const api = apiWithCache();
    api.ask('DeleteServerlessCache', 'ServerlessCacheName=web&FinalSnapshotName=last');
    const nodes = api.state.get('serverlesscluster', hiddenName('web'))!;
    api.state.put('serverlesscluster', nodes.id, { ...nodes, failure: 'The disk is full.' });
    const again = api.codeOf('DeleteServerlessCache', 'ServerlessCacheName=web');
    expect(again).toBe('InvalidServerlessCacheStateFault');
  });
});

describe('snapshots of serverless caches', () => {
  const take = (name: string) => `ServerlessCacheSnapshotName=${name}&ServerlessCacheName=web`;

  test('a snapshot is one of 24 in a day', () => {
    const api = apiWithCache();
    for (let nth = 0; nth < 24; nth++) {
      expect(api.codeOf('CreateServerlessCacheSnapshot', take(`s${nth}`))).toBe('200');
      ready(api, 'web');
    }
    const full = 'ServerlessCacheSnapshotQuotaExceededFault';
    expect(api.codeOf('CreateServerlessCacheSnapshot', take('more'))).toBe(full);
    api.nowMs += 24 * 3600 * 1000 + 1;
    expect(api.codeOf('CreateServerlessCacheSnapshot', take('more'))).toBe('200');
  });

  test('a snapshot that is written or restored stays', () => {
    const api = apiWithCache();
    api.ask('CreateServerlessCacheSnapshot', take('one'));
    const busy = 'InvalidServerlessCacheSnapshotStateFault';
    const remove = 'ServerlessCacheSnapshotName=one';
    expect(api.codeOf('DeleteServerlessCacheSnapshot', remove)).toBe(busy);
    const copy = 'SourceServerlessCacheSnapshotName=one&TargetServerlessCacheSnapshotName=two';
    expect(api.codeOf('CopyServerlessCacheSnapshot', copy)).toBe(busy);
    ready(api, 'web');
    const snapshot = api.state.get('serverlesscachesnapshot', 'one')!;
    api.state.put('serverlesscachesnapshot', 'one', { ...snapshot, status: 'available', bytes: 9 });
    expect(api.codeOf('CopyServerlessCacheSnapshot', copy)).toBe('200');
    expect(api.copies).toEqual([`${hiddenName('one')} to ${hiddenName('two')}`]);
    expect(api.codeOf('DeleteServerlessCacheSnapshot', remove)).toBe('200');
    const list = api.ask('DescribeServerlessCacheSnapshots', 'ServerlessCacheName=web').body;
    expect(textsIn(list, 'ServerlessCacheSnapshotName')).toEqual(['two']);
    expect(textsIn(list, 'BytesUsedForCache')).toEqual(['9']);
    expect(textsIn(list, 'SnapshotType')).toEqual(['manual']);
  });
});
