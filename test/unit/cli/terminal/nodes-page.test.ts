import { describe, expect, test } from 'vitest';
import { membersText } from '../../../../src/cli/terminal/nodes-page.ts';
import type { MemberStatus, MembersReply } from '../../../../src/cluster/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { NOTHING_MOVED } from '../../../support/nothing-moved.ts';

const NOW_MS = 1_000_000;

function statusWith(nth: number, fields: Partial<MemberStatus> = {}): MemberStatus {
  return {
    ...memberWith(nth),
    pid: 4710 + nth,
    items: 1000,
    bytes: 2 ** 20,
    memoryLimitBytes: 2 ** 26,
    adopted: 1,
    isComplete: true,
    ...NOTHING_MOVED,
    unreachable: [],
    ...fields,
  };
}

const replyWith = (...members: readonly MemberStatus[]): MembersReply => ({
  ...topologyWith(0),
  event: 'members',
  members,
  waitsFor: [],
  changes: [{ version: 1, reason: 'web-2 joins', by: 'operator', atMs: NOW_MS - 2000 }],
});

describe('slabring nodes list', () => {
  test('a cluster at rest is a table and its last changes', () => {
    expect(membersText(replyWith(statusWith(1)), NOW_MS)).toBe(
      [
        'Cluster web: 1 node, 2 copies of each key, sync. Topology 1.',
        '',
        'node    address          state     items   memory     to send   pid',
        'web-1   10.0.0.1:11211   serving   1K      1/64 MiB   0         4711',
        '',
        'Last changes:',
        '  2 s ago: web-2 joins (operator)',
      ].join('\n'),
    );
  });
  test('items that move are shown with their pace and the time that they take', () => {
    const moving = { keysLeft: 12_300, bytesLeft: 2 ** 23 };
    const pace = { keysPerSecond: 6000, bytesPerSecond: 2 ** 22 };
    const text = membersText(
      replyWith(statusWith(1, { ...moving, ...pace }), statusWith(2, moving)),
      NOW_MS,
    );
    expect(text).toContain(
      'Items move:\n' +
        '  web-1 has about 12.3K keys (8 MiB) left to send: 6K keys/s, 4 MiB/s, about 3 s more\n' +
        '  web-2 has about 12.3K keys (8 MiB) left to send\n',
    );
  });
  test('a member that another one cannot reach is named', () => {
    const text = membersText(replyWith(statusWith(1, { unreachable: ['web-2'] })), NOW_MS);
    expect(text).toContain(
      'Not in sync:\n  web-2 does not take the changes of web-1, or does not reply\n',
    );
  });
});
