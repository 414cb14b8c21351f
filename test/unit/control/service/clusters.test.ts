import { beforeEach, describe, expect, test } from 'vitest';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const CREATE = 'CacheClusterId=Web&CacheNodeType=cache.t3.micro&NumCacheNodes=3&Engine=memcached';
const SMALL = 'CacheNodeType=cache.t3.small';

let api: ApiHarness;
beforeEach(() => {
  api = new ApiHarness();
});

const describeAll = (members = ''): string => api.ask('DescribeCacheClusters', members).body;

describe('CreateCacheCluster', () => {
  test('a new cluster is creating, without endpoints, and the reconciler hears of it', () => {
    const { status, body } = api.ask('CreateCacheCluster', CREATE);
    expect(status).toBe(200);
    expect(textsIn(body, 'CacheClusterId')).toEqual(['web']);
    expect(textsIn(body, 'CacheClusterStatus')).toEqual(['creating']);
    expect(textsIn(body, 'ARN')).toEqual(['arn:aws:elasticache:local:000000000000:cluster:web']);
    expect(api.changed).toEqual(['web']);
    expect(describeAll('ShowCacheNodeInfo=true')).not.toContain('Endpoint');
  });

  test('an available one shows its nodes and its endpoint', () => {
    api.ask('CreateCacheCluster', CREATE);
    api.settle('web');
    const body = describeAll('ShowCacheNodeInfo=true&CacheClusterId=WEB');
    expect(textsIn(body, 'Port')).toEqual(['12000', '12000', '12001', '12002']);
    expect(textsIn(body, 'CacheNodeId')).toEqual(['0001', '0002', '0003']);
    expect(describeAll()).not.toContain('CacheNodeId>');
  });

  test.each([
    [CREATE.replace('Web', '1web'), 'InvalidParameterValue'],
    [CREATE.replace('Engine=memcached', 'Engine=redis'), 'InvalidParameterValue'],
    [CREATE.replace('micro', 'mega'), 'InvalidParameterValue'],
    [CREATE.replace('NumCacheNodes=3', ''), 'InvalidParameterCombination'],
    [CREATE.replace('=3', '=0'), 'InvalidParameterValue'],
    [CREATE.replace('=3', '=61'), 'NodeQuotaForClusterExceeded'],
    [`${CREATE}&SnapshotRetentionLimit=1`, 'InvalidParameterCombination'],
    [`${CREATE}&TransitEncryptionEnabled=true`, 'InvalidParameterCombination'],
    [`${CREATE}&AZMode=both`, 'InvalidParameterValue'],
    [`${CREATE}&AZMode=cross-az`.replace('=3', '=1'), 'InvalidParameterCombination'],
    [`${CREATE}&PreferredAvailabilityZones.member.1=a`, 'InvalidParameterCombination'],
    [`${CREATE}&CacheParameterGroupName=none`, 'CacheParameterGroupNotFound'],
    [`${CREATE}&CacheParameterGroupName=default.memcached1.5`, 'InvalidParameterCombination'],
    [`${CREATE}&CacheSubnetGroupName=none`, 'CacheSubnetGroupNotFoundFault'],
    [`${CREATE}&EngineVersion=7.0`, 'InvalidParameterValue'],
    [`${CREATE}&PreferredMaintenanceWindow=sun`, 'InvalidParameterValue'],
    [`${CREATE}&Tags.Tag.1.Key=aws:x`, 'InvalidParameterValue'],
    [`${CREATE}&Tags.Tag.1.Key=slabring:replicas&Tags.Tag.1.Value=4`, 'InvalidParameterValue'],
  ])('%s is %s, and leaves nothing', (members, code) => {
    expect(api.codeOf('CreateCacheCluster', members)).toBe(code);
    expect(textsIn(describeAll(), 'CacheClusterId')).toEqual([]);
    expect(api.changed).toEqual([]);
  });

  test('an id is taken once, in any case of its letters', () => {
    api.ask('CreateCacheCluster', CREATE);
    expect(api.codeOf('CreateCacheCluster', CREATE)).toBe('CacheClusterAlreadyExists');
  });

  test('a client that lost the reply gets it again, and only that client', () => {
    const headers = { 'amz-sdk-invocation-id': 'one' };
    const first = api.ask('CreateCacheCluster', CREATE, headers);
    expect(api.ask('CreateCacheCluster', CREATE, headers).body).toBe(first.body);
    expect(api.ask('CreateCacheCluster', CREATE, headers, 'OTHER').status).toBe(400);
    expect(api.ask('CreateCacheCluster', `${CREATE}&Port=9000`, headers).status).toBe(400);
    const other = { 'amz-sdk-invocation-id': 'two' };
    expect(api.ask('CreateCacheCluster', CREATE, other).status).toBe(400);
  });
});

describe('ModifyCacheCluster', () => {
  beforeEach(() => {
    api.ask('CreateCacheCluster', CREATE);
    api.settle('web');
    api.changed.length = 0;
  });
  const modify = (members: string) =>
    api.ask('ModifyCacheCluster', `CacheClusterId=web&${members}`);

  test('a change waits for the window unless it applies immediately', () => {
    const body = modify('NumCacheNodes=5').body;
    expect(body).toContain('<PendingModifiedValues><NumCacheNodes>5</NumCacheNodes>');
    expect(textsIn(body, 'CacheClusterStatus')).toEqual(['available']);
    const applied = modify('NumCacheNodes=6&ApplyImmediately=true').body;
    expect(applied).toContain('<PendingModifiedValues></PendingModifiedValues>');
    expect(textsIn(applied, 'CacheClusterStatus')).toEqual(['modifying']);
    expect(textsIn(applied, 'NumCacheNodes')).toEqual(['6']);
  });

  test('a node that comes or goes has no endpoint', () => {
    modify('NumCacheNodes=2&CacheNodeIdsToRemove.CacheNodeId.1=0002&ApplyImmediately=true');
    const body = describeAll('ShowCacheNodeInfo=true');
    expect(textsIn(body, 'CacheNodeStatus')).toEqual(['available', 'deleting', 'available']);
    expect(textsIn(body, 'Port')).toEqual(['12000', '12000', '12002']);
  });

  test('the batches of a node type wait with it, and end with it', () => {
    const batches = () => {
      const body = describeAll();
      return [textsIn(body, 'ScalePercentage'), textsIn(body, 'ScaleIntervalMinutes')];
    };
    modify(`${SMALL}&ScaleConfig.ScalePercentage=50`);
    expect(batches()).toEqual([['50'], ['5']]);
    modify(`${SMALL}&ScaleConfig.ScaleIntervalMinutes=30`);
    expect(batches()).toEqual([['20'], ['30']]);
    modify(SMALL);
    expect(batches()).toEqual([[], []]);
    modify(`${SMALL}&ScaleConfig.ScalePercentage=10&ApplyImmediately=true`);
    expect(batches()).toEqual([[], []]);
  });

  test('a cluster that changes takes no second change', () => {
    modify('CacheNodeType=cache.t3.small&ApplyImmediately=true');
    const one = 'CacheClusterId=web';
    expect(api.codeOf('ModifyCacheCluster', one)).toBe('InvalidCacheClusterState');
    expect(api.codeOf('DeleteCacheCluster', one)).toBe('InvalidCacheClusterState');
    expect(api.codeOf('RebootCacheCluster', `${one}&CacheNodeIdsToReboot.member.1=0001`)).toBe(
      'InvalidCacheClusterState',
    );
  });

  test('a change that begins now replaces one that fails', () => {
    modify('CacheNodeType=cache.t3.small&ApplyImmediately=true');
    const cluster = api.state.get('cluster', 'web')!;
    api.state.put('cluster', 'web', { ...cluster, failure: 'The machine has no memory.' });
    const back = 'CacheClusterId=web&CacheNodeType=cache.t3.micro';
    expect(api.codeOf('ModifyCacheCluster', back)).toBe('InvalidCacheClusterState');
    expect(api.codeOf('ModifyCacheCluster', `${back}&ApplyImmediately=true`)).toBe('200');
    const { status, nodeType, failure } = api.state.get('cluster', 'web')!;
    expect([status, nodeType, failure]).toEqual(['modifying', 'cache.t3.micro', undefined]);
    expect(api.codeOf('ModifyCacheCluster', `${back}&ApplyImmediately=true`)).toBe(
      'InvalidCacheClusterState',
    );
  });

  test('a cluster whose change fails can be deleted, but without a last snapshot', () => {
    modify('CacheNodeType=cache.t3.small&ApplyImmediately=true');
    const cluster = api.state.get('cluster', 'web')!;
    api.state.put('cluster', 'web', { ...cluster, failure: 'The port is taken.' });
    const one = 'CacheClusterId=web';
    expect(api.codeOf('DeleteCacheCluster', `${one}&FinalSnapshotIdentifier=last`)).toBe(
      'InvalidCacheClusterState',
    );
    expect(api.codeOf('DeleteCacheCluster', one)).toBe('200');
  });

  test.each([
    ['EngineVersion=1.6.6', 'InvalidParameterValue'],
    ['EngineVersion=1.5.16', 'InvalidParameterCombination'],
    ['CacheNodeType=none', 'InvalidParameterValue'],
    ['ScaleConfig.ScalePercentage=50', 'InvalidParameterCombination'],
    [`${SMALL}&ScaleConfig.ScalePercentage=9`, 'InvalidParameterValue'],
    [`${SMALL}&ScaleConfig.ScalePercentage=101`, 'InvalidParameterValue'],
    [`${SMALL}&ScaleConfig.ScaleIntervalMinutes=1`, 'InvalidParameterValue'],
    [`${SMALL}&ScaleConfig.ScaleIntervalMinutes=31`, 'InvalidParameterValue'],
    ['NumCacheNodes=2', 'InvalidParameterValue'],
    ['AuthToken=x', 'InvalidParameterCombination'],
    ['PreferredMaintenanceWindow=x', 'InvalidParameterValue'],
  ])('%s is %s, and changes nothing', (members, code) => {
    const before = describeAll();
    expect(api.codeOf('ModifyCacheCluster', `CacheClusterId=web&${members}`)).toBe(code);
    expect(strip(describeAll())).toBe(strip(before));
    expect(api.changed).toEqual([]);
  });
});

const strip = (xml: string): string => xml.replace(/<RequestId>.*<\/RequestId>/, '');

describe('RebootCacheCluster and DeleteCacheCluster', () => {
  beforeEach(() => {
    api.ask('CreateCacheCluster', CREATE);
    api.settle('web');
  });

  test('the named nodes restart, and keep their endpoints', () => {
    const { body } = api.ask(
      'RebootCacheCluster',
      'CacheClusterId=web&CacheNodeIdsToReboot.CacheNodeId.1=0002',
    );
    expect(textsIn(body, 'CacheClusterStatus')).toEqual(['rebooting cluster nodes']);
    const shown = describeAll('ShowCacheNodeInfo=true');
    expect(textsIn(shown, 'CacheNodeStatus')).toEqual(['available', 'rebooting', 'available']);
    expect(textsIn(shown, 'Port')).toHaveLength(4);
  });

  test('an unknown node is refused', () => {
    const members = 'CacheClusterId=web&CacheNodeIdsToReboot.CacheNodeId.1=0009';
    expect(api.codeOf('RebootCacheCluster', members)).toBe('InvalidParameterValue');
  });

  test('a deleted cluster never shows as available again', () => {
    api.ask('DeleteCacheCluster', 'CacheClusterId=web');
    expect(textsIn(describeAll(), 'CacheClusterStatus')).toEqual(['deleting']);
    expect(api.codeOf('DescribeCacheClusters', 'CacheClusterId=none')).toBe('CacheClusterNotFound');
  });
});

describe('DescribeCacheClusters', () => {
  test('pages have a marker by id, and survive a change in between', () => {
    for (let nth = 0; nth < 45; nth++) {
      const id = `c${String(nth).padStart(2, '0')}`;
      api.ask('CreateCacheCluster', CREATE.replace('Web', id));
    }
    const ids: string[] = [];
    let marker = '';
    for (let page = 0; page < 3; page++) {
      const body = describeAll(`MaxRecords=20${marker && `&Marker=${marker}`}`);
      ids.push(...textsIn(body, 'CacheClusterId'));
      marker = textsIn(body, 'Marker')[0] ?? '';
      if (page === 0) api.state.remove('cluster', 'c05');
    }
    expect(marker).toBe('');
    expect(ids).toEqual(Array.from({ length: 45 }, (_, n) => `c${String(n).padStart(2, '0')}`));
  });

  test.each(['MaxRecords=19', 'MaxRecords=101', 'Marker=x'])('%s is refused', (members) => {
    expect(api.codeOf('DescribeCacheClusters', members)).toBe('InvalidParameterValue');
  });
});
