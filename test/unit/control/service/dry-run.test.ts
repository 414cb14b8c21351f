import { beforeEach, describe, expect, test } from 'vitest';
import { shapeOf } from '../../../../src/control/model/node-options.ts';
import { nodeType } from '../../../../src/control/model/node-types.ts';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const CREATE = 'CacheClusterId=Web&CacheNodeType=slabring.64x1&NumCacheNodes=2';
const DRY = 'DryRun=true';

let api: ApiHarness;
beforeEach(() => {
  api = new ApiHarness();
  api.ask('CreateCacheCluster', CREATE);
  api.settle('web');
  const { options } = shapeOf(nodeType('slabring.64x1')!, {});
  const ids = ['0001', '0002'];
  const nodes = ids.map((id) => ({
    ...{ id, serves: true, memoryMib: 64, memoryMibMax: 64, options },
  }));
  api.seen.set('web', { isRunning: true, nodes });
  api.changed.length = 0;
});

const everything = (): string =>
  JSON.stringify([
    api.state.list('cluster'),
    textsIn(api.ask('DescribeEvents').body, 'Message'),
    api.state.list('snapshot'),
  ]);

/** The kinds and nodes of the plan of a request that may change nothing. */
function planned(operation: string, members: string) {
  const before = everything();
  const { status, body } = api.ask(operation, `${members}&${DRY}`);
  expect([status, everything(), api.changed]).toEqual([200, before, []]);
  const plan = body.slice(body.indexOf('<Plan>'), body.indexOf('</Plan>'));
  return { body, kinds: textsIn(plan, 'Kind'), nodes: textsIn(plan, 'CacheNodeId'), plan };
}

describe('a request with DryRun', () => {
  test('a change of the number shows the nodes that come and go, and changes nothing', () => {
    const now = 'CacheClusterId=WEB&ApplyImmediately=true';
    const more = planned('ModifyCacheCluster', `${now}&NumCacheNodes=4`);
    expect(textsIn(more.body, 'CacheClusterStatus')).toEqual(['modifying']);
    expect(more.kinds).toEqual(['add-node', 'add-node']);
    // The last ones are those whose items nobody has counted.
    expect(more.nodes).toEqual(['0003', '0004', '0001', '0002']);
    const removed = 'NumCacheNodes=1&CacheNodeIdsToRemove.CacheNodeId.1=0002';
    expect(planned('ModifyCacheCluster', `${now}&${removed}`).kinds).toEqual(['remove-node']);
    expect(textsIn(more.plan, 'MemoryBytes')).toEqual([String(4 * 64 * 2 ** 20)]);
  });

  test('a change that waits for its window has no steps', () => {
    expect(planned('ModifyCacheCluster', 'CacheClusterId=web&NumCacheNodes=4').kinds).toEqual([]);
  });

  test('a reboot, a creation and a deletion show their steps', () => {
    const node = 'CacheNodeIdsToReboot.CacheNodeId.1=0002';
    expect(planned('RebootCacheCluster', `CacheClusterId=web&${node}`).kinds).toEqual([
      'restart-node',
    ]);
    expect(planned('CreateCacheCluster', CREATE.replace('Web', 'other')).kinds).toEqual(['start']);
    expect(planned('DeleteCacheCluster', 'CacheClusterId=web').kinds).toEqual(['stop']);
    const last = 'CacheClusterId=web&FinalSnapshotIdentifier=last';
    expect(planned('DeleteCacheCluster', last).kinds).toEqual(['snapshot', 'stop']);
  });

  test('a request that would be refused is refused', () => {
    expect(api.codeOf('DeleteCacheCluster', `CacheClusterId=none&${DRY}`)).toBe(
      'CacheClusterNotFound',
    );
    expect(api.codeOf('CreateCacheCluster', `${CREATE}&${DRY}`)).toBe('CacheClusterAlreadyExists');
    expect(api.codeOf('ModifyCacheCluster', `CacheClusterId=web&NumCacheNodes=99&${DRY}`)).toBe(
      'NodeQuotaForClusterExceeded',
    );
  });

  test('an operation that does not have it refuses it', () => {
    const snapshot = 'CacheClusterId=web&SnapshotName=s';
    expect(api.codeOf('CreateSnapshot', `${snapshot}&${DRY}`)).toBe('InvalidParameterCombination');
    expect(api.codeOf('CreateSnapshot', snapshot)).toBe('200');
  });

  test('DryRun=false makes the change', () => {
    api.ask('DeleteCacheCluster', 'CacheClusterId=web&DryRun=false');
    expect(api.state.get('cluster', 'web')?.status).toBe('deleting');
  });
});
