import { expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { Pings } from '../../../../src/cluster/thread/pings.ts';
import { Frame, PEER_STATUS } from '../../../../src/protocol/peer.ts';

type Settle = (reply: Frame | CodedError) => void;
const PEER = { name: 'web-2', incarnation: 7 };
const promised = (isPromised: boolean) => ({ isPromised, adopted: 7, released: 6 });

function pingsOf(grants: (peer: typeof PEER) => Promise<unknown>) {
  const settles: Settle[] = [];
  const link = { send: (...args: unknown[]) => void settles.push(args[3] as Settle) };
  const linkTo = ({ name }: typeof PEER) => (name === PEER.name ? link : undefined);
  return { settles, pings: new Pings({ linkTo, grants, version: () => 3 }) };
}

function replyOf(flags: number, payload = ''): Frame {
  const frame = new Frame();
  frame.flags = flags;
  frame.bytes = Buffer.from(payload);
  frame.start = 0;
  frame.end = frame.bytes.length;
  return frame;
}

test('only a reply without an error is a grant', async () => {
  const { pings, settles } = pingsOf(() => Promise.resolve(undefined));
  const asked = [0, 1, 2, 3].map(() => pings.ask(PEER));
  settles[0]!(replyOf(PEER_STATUS.ok, '7 6'));
  settles[1]!(replyOf(PEER_STATUS.failed, '9 8'));
  settles[2]!(new CodedError('ERR_PEER_TIMEOUT', 'late'));
  settles[3]!(replyOf(PEER_STATUS.ok, '7'));
  expect(await Promise.all(asked)).toEqual([
    { isPromised: true, adopted: 7, released: 6 },
    { isPromised: false, adopted: 9, released: 8 },
    undefined,
    undefined,
  ]);
  expect(await pings.ask({ name: 'unknown', incarnation: 1 })).toBeUndefined();
});

test.each([
  ['a granted request', () => Promise.resolve(promised(true)), PEER_STATUS.ok, '7 6'],
  ['a refused request', () => Promise.resolve(promised(false)), PEER_STATUS.failed, '7 6'],
  ['a request without an answer', () => Promise.reject(), PEER_STATUS.failed, '0 0'],
])('the peer gets the answer to %s', async (_, answer, status, payload) => {
  const asked: unknown[] = [];
  const { pings } = pingsOf((peer) => {
    asked.push(peer);
    return answer();
  });
  const reply = new Promise((resolve) => {
    pings.receive(replyOf(0), { ...PEER, reply: (...args) => resolve(args) });
  });
  expect(await reply).toEqual([0, status, 3, Buffer.from(payload)]);
  expect(asked).toEqual([PEER]);
});
