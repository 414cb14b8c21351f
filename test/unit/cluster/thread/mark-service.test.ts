import { expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { MarkService } from '../../../../src/cluster/thread/mark-service.ts';
import { TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import { KIND, PEER_STATUS, putMark } from '../../../../src/protocol/peer.ts';
import { memberWith } from '../../../support/cluster-topologies.ts';
import { CopyNode } from '../../../support/copy-node.ts';
import { arrived } from '../../../support/held-links.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { settleAll } from '../../../support/settle-all.ts';

test.each([
  ['ok', () => Promise.resolve(), PEER_STATUS.ok],
  ['failed', () => Promise.reject(new CodedError('ERR_TEST', 'No.')), PEER_STATUS.failed],
] as const)(
  'the reply to a mark is %s after the main thread has answered',
  async (_, marked, status) => {
    const service = new MarkService({
      copies: new CopyNode().copies,
      view: new TopologyView(new ManualTimers()),
      marked,
    });
    const replies: number[] = [];
    const frame = arrived(KIND.mark, 0, 3, (sink) => putMark(sink, 2, { high: 0, low: 9 }));
    const { name, incarnation } = memberWith(2);
    service.receive(frame, { name, incarnation, reply: (_id, flags) => void replies.push(flags) });
    expect(replies).toEqual([]);
    await settleAll();
    expect(replies).toEqual([status]);
  },
);
