import { describe, expect, test } from 'vitest';
import { activityOf } from '../../../../src/ops/top/activity.ts';
import { withCluster } from '../../../../src/ops/top/cluster-activity.ts';
import type { Span } from '../../../../src/ops/top/reading.ts';

type Rows = Readonly<Record<string, string>>;

const AT_REST = { member_state: 'serving', member_role: 'node', keys_moved: '9', keys_left: '0' };

/** A member whose rows change within two seconds. */
function member(before: Rows, after: Rows): Span {
  const at = (atMs: number, rows: Rows) =>
    withCluster(
      { atMs, stats: new Map([['pid', '7']]) },
      new Map(Object.entries({ ...AT_REST, ...rows })),
    );
  return { before: at(1000, before), after: at(3000, after) };
}
const plain: Span = {
  before: { atMs: 0, stats: new Map() },
  after: { atMs: 1000, stats: new Map() },
};

describe('what a member of a cluster does', () => {
  test('forwards are a rate, the lag is the longest, and backlogs add up', () => {
    const peers = {
      'peer:node-2:lag_ms': '40',
      'peer:node-2:backlog_bytes': '100',
      'peer:node-3:lag_ms': '1500',
      'peer:node-3:backlog_bytes': '11',
    };
    const span = member({ forwards_sent: '10' }, { forwards_sent: '50', ...peers });
    expect(activityOf([span])).toMatchObject({
      clusterState: 'serving',
      forwardsPerSecond: 20,
      lagMs: 1500,
      backlogBytes: 111,
    });
  });
  test('the part of a fill that is done counts while something is left', () => {
    const filling = member({}, { keys_moved: '30', keys_left: '90' });
    expect(activityOf([filling]).fillRatio).toBe(0.25);
    expect(activityOf([member({}, {})]).fillRatio).toBeUndefined();
  });
  test('a proxy is shown as one', () => {
    expect(activityOf([member({}, { member_role: 'proxy' })]).clusterState).toBe('proxy');
  });
  test('a total has no state, and a node in no cluster has none of it', () => {
    const forwards = { forwards_sent: '8' };
    const span = member({ forwards_sent: '0' }, forwards);
    const total = activityOf([span, span, plain]);
    expect(total).toMatchObject({ forwardsPerSecond: 8, lagMs: 0 });
    expect(total.clusterState).toBeUndefined();
    expect(Object.keys(activityOf([plain]))).not.toContain('lagMs');
  });
});
