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
  test('a member shows its topology, its work and its peers', () => {
    const numbers = CLUSTER_NUMBERS.map((name) => `STAT ${name} ${view.numbers[name]}\r\n`);
    expect(inCluster().send('stats cluster\r\n')).toBe(
      'STAT cluster_name web\r\nSTAT member_name web-1\r\nSTAT member_state serving\r\n' +
        'STAT replication sync\r\nSTAT members_joining 0\r\nSTAT members_serving 2\r\n' +
        numbers.join('') +
        'STAT peer:web-2:links_up 2\r\nSTAT peer:web-2:backlog_bytes 70\r\n' +
        'STAT peer:web-2:unanswered_requests 3\r\nEND\r\n',
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
