import { ByteSink } from '../../src/base/index.ts';
import {
  beginFrame,
  endFrame,
  type Frame,
  FrameDecoder,
  PAYLOAD_BYTES_MAX,
} from '../../src/protocol/peer.ts';

/** The one frame that a function writes, as the other end decodes it. */
export function received(kind: number, put: (sink: ByteSink) => void): Frame {
  const sink = new ByteSink(16);
  const at = beginFrame(sink, kind, 0, 9, 7);
  put(sink);
  endFrame(sink, at);
  return decoded(sink.bytes.subarray(0, sink.at));
}

export function decoded(bytes: Buffer): Frame {
  let found: Frame | undefined;
  const decoder = new FrameDecoder((frame) => {
    found = frame.copy();
    return true;
  }, PAYLOAD_BYTES_MAX);
  decoder.feed(Buffer.from(bytes), bytes.length);
  if (found === undefined) throw new Error('the bytes are no whole frame');
  return found;
}
