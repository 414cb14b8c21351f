/** How a parameter group reaches the clusters that use it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const GROUP = 'CacheParameterGroupName=big';
const WEB = 'CacheClusterId=web';

let api: ApiHarness;
beforeEach(() => {
  api = new ApiHarness();
  const family = 'CacheParameterGroupFamily=memcached1.6&Description=x';
  api.ask('CreateCacheParameterGroup', `${GROUP}&${family}`);
  api.ask('CreateCacheCluster', `${WEB}&CacheNodeType=slabring.64x1&NumCacheNodes=2&${GROUP}`);
  api.settle('web');
  api.changed.length = 0;
});

const set = (name: string, value: string): string => {
  const member = 'ParameterNameValues.ParameterNameValue.1.';
  const pair = `${member}ParameterName=${name}&${member}ParameterValue=${value}`;
  return api.codeOf('ModifyCacheParameterGroup', `${GROUP}&${pair}`);
};

const shown = () => {
  const { body } = api.ask('DescribeCacheClusters', 'ShowCacheNodeInfo=true');
  return {
    status: textsIn(body, 'CacheClusterStatus')[0],
    apply: textsIn(body, 'ParameterApplyStatus')[0],
    reboot: textsIn(body.slice(body.indexOf('<CacheNodeIdsToReboot>')), 'CacheNodeId'),
    nodes: textsIn(body, 'ParameterGroupStatus'),
  };
};

const rebootIds = (): readonly string[] => {
  const { body } = api.ask('DescribeCacheClusters');
  return textsIn(body, 'CacheNodeId');
};

describe('a change of the parameters of a running cluster', () => {
  test('a parameter that needs a reboot waits for it, on each node', () => {
    expect(set('max_item_size', '4194304')).toBe('200');
    expect(shown()).toMatchObject({ status: 'available', apply: 'pending-reboot' });
    expect(rebootIds()).toEqual(['0001', '0002']);
    api.ask('RebootCacheCluster', `${WEB}&CacheNodeIdsToReboot.CacheNodeId.1=0001`);
    expect(rebootIds()).toEqual(['0002']);
    expect(shown().nodes).toEqual(['in-sync', 'pending-reboot']);
    api.settle('web');
    api.ask('RebootCacheCluster', `${WEB}&CacheNodeIdsToReboot.CacheNodeId.1=0002`);
    expect(shown()).toMatchObject({ apply: 'in-sync', nodes: ['in-sync', 'in-sync'] });
  });

  test('a parameter that takes effect at once is applied without a reboot', () => {
    expect(set('cache_memlimit', '32')).toBe('200');
    expect(api.changed).toEqual(['web']);
    expect(shown()).toMatchObject({ status: 'modifying', apply: 'applying' });
    api.settle('web');
    expect(shown()).toMatchObject({ status: 'available', apply: 'in-sync' });
  });

  test('a value that is taken back before the reboot needs none', () => {
    set('idle_timeout', '60');
    expect(rebootIds()).toHaveLength(2);
    api.ask('ResetCacheParameterGroup', `${GROUP}&ResetAllParameters=true`);
    expect(shown().apply).toBe('in-sync');
  });

  test('another group applies as far as it can, and the rest waits', () => {
    set('idle_timeout', '60');
    const other = 'CacheParameterGroupName=default.memcached1.6';
    api.ask('ModifyCacheCluster', `${WEB}&${other}`);
    expect(shown().apply).toBe('in-sync');
  });

  test('a value that a node of a user cannot have is refused', () => {
    expect(set('max_item_size', '67108864')).toBe('InvalidParameterCombination');
    const small = `${WEB}&CacheNodeType=slabring.8x1&ApplyImmediately=true`;
    set('max_item_size', '4194304');
    expect(api.codeOf('ModifyCacheCluster', small)).toBe('InvalidParameterCombination');
  });
});
