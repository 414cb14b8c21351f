import { expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { Pings } from '../../../../src/cluster/thread/pings.ts';
import { Frame, PEER_STATUS } from '../../../../src/protocol/peer.ts';

type Settle = (reply: Frame | CodedError) => void;
const PEER = { name: 'web-2', incarnation: 7 };

function pingsOf(grants: (peer: typeof PEER) => Promise<unknown>) {
  const settles: Settle[] = [];
  const link = { send: (...args: unknown[]) => void settles.push(args[3] as Settle) };
  const linkTo = ({ name }: typeof PEER) => (name === PEER.name ? link : undefined);
  return { settles, pings: new Pings({ linkTo, grants, version: () => 3 }) };
}

function replyOf(flags: number): Frame {
  const frame = new Frame();
  frame.flags = flags;
  return frame;
}

test('only a reply without an error is a grant', async () => {
  const { pings, settles } = pingsOf(() => Promise.resolve(true));
  const asked = [0, 1, 2].map(() => pings.ask(PEER));
  settles[0]!(replyOf(PEER_STATUS.ok));
  settles[1]!(replyOf(PEER_STATUS.failed));
  settles[2]!(new CodedError('ERR_PEER_TIMEOUT', 'late'));
  expect(await Promise.all(asked)).toEqual([true, false, false]);
  expect(await pings.ask({ name: 'unknown', incarnation: 1 })).toBe(false);
});

test.each([
  ['a granted request', () => Promise.resolve(true), PEER_STATUS.ok],
  ['a refused request', () => Promise.resolve(false), PEER_STATUS.failed],
  ['a request that the main thread cannot answer', () => Promise.reject(), PEER_STATUS.failed],
])('the peer gets the answer to %s', async (_, answer, status) => {
  const asked: unknown[] = [];
  const { pings } = pingsOf((peer) => {
    asked.push(peer);
    return answer();
  });
  const reply = new Promise((resolve) => {
    pings.receive(replyOf(0), { ...PEER, reply: (...args) => resolve(args) });
  });
  expect(await reply).toEqual([0, status, 3]);
  expect(asked).toEqual([PEER]);
});
