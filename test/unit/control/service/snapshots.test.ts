import { beforeEach, describe, expect, test } from 'vitest';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const WEB = 'CacheClusterId=web';
const TAKE = `${WEB}&SnapshotName=Daily`;

let api: ApiHarness;
beforeEach(() => {
  api = new ApiHarness();
  api.ask('CreateCacheCluster', `${WEB}&CacheNodeType=cache.t3.micro&NumCacheNodes=3`);
  api.settle('web');
});

/** What the reconciler does with a snapshot. */
const written = (name: string): void => {
  const snapshot = api.state.get('snapshot', name)!;
  api.state.put('snapshot', name, { ...snapshot, status: 'available', items: 5, bytes: 3e6 });
  const { snapshot: _, ...cluster } = api.state.get('cluster', 'web')!;
  api.state.put('cluster', 'web', { ...cluster, status: 'available' });
};
const statuses = (members = '') =>
  textsIn(api.ask('DescribeSnapshots', members).body, 'SnapshotStatus');

describe('snapshots', () => {
  test('a cluster is snapshotting until the snapshot is written', () => {
    const { body } = api.ask('CreateSnapshot', TAKE);
    expect(textsIn(body, 'SnapshotName')).toEqual(['daily']);
    expect(textsIn(body, 'SnapshotStatus')).toEqual(['creating']);
    const shown = api.ask('DescribeCacheClusters').body;
    expect(textsIn(shown, 'CacheClusterStatus')).toEqual(['snapshotting']);
    expect(api.codeOf('CreateSnapshot', TAKE)).toBe('InvalidCacheClusterState');
    expect(api.codeOf('DeleteSnapshot', 'SnapshotName=daily')).toBe('InvalidSnapshotState');
    written('daily');
    expect(textsIn(api.ask('DescribeSnapshots').body, 'CacheSize')).toEqual(['3 MB']);
    expect(api.codeOf('CreateSnapshot', TAKE)).toBe('SnapshotAlreadyExistsFault');
  });

  test('a new cluster has the shape of the snapshot, or another one', () => {
    api.ask('CreateSnapshot', TAKE);
    const from = 'CacheClusterId=new&SnapshotName=daily';
    expect(api.codeOf('CreateCacheCluster', from)).toBe('InvalidSnapshotState');
    written('daily');
    expect(textsIn(api.ask('CreateCacheCluster', from).body, 'NumCacheNodes')).toEqual(['3']);
    expect(api.codeOf('DeleteSnapshot', 'SnapshotName=daily')).toBe('InvalidSnapshotState');
    const other = `${from.replace('new', 'other')}&NumCacheNodes=1&CacheNodeType=cache.m5.large`;
    expect(textsIn(api.ask('CreateCacheCluster', other).body, 'NumCacheNodes')).toEqual(['1']);
  });

  test('a copy is of its own, and a deleted one leaves no file', () => {
    api.ask('CreateSnapshot', TAKE);
    const copy = 'SourceSnapshotName=daily&TargetSnapshotName=kept';
    expect(api.codeOf('CopySnapshot', copy)).toBe('InvalidSnapshotState');
    written('daily');
    expect(api.codeOf('CopySnapshot', copy)).toBe('200');
    expect(api.codeOf('CopySnapshot', copy)).toBe('SnapshotAlreadyExistsFault');
    expect(textsIn(api.ask('DeleteSnapshot', 'SnapshotName=daily').body, 'SnapshotStatus')).toEqual(
      ['deleting'],
    );
    expect(statuses('SnapshotName=kept')).toEqual(['available']);
    expect(api.copies).toEqual(['daily to kept', 'no daily']);
    expect(api.codeOf('DescribeSnapshots', 'SnapshotName=daily')).toBe('SnapshotNotFoundFault');
  });

  test('a list has those of one cluster, or of one source', () => {
    api.ask('CreateSnapshot', TAKE);
    expect(statuses('CacheClusterId=WEB')).toHaveLength(1);
    expect(statuses('CacheClusterId=other')).toHaveLength(0);
    expect(statuses('SnapshotSource=user')).toHaveLength(1);
    expect(statuses('SnapshotSource=system')).toHaveLength(0);
  });

  test('a cluster that is deleted has its last snapshot before', () => {
    api.ask('DeleteCacheCluster', `${WEB}&FinalSnapshotIdentifier=last`);
    expect(statuses('SnapshotName=last')).toEqual(['creating']);
    expect(api.state.get('cluster', 'web')).toMatchObject({ status: 'deleting', snapshot: 'last' });
  });

  test.each([
    ['CreateSnapshot', 'SnapshotName=x', 'InvalidParameterCombination'],
    ['CreateSnapshot', `${TAKE}&KmsKeyId=x`, 'InvalidParameterCombination'],
    ['CreateSnapshot', `${WEB}&SnapshotName=-x`, 'InvalidParameterValue'],
    ['CreateSnapshot', 'ReplicationGroupId=x&SnapshotName=x', 'ReplicationGroupNotFoundFault'],
    ['CreateSnapshot', 'CacheClusterId=none&SnapshotName=x', 'CacheClusterNotFound'],
    ['DeleteSnapshot', 'SnapshotName=none', 'SnapshotNotFoundFault'],
  ])('%s of %s is %s', (operation, members, code) => {
    expect(api.codeOf(operation, members)).toBe(code);
    expect(statuses()).toEqual([]);
  });
});
