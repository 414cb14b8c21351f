/** The frames that carry requests of clients from node to node, and their replies. */
import { describe, expect, test } from 'vitest';
import type { ByteSink } from '../../../../src/base/index.ts';
import {
  beginForwardReplies,
  ForwardRepliesView,
  ForwardView,
  putForwardEnd,
  putForwardHead,
  putForwardReply,
} from '../../../../src/protocol/peer/forwards.ts';
import { KIND, MalformedFrame, PEER_STATUS } from '../../../../src/protocol/peer/frame.ts';
import { received } from '../../../support/peer-frames.ts';

function read(put: (sink: ByteSink) => void): ForwardView {
  const view = new ForwardView();
  view.read(received(KIND.forward, put));
  return view;
}

function putRequests(sink: ByteSink, ends: readonly number[], text: string): void {
  putForwardHead(sink, 2, 1, ends.length);
  for (const end of ends) putForwardEnd(sink, end);
  sink.putText(text);
}

describe('forwards', () => {
  test('forwarded requests keep their dialect, their role and their bounds', () => {
    const frame = received(KIND.forward, (sink) => putRequests(sink, [7, 7, 10], 'get a\r\nbcd'));
    const view = new ForwardView();
    view.read(frame);
    expect({ dialect: view.dialect, role: view.role }).toEqual({ dialect: 2, role: 1 });
    const texts = [0, 1, 2].map((nth) =>
      frame.bytes.toString('latin1', view.startOf(nth), view.endOf(nth)),
    );
    expect(texts).toEqual(['get a\r\n', '', 'bcd']);
  });

  test.each<[string, (sink: ByteSink) => void]>([
    ['shorter than its head', (sink) => sink.putText('abc')],
    ['without requests', (sink) => putRequests(sink, [], '')],
    ['without all its ends', (sink) => putForwardHead(sink, 0, 0, 3)],
    ['with ends that fall', (sink) => putRequests(sink, [2, 1, 3], 'abc')],
    ['with an end beyond it', (sink) => putRequests(sink, [4], 'abc')],
    ['with bytes behind the last end', (sink) => putRequests(sink, [2], 'abc')],
  ])('a forward %s is malformed', (_name, put) => {
    expect(() => read(put)).toThrow(MalformedFrame);
  });

  test('a status and a length come back for each reply', () => {
    const frame = received(KIND.reply, (sink) => {
      beginForwardReplies(sink, 2);
      putForwardReply(sink, PEER_STATUS.failed, 3);
      putForwardReply(sink, PEER_STATUS.ok, 0);
      sink.putText('why');
    });
    const view = new ForwardRepliesView();
    view.read(frame, 2);
    expect([view.statusOf(0), view.bytesOf(0)]).toEqual([PEER_STATUS.failed, 3]);
    expect([view.statusOf(1), view.bytesOf(1)]).toEqual([PEER_STATUS.ok, 0]);
    expect(() => view.read(frame, 1)).toThrow(MalformedFrame);
    expect(() => view.read(frame, 3)).toThrow(MalformedFrame);
  });

  test('a reply with an unknown status is malformed', () => {
    const frame = received(KIND.reply, (sink) => sink.putText('\xf0\0\0\0'));
    expect(() => new ForwardRepliesView().read(frame, 1)).toThrow(MalformedFrame);
  });
});
