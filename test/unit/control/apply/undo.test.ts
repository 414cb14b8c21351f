import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import type { JsonObject } from '../../../../src/control/apply/template-text.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import {
  broken,
  cluster,
  group,
  resource,
  StackHarness,
  user,
} from '../../../support/stack-harness.ts';

const SIZE = { Properties: { max_item_size: '2097152' } };
const serverless = (properties: JsonObject) =>
  resource('ServerlessCache', { ServerlessCacheName: 'web', Engine: 'memcached', ...properties });

describe('undo', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let stack: StackHarness;
  beforeEach(async () => {
    folder = await temporaryFolder();
    stack = new StackHarness(folder.path);
  });
  afterEach(async () => {
    stack.file.close();
    await folder.remove();
  });

  test('a change that fails halfway is undone, too', async () => {
    const tags = [{ Key: 'x', Value: '1' }];
    await stack.apply({ A: group('a', { ...SIZE, Tags: tags }) });
    const wrong = { Properties: { max_item_size: 'none' }, Tags: [{ Key: 'y', Value: '2' }] };
    await expect(stack.apply({ A: group('a', wrong) })).rejects.toThrow(/max_item_size/);
    expect(stack.groups()).toEqual([['a', SIZE.Properties]]);
    const arn = String(stack.resources['A']!.attributes['Arn']);
    const { TagList } = await stack.calls('ListTagsForResource', { ResourceName: arn });
    expect(TagList).toEqual(tags);
  });

  test('a password that the undo cannot set back is set by the next run', async () => {
    const old = user({ Passwords: ['old-password-1234'] });
    const changed = user({ Passwords: ['new-password-1234'] });
    await stack.apply({ App: old });
    const wanted = { App: changed, Broken: broken('App') };
    await expect(stack.apply(wanted)).rejects.toThrow(/max_item_size/);
    expect(await stack.calledBy({ App: old })).toContain('ModifyUser');
    expect(await stack.calledBy({ App: old })).toEqual([]);
  });

  test('a cluster that is changing is waited for before its change is undone', async () => {
    stack.settleAfter('CreateCacheCluster');
    await stack.apply({ Web: cluster() });
    let looks = 0;
    stack.after = (operation) => {
      if (operation === 'ModifyCacheParameterGroup failed') {
        stack.modify();
        looks = 1;
      }
      // The second look still sees it change.
      if (operation === 'DescribeCacheClusters' && looks > 0 && looks++ === 2) {
        stack.api.settle('web');
      }
      if (operation === 'ModifyCacheCluster') stack.api.settle('web');
    };
    const wanted = { Web: cluster({ NumCacheNodes: 2 }), Broken: broken('Web') };
    await expect(stack.apply(wanted)).rejects.toThrow(/max_item_size/);
    expect(stack.api.state.get('cluster', 'web')!.nodes).toHaveLength(1);
  });

  test('a change that the API refused is not in the file', async () => {
    stack.settleAfter('CreateCacheCluster');
    const wrong = { Web: cluster({ PreferredMaintenanceWindow: 'never' }) };
    await stack.apply({ Web: cluster() });
    await expect(stack.apply(wrong)).rejects.toThrow(/window/i);
    await expect(stack.apply(wrong)).rejects.toThrow(/window/i);
    await stack.apply({ Web: cluster() });
  });

  const settleCache = (operation: string): void => {
    if (!/^(?:Create|Modify)ServerlessCache$/.test(operation)) return;
    const { state } = stack.api;
    const cache = state.get('serverlesscache', 'web')!;
    state.put('serverlesscache', 'web', { ...cache, status: 'available' });
  };

  test('a change that the API made is in the file, although the run lost the manager', async () => {
    let calls = 0;
    stack.after = (operation) => {
      settleCache(operation);
      if (operation === 'ModifyServerlessCache') calls++;
      if (operation !== 'DescribeServerlessCaches' || calls !== 1) return;
      calls++;
      throw new CodedError('ERR_STACK', 'lost');
    };
    await stack.apply({ Web: serverless({}) });
    const DailySnapshotTime = '03:00';
    await expect(stack.apply({ Web: serverless({ DailySnapshotTime }) })).rejects.toThrow('lost');
    const cache = stack.api.state.get('serverlesscache', 'web')!;
    expect(cache.dailySnapshotTime).toBe(DailySnapshotTime);
    expect(stack.resources['Web']!.properties).toMatchObject({ DailySnapshotTime });
  });

  test('a change that the API made is in the file, although its undo fails, too', async () => {
    let changes = 0;
    stack.after = (operation) => {
      settleCache(operation);
      if (operation === 'ModifyServerlessCache') changes++;
      if (operation !== 'DescribeServerlessCaches' || changes === 0) return;
      throw new CodedError('ERR_STACK', 'lost');
    };
    await stack.apply({ Web: serverless({}) });
    const DailySnapshotTime = '03:00';
    await expect(stack.apply({ Web: serverless({ DailySnapshotTime }) })).rejects.toThrow('lost');
    expect(stack.resources['Web']!.properties).toMatchObject({ DailySnapshotTime });
  });

  test('a cluster without a group gets the default group of its new family', async () => {
    stack.after = (operation) => {
      if (/^(?:Create|Modify)CacheCluster$/.test(operation)) stack.api.settle('web');
    };
    await stack.apply({ Web: cluster({ EngineVersion: '1.5.16' }) });
    await stack.apply({ Web: cluster({ EngineVersion: '1.6.22' }) });
    expect(stack.api.state.get('cluster', 'web')!.parameterGroup).toBe('default.memcached1.6');
  });

  test('what the undo cannot take back stays in the file, and the rest is as before', async () => {
    const { state } = stack.api;
    stack.after = settleCache;
    const less = { DataStorage: { Maximum: 10, Unit: 'GB' } };
    const more = { DataStorage: { Maximum: 20, Unit: 'GB' }, ECPUPerSecond: { Maximum: 5000 } };
    await stack.apply({ Web: serverless({ CacheUsageLimits: less }) });
    const wanted = { Web: serverless({ CacheUsageLimits: more }), Broken: broken('Web') };
    await expect(stack.apply(wanted)).rejects.toThrow(/max_item_size/);
    const limits = { gigabytesMax: 10, ecpuPerSecondMax: 5000 };
    expect(state.get('serverlesscache', 'web')).toMatchObject({ limits });
    const { properties } = stack.resources['Web']!;
    expect(properties['CacheUsageLimits']).toEqual({ ...more, ...less });
  });

  test.each([
    ['1.6.22', '1.6.22'],
    ['1.5.16', '1.5.16'],
    ['1.5.16', '1.6'],
  ])('a cluster of %s that loses its group gets the default of %s', async (first, second) => {
    stack.settleAfter('CreateCacheCluster', 'ModifyCacheCluster');
    const A = group('a', { CacheParameterGroupFamily: `memcached${first.slice(0, 3)}` });
    const grouped = cluster({ EngineVersion: first, CacheParameterGroupName: { Ref: 'A' } });
    await stack.apply({ A, Web: grouped });
    await stack.apply({ A, Web: cluster({ EngineVersion: second }) });
    const { parameterGroup } = stack.api.state.get('cluster', 'web')!;
    expect(parameterGroup).toBe(`default.memcached${second.slice(0, 3)}`);
  });

  test('a group that an undo takes from its cluster becomes the default', async () => {
    stack.settleAfter('CreateCacheCluster', 'ModifyCacheCluster');
    const A = group('a', { CacheParameterGroupFamily: 'memcached1.5' });
    const web = (properties: JsonObject) => cluster({ EngineVersion: '1.5.16', ...properties });
    await stack.apply({ A, Web: web({}) });
    const wanted = { A, Web: web({ CacheParameterGroupName: { Ref: 'A' } }) };
    await expect(stack.apply({ ...wanted, Broken: broken('Web') })).rejects.toThrow(/max_item/);
    expect(stack.api.state.get('cluster', 'web')!.parameterGroup).toBe('default.memcached1.5');
  });
});
