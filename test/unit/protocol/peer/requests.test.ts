import { describe, expect, test } from 'vitest';
import { KIND, MalformedFrame, PAYLOAD_BYTES_MAX } from '../../../../src/protocol/peer/frame.ts';
import {
  type FlushPhase,
  ForwardView,
  PING_BYTES_MAX,
  putFlush,
  putForward,
  readFlush,
} from '../../../../src/protocol/peer/requests.ts';
import { received } from '../../../support/peer-frames.ts';

describe('requests', () => {
  test('a forwarded request keeps its dialect, its role and its bytes', () => {
    const request = Buffer.from('..get a\r\n');
    const frame = received(KIND.forward, (sink) => putForward(sink, 2, 1, request, 2, 9));
    const forward = new ForwardView();
    forward.read(frame);
    expect({ dialect: forward.dialect, role: forward.role }).toEqual({ dialect: 2, role: 1 });
    expect(frame.bytes.toString('latin1', forward.start, frame.end)).toBe('get a\r\n');
    const short = received(KIND.forward, (sink) => sink.putText('abc'));
    expect(() => forward.read(short)).toThrow(MalformedFrame);
  });
  test.each<[FlushPhase, number]>([
    [1, 0],
    [2, -1],
    [1, 2_000_000_000],
  ])('a flush of phase %i keeps the exptime %i', (phase, exptime) => {
    const frame = received(KIND.flush, (sink) => putFlush(sink, phase, exptime));
    expect(readFlush(frame)).toEqual({ phase, exptime });
  });
  test('a flush of an unknown phase is malformed', () => {
    const frame = received(KIND.flush, (sink) => putFlush(sink, 1, 0));
    frame.bytes[frame.start] = 3;
    expect(() => readFlush(frame)).toThrow('a flush has the phase 3');
  });
  test('the largest ping fits into a frame', () => {
    expect(PING_BYTES_MAX).toBeLessThan(PAYLOAD_BYTES_MAX);
  });
});
