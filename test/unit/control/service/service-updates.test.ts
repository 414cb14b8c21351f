import { beforeEach, describe, expect, test } from 'vitest';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const UPDATE = 'ServiceUpdateName=slabring-1-2-3';

let api: ApiHarness;
beforeEach(() => {
  api = new ApiHarness();
  const create = 'CacheClusterId=web&CacheNodeType=slabring.64x1&NumCacheNodes=2';
  api.ask('CreateCacheCluster', create);
  api.settle('web');
});

/** The nodes run an older slabring. */
const grewOld = (): void => {
  const cluster = api.state.get('cluster', 'web')!;
  const nodes = cluster.nodes.map((node) => ({ ...node, version: '1.0.0' }));
  api.state.put('cluster', 'web', { ...cluster, nodes });
};
const action = (members = '') => {
  const { body } = api.ask('DescribeUpdateActions', `ShowNodeLevelUpdateStatus=true&${members}`);
  return [textsIn(body, 'UpdateActionStatus')[0], textsIn(body, 'NodesUpdated')[0]];
};
const batch = (operation: string, id = 'web') => {
  const { body } = api.ask(operation, `${UPDATE}&CacheClusterIds.member.1=${id}`);
  return [textsIn(body, 'UpdateActionStatus')[0], textsIn(body, 'ErrorType')[0]];
};

describe('service updates', () => {
  test('the installed version is the update', () => {
    expect(textsIn(api.ask('DescribeServiceUpdates').body, 'ServiceUpdateName')).toEqual([
      'slabring-1-2-3',
    ]);
    expect(api.codeOf('DescribeServiceUpdates', 'ServiceUpdateName=other')).toBe(
      'ServiceUpdateNotFoundFault',
    );
    expect(action()).toEqual(['complete', '2/2']);
    expect(batch('BatchApplyUpdateAction')).toEqual([undefined, 'InvalidCacheClusterState']);
  });

  test('nodes of an older version restart, and a stop keeps those that have not', () => {
    grewOld();
    expect(action()).toEqual(['not-applied', '0/2']);
    expect(batch('BatchApplyUpdateAction')).toEqual(['in-progress', undefined]);
    expect(api.state.get('cluster', 'web')).toMatchObject({ status: 'modifying' });
    expect(action('UpdateActionStatus.member.1=complete')).toEqual([undefined, undefined]);
    expect(batch('BatchStopUpdateAction')).toEqual(['not-applied', undefined]);
    expect(batch('BatchStopUpdateAction')).toEqual([undefined, 'InvalidCacheClusterState']);
  });

  test('a cluster that does not exist is not processed', () => {
    expect(batch('BatchApplyUpdateAction', 'none')).toEqual([undefined, 'CacheClusterNotFound']);
  });
});
