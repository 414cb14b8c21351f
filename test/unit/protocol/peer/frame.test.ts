import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import {
  beginFrame,
  endFrame,
  Frame,
  KIND,
  PAYLOAD_BYTES_MAX,
  PEER_STATUS,
  PEER_VALUE_BYTES_MAX,
  type PeerStatus,
  type RequestKind,
} from '../../../../src/protocol/peer/frame.ts';
import { decoded } from '../../../support/peer-frames.ts';

describe('frames', () => {
  test('a frame keeps its kind, flags, id and version', () => {
    const status: PeerStatus = PEER_STATUS.newer;
    const kind: RequestKind = KIND.ping;
    const sink = new ByteSink(16);
    const at = beginFrame(sink, kind, status, 0xffff_ffff, 2 ** 53 - 1);
    sink.putText('payload');
    expect(endFrame(sink, at)).toBe(7);
    const frame = decoded(sink.bytes.subarray(0, sink.at));
    expect(frame).toBeInstanceOf(Frame);
    expect(frame.payloadText()).toBe('payload');
    const { flags, id, version } = frame;
    const expected = { kind, flags: status, id: 0xffff_ffff, version: 2 ** 53 - 1 };
    expect({ kind: frame.kind, flags, id, version }).toEqual(expected);
  });
  test('the largest value fits into a frame, with room for its key and its fields', () => {
    expect(PAYLOAD_BYTES_MAX - PEER_VALUE_BYTES_MAX).toBeGreaterThan(2048 + 250);
  });
});
