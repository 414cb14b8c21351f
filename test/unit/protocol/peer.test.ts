import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import {
  beginBatch,
  beginForwardReplies,
  beginState,
  endState,
  type FlushPhase,
  ForwardRepliesView,
  ForwardView,
  type Frame,
  type KeyState,
  KIND,
  PEER_STATUS,
  PEER_VALUE_BYTES_MAX,
  PING_BYTES_MAX,
  putFlush,
  putForwardEnd,
  putForwardHead,
  putForwardReply,
  putMark,
  putRefusal,
  putSequence,
  REFUSAL,
  type Refusal,
  RefusalsReader,
  readFlush,
  readMark,
  readSequence,
  type SequenceNumber,
  StatesReader,
} from '../../../src/protocol/peer.ts';
import { received } from '../../support/peer-frames.ts';

describe('the door for peers', () => {
  test('both halves of each request pass the door', () => {
    const forward = new ForwardView();
    const request = received(KIND.forward, (sink) => {
      putForwardHead(sink, 1, 2, 1);
      putForwardEnd(sink, 7);
      sink.putText('get a\r\n');
    });
    forward.read(request);
    expect([forward.dialect, forward.role, forward.count]).toEqual([1, 2, 1]);
    const replies = new ForwardRepliesView();
    const answer = received(KIND.reply, (sink) => {
      beginForwardReplies(sink, 1);
      putForwardReply(sink, PEER_STATUS.notMine, 0);
    });
    replies.read(answer, 1);
    expect(replies.statusOf(0)).toBe(PEER_STATUS.notMine);
    const phase: FlushPhase = 2;
    const sequence: SequenceNumber = { high: 1, low: 5 };
    const flush: Frame = received(KIND.flush, (sink) => putFlush(sink, phase, sequence));
    expect(readFlush(flush)).toEqual({ phase, sequence });
    const reply = received(KIND.reply, (sink) => putSequence(sink, sequence));
    expect(readSequence(reply)).toEqual(sequence);
    const mark = received(KIND.mark, (sink) => putMark(sink, 6, sequence));
    expect(readMark(mark)).toEqual({ complete: 6, sequence });
    expect(PING_BYTES_MAX).toBeLessThan(PEER_VALUE_BYTES_MAX);
  });
  test('both halves of a batch and of its reply pass the door', () => {
    const key = Buffer.from('key');
    const state: KeyState = {
      ...{ keySource: key, keyStart: 0, keyBytes: 3, readHigh: 0, readLow: 8, exists: true },
      ...{ value: new ByteSink(1), valueStart: 0, valueBytes: 0, clientFlags: 1, expiry: 2 },
      ...{ idleSeconds: 3, hits: 1, casHigh: 4, casLow: 5, ownCas: false, ownCasHigh: 0 },
      ...{ ownCasLow: 0, isFetched: false, isStale: false, isLeased: false, isKept: false },
      keyBinary: false,
    };
    const batch = received(KIND.states, (sink) => {
      beginBatch(sink, 1);
      const at = beginState(sink, key, 0, 3);
      sink.putText('value');
      endState(sink, at, state);
    });
    const states = new StatesReader();
    states.open(batch);
    const into = { ...state, readLow: 0 };
    expect(states.next(into)).toBe(true);
    expect([into.readLow, into.valueBytes, states.next(into)]).toEqual([8, 5, false]);
    const refusals = new RefusalsReader();
    const reason: Refusal = REFUSAL.older;
    refusals.open(received(KIND.reply, (sink) => putRefusal(sink, 0, reason, 1, 2)));
    expect([refusals.next(), refusals.slotLow]).toEqual([true, 2]);
  });
});
