import { describe, expect, test } from 'vitest';
import { KIND, MalformedFrame, PAYLOAD_BYTES_MAX } from '../../../../src/protocol/peer/frame.ts';
import {
  type FlushPhase,
  PING_BYTES_MAX,
  putFlush,
  putMark,
  putSequence,
  readFlush,
  readMark,
  readSequence,
  type SequenceNumber,
} from '../../../../src/protocol/peer/requests.ts';
import { received } from '../../../support/peer-frames.ts';

describe('requests', () => {
  test.each<[FlushPhase, SequenceNumber]>([
    [1, { high: 0, low: 1 }],
    [2, { high: 0x7fff, low: 0xffff_ffff }],
  ])('a flush of phase %i keeps the sequence number %j', (phase, sequence) => {
    const frame = received(KIND.flush, (sink) => putFlush(sink, phase, sequence));
    expect(readFlush(frame)).toEqual({ phase, sequence });
    const reply = received(KIND.reply, (sink) => putSequence(sink, sequence));
    expect(readSequence(reply)).toEqual(sequence);
  });
  test('a mark keeps its numbers, and a short one is malformed', () => {
    const sequence = { high: 3, low: 0xffff_fffe };
    const frame = received(KIND.mark, (sink) => putMark(sink, 2 ** 40 + 5, sequence));
    expect(readMark(frame)).toEqual({ complete: 2 ** 40 + 5, sequence });
    const short = received(KIND.mark, (sink) => putSequence(sink, sequence));
    expect(() => readMark(short)).toThrow(MalformedFrame);
  });
  test('a flush of an unknown phase is malformed', () => {
    const frame = received(KIND.flush, (sink) => putFlush(sink, 1, { high: 0, low: 1 }));
    frame.bytes[frame.start] = 3;
    expect(() => readFlush(frame)).toThrow('a flush has the phase 3');
  });
  test('the largest ping fits into a frame', () => {
    expect(PING_BYTES_MAX).toBeLessThan(PAYLOAD_BYTES_MAX);
  });
});
