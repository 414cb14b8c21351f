import { describe, expect, test } from 'vitest';
import { CLUSTER_NUMBERS } from '../../../../src/commands/admin/cluster-view.ts';
import { OP, packet, packetsOf } from '../../../support/binary-wire.ts';
import { clusterViewWith } from '../../../support/cluster-view.ts';
import { SessionHarness, TEST_CONTROL, testShare } from '../../../support/session-harness.ts';

const view = clusterViewWith();
const inCluster = () =>
  new SessionHarness(testShare(), 0, { control: { ...TEST_CONTROL, cluster: () => view } });
const inNone = () => new SessionHarness(testShare());

function binaryReplies(session: SessionHarness) {
  const { reply } = session.feedAll(packet({ opcode: OP.stat, key: 'cluster' }));
  return packetsOf(Buffer.from(reply, 'latin1')).packets;
}

describe('stats cluster', () => {
  test('a member shows its topology, its work, its peers and the last events', () => {
    const numbers = CLUSTER_NUMBERS.map((name) => `STAT ${name} ${view.numbers[name]}\r\n`);
    expect(inCluster().send('stats cluster\r\n')).toBe(
      'STAT cluster_name web\r\nSTAT member_name web-1\r\nSTAT member_state serving\r\n' +
        'STAT member_role node\r\nSTAT replication sync\r\n' +
        'STAT members_joining 0\r\nSTAT members_serving 2\r\n' +
        numbers.join('') +
        'STAT peer:web-2:links_up 2\r\nSTAT peer:web-2:backlog_bytes 70\r\n' +
        'STAT peer:web-2:unanswered_requests 3\r\nSTAT peer:web-2:lag_ms 1500\r\n' +
        'STAT event:4 1795995316.123 death web-3 9 supervisor web-3 has ended\r\nEND\r\n',
    );
  });
  test('the binary protocol has the same rows', () => {
    const replies = binaryReplies(inCluster());
    const failed = `${view.numbers.forwards_failed}`;
    expect(replies).toContainEqual(
      expect.objectContaining({ key: 'forwards_failed', value: failed, status: 0 }),
    );
    expect(replies.at(-1)).toMatchObject({ key: '', value: '' });
  });
  test('a node in no cluster has no such topic', () => {
    expect(inNone().send('stats cluster\r\n')).toBe('ERROR\r\n');
    expect(binaryReplies(inNone())).toMatchObject([{ status: 1 }]);
  });
});
