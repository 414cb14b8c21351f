/** The way of a request from the node that a client has asked to the primary of its key. */
import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { Forwarder } from '../../../../src/cluster/thread/forwarder.ts';
import { PARKED_MS_MAX } from '../../../../src/cluster/thread/parked-forwards.ts';
import { PEER_STATUS } from '../../../../src/protocol/peer.ts';
import { PLACE } from '../../../../src/server/index.ts';
import { ForwarderHarness } from '../../../support/forwarder-harness.ts';

const DOWN = new CodedError('ERR_PEER_DOWN', 'it refuses connections');
const LOST = new CodedError('ERR_PEER_LOST', 'the connection broke');

const newHarness = () => new ForwarderHarness((parts) => new Forwarder(parts));

describe('forwarder', () => {
  test('a request reaches the member as the client sent it, and its reply comes back', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    expect(harness.links[1]!.requests).toEqual(['0 1 get k\r\n']);
    harness.links[1]!.reply(PEER_STATUS.ok, 'END\r\n');
    expect(sent.reply).toBe('END\r\n');
  });

  test('requests of one turn leave in one frame, and each gets its reply', () => {
    const harness = newHarness();
    const link = harness.links[1]!;
    link.endsTurns = false;
    const sent = ['get a\r\n', 'mg b\r\n', 'get c\r\n'].map((text) => harness.forward(1, text));
    link.endTurn();
    expect(link.frames).toEqual([3]);
    link.replyAll([
      [PEER_STATUS.ok, 'END\r\n'],
      [PEER_STATUS.failed, 'it stops'],
      [PEER_STATUS.ok, 'VALUE c 0 0\r\n\r\nEND\r\n'],
    ]);
    const node = 'the node 127.0.0.1:2001, which has this key,';
    expect(sent.map(({ reply }) => reply)).toEqual([
      'END\r\n',
      `ERR_FORWARD ${node} says: it stops`,
      'VALUE c 0 0\r\n\r\nEND\r\n',
    ]);
  });

  test('a frame has no more requests than have room for their replies in one', () => {
    const harness = newHarness();
    const link = harness.links[1]!;
    link.endsTurns = false;
    for (let nth = 0; nth < 130; nth++) harness.forward(1, `get ${nth}\r\n`);
    link.endTurn();
    expect(link.frames).toEqual([60, 60, 10]);
  });

  test('a request to a member with a newer topology goes on once this node has adopted it', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    harness.links[1]!.reply(PEER_STATUS.newer, '', 2);
    expect(harness.links[2]!.requests).toEqual([]);
    harness.place = 2;
    harness.adopt(2);
    harness.links[2]!.reply(PEER_STATUS.ok, 'END\r\n');
    expect(sent.reply).toBe('END\r\n');
    expect(harness.forwarder.counts).toMatchObject({ sent: 1, retried: 1, failed: 0 });
  });

  test('a request whose key comes to this node is executed here', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    harness.links[1]!.reply(PEER_STATUS.newer, '', 2);
    harness.place = PLACE.here;
    harness.adopt(2);
    expect(sent.reply).toBe('executed here: get k\r\nEND\r\n');
  });

  test('a request waits for a member that is down, and goes on when its link is up', () => {
    const harness = newHarness();
    const first = harness.forward(1, 'set k 0 0 1\r\nx\r\n');
    harness.links[1]!.fail(DOWN);
    const second = harness.forward(1, 'get k\r\n');
    expect(harness.links[1]!.requests.length).toBe(1);
    harness.forwarder.reached('node-1#1');
    expect(harness.links[1]!.requests.slice(1)).toEqual([
      '0 1 set k 0 0 1\r\nx\r\n',
      '0 1 get k\r\n',
    ]);
    harness.links[1]!.reply(PEER_STATUS.ok, 'STORED\r\n');
    harness.links[1]!.reply(PEER_STATUS.ok, 'END\r\n');
    expect([first.reply, second.reply]).toEqual(['STORED\r\n', 'END\r\n']);
  });

  test('a request fails with a sentence once it has waited for its bound', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    harness.links[1]!.fail(DOWN);
    harness.advance(PARKED_MS_MAX - 1);
    expect(sent.reply).toBeUndefined();
    harness.advance(200);
    const node = 'the node 127.0.0.1:2001, which has this key,';
    expect(sent.reply).toBe(`ERR_FORWARD ${node} does not answer: it refuses connections`);
    expect(harness.forwarder.counts.failed).toBe(1);
  });

  test('a request whose link breaks after the next topology has come waits for nothing', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'set k 0 0 1\r\nx\r\n');
    harness.place = 2;
    harness.adopt(2);
    harness.links[1]!.fail(DOWN);
    harness.links[2]!.reply(PEER_STATUS.ok, 'STORED\r\n');
    expect(sent.reply).toBe('STORED\r\n');
  });

  test('a read is sent once more after its link broke', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    harness.links[1]!.fail(LOST);
    harness.forwarder.reached('node-1#1');
    harness.links[1]!.fail(LOST);
    const node = 'the node 127.0.0.1:2001, which has this key,';
    expect(sent.reply).toBe(
      `ERR_FORWARD_LOST ${node} may have run the request: the connection broke`,
    );
    expect(harness.links[1]!.requests.length).toBe(2);
  });

  test.each(['set k 0 0 1\r\nx\r\n', 'incr k 1\r\n', 'touch k 0\r\n', 'mg k v T30\r\n'])(
    'a request that may have changed its key is not sent again: %s',
    (request) => {
      const harness = newHarness();
      const sent = harness.forward(1, request);
      harness.links[1]!.fail(LOST);
      expect(sent.reply).toContain('may have run the request');
      expect(harness.links[1]!.requests.length).toBe(1);
    },
  );

  test('a get whose keys come to several nodes is sent in parts, and joined in their order', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'gets a b c\r\n');
    harness.links[1]!.reply(PEER_STATUS.newer, '', 2);
    harness.placeOf = (key) => ({ a: 2, b: PLACE.here, c: 2 })[key]!;
    harness.adopt(2);
    const [a, c] = harness.links[2]!.requests;
    expect([a, c]).toEqual(['0 1 gets a\r\n', '0 1 gets c\r\n']);
    harness.links[2]!.reply(PEER_STATUS.ok, 'VALUE a 0 1 7\r\n1\r\nEND\r\n');
    harness.links[2]!.reply(PEER_STATUS.ok, 'END\r\n');
    expect(sent.reply).toBe('VALUE a 0 1 7\r\n1\r\nexecuted here: gets b\r\nEND\r\n');
  });

  test('two nodes of one topology that disagree are counted, and the client gets an error', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    harness.links[1]!.reply(PEER_STATUS.notMine, '', 1);
    expect(sent.reply).toContain('ERR_FORWARD_DISAGREEMENT');
    expect(harness.forwarder.counts.disagreements).toBe(1);
  });

  test('a request that moves on and on fails', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    for (let round = 0; round < 100 && sent.reply === undefined; round++) {
      harness.links[1]!.reply(PEER_STATUS.newer, '', 1);
    }
    expect(sent.reply).toBe('ERR_FORWARD the key moves from node to node; try again');
  });

  test('all requests fail when the node stops', () => {
    const harness = newHarness();
    const sent = harness.forward(1, 'get k\r\n');
    harness.links[1]!.fail(DOWN);
    harness.forwarder.close();
    expect(sent.reply).toBe('ERR_FORWARD this node stops');
  });
});
