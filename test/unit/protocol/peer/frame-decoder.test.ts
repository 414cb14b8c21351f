import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { beginFrame, endFrame, MalformedFrame } from '../../../../src/protocol/peer/frame.ts';
import { FrameDecoder } from '../../../../src/protocol/peer/frame-decoder.ts';
import { everyCut, pieces } from '../../../support/cuts.ts';
import { Random, testSeed } from '../../../support/random.ts';

const PAYLOAD_MAX = 2_000_000;

interface Seen {
  readonly kind: number;
  readonly flags: number;
  readonly id: number;
  readonly version: number;
  readonly payload: string;
}

const SOME: readonly Seen[] = [
  { kind: 16, flags: 0, id: 1, version: 0, payload: 'get a\r\n' },
  { kind: 32, flags: 3, id: 0xffff_ffff, version: 2 ** 53 - 1, payload: '' },
  { kind: 20, flags: 0, id: 7, version: 2 ** 32, payload: 'x'.repeat(30) },
];

function encoded(frames: readonly Seen[]): Buffer {
  const sink = new ByteSink(64);
  for (const { kind, flags, id, version, payload } of frames) {
    const at = beginFrame(sink, kind, flags, id, version);
    sink.putText(payload);
    endFrame(sink, at);
  }
  return sink.bytes.subarray(0, sink.at);
}

/** A decoder, and the frames that it has passed; `mayGoOn` is asked after each. */
function decoding(mayGoOn: (count: number) => boolean = () => true, payloadMax = PAYLOAD_MAX) {
  const seen: Seen[] = [];
  const decoder = new FrameDecoder((frame) => {
    const { kind, flags, id, version } = frame;
    seen.push({ kind, flags, id, version, payload: frame.payloadText() });
    return mayGoOn(seen.length);
  }, payloadMax);
  const readBuffer = Buffer.alloc(64 * 1024);
  /** Each piece comes in the one read buffer of a thread, whose bytes change afterwards. */
  const feed = (piece: Uint8Array): boolean => {
    readBuffer.set(piece);
    const isOpen = decoder.feed(readBuffer, piece.length);
    readBuffer.fill(0xee, 0, piece.length);
    return isOpen;
  };
  return { seen, decoder, feed };
}

describe('FrameDecoder', () => {
  test('the decoder passes the same frames, wherever the bytes are cut', () => {
    const bytes = encoded(SOME);
    for (const cuts of everyCut(bytes)) {
      const { seen, feed, decoder } = decoding();
      for (const piece of pieces(bytes, cuts)) expect(feed(piece)).toBe(true);
      expect(seen, `cut at ${cuts.join()}`).toEqual(SOME);
      expect(decoder.resume()).toBe(true);
      expect(seen).toHaveLength(SOME.length);
    }
  });
  test('a paused decoder keeps what has arrived, and goes on where it stopped', () => {
    const bytes = encoded(SOME);
    for (const cuts of everyCut(bytes)) {
      const { seen, feed, decoder } = decoding(() => false);
      for (const piece of pieces(bytes, cuts)) feed(piece);
      for (let count = 1; count < SOME.length; count++) {
        expect(seen, `cut at ${cuts.join()}`).toEqual(SOME.slice(0, count));
        expect(decoder.resume()).toBe(false);
      }
      expect(seen).toEqual(SOME);
      expect(decoder.resume()).toBe(true);
    }
  });
  const seed = testSeed();
  test(`random frames in random pieces, with pauses, arrive whole (SEED=${seed})`, () => {
    for (let round = 0; round < 60; round++) {
      const random = new Random(seed).fork(round);
      const frames = Array.from({ length: random.int(1, 40) }, () => randomFrame(random));
      const { seen, feed, decoder } = decoding(() => !random.oneIn(5));
      const bytes = encoded(frames);
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + random.pick([1, 19, 20, 500, 65_536]));
        feed(bytes.subarray(at, end));
        at = end;
        if (random.oneIn(2)) decoder.resume();
      }
      for (let tries = 0; tries <= frames.length && !decoder.resume(); tries++);
      expect(seen, `round ${round}`).toEqual(frames);
    }
  });
  test(`random bytes are malformed frames or wait for more, and never fail (SEED=${seed})`, () => {
    for (let round = 0; round < 300; round++) {
      const random = new Random(seed).fork(round);
      const bytes = encoded(SOME);
      for (let change = random.int(1, 5); change > 0; change--) {
        bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
      }
      const { seen, feed } = decoding();
      try {
        feed(bytes);
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(MalformedFrame);
      }
      expect(seen.length).toBeLessThanOrEqual(SOME.length * 3);
    }
  });
  test('a header that announces too much is malformed before its payload comes', () => {
    const { feed, seen } = decoding(undefined, 10);
    const bytes = encoded([{ kind: 1, flags: 0, id: 0, version: 0, payload: 'x'.repeat(11) }]);
    expect(() => feed(bytes.subarray(0, 20))).toThrow('a frame announces 11 bytes of 10');
    const { feed: feedParts } = decoding(undefined, 10);
    feedParts(bytes.subarray(0, 19));
    expect(() => feedParts(bytes.subarray(19, 20))).toThrow(MalformedFrame);
    expect(seen).toEqual([]);
  });
  test.each([
    ['unknown bits', 6],
    ['unknown bits', 7],
    ['a version above 2^53', 12],
  ])('a header with %s is malformed (byte %i)', (_what, at) => {
    const bytes = encoded(SOME);
    bytes[at] = 0xff;
    expect(() => decoding().feed(bytes)).toThrow(MalformedFrame);
  });
  test('the memory follows the bytes that arrived, not the announced length', () => {
    const { feed, decoder } = decoding();
    const payload = 'x'.repeat(PAYLOAD_MAX);
    const bytes = encoded([{ kind: 1, flags: 0, id: 0, version: 0, payload }]);
    for (let at = 0; at < 20_000; at += 100) {
      feed(bytes.subarray(at, at + 100));
      expect(decoder.heldBytes).toBeLessThanOrEqual(256 * 1024);
    }
    for (let at = 20_000; at < bytes.length; at += 50_000) feed(bytes.subarray(at, at + 50_000));
    expect(decoder.heldBytes).toBe(0);
  });
  test('a closed decoder passes nothing more, also in the middle of a piece', () => {
    const { seen, decoder, feed } = decoding((count) => {
      if (count === 1) decoder.close();
      return false;
    });
    expect(feed(encoded(SOME))).toBe(false);
    expect(decoder.resume()).toBe(false);
    expect(feed(encoded(SOME))).toBe(false);
    expect(seen).toEqual(SOME.slice(0, 1));
    expect(decoder.heldBytes).toBe(0);
  });
});

function randomFrame(random: Random): Seen {
  const length = random.weighted<number>([
    [3, 0],
    [5, random.int(1, 200)],
    [1, random.int(60_000, 300_000)],
  ]);
  const [kind, flags, id] = [random.int(0, 255), random.int(0, 255), random.int(0, 2 ** 32 - 1)];
  const payload = String.fromCharCode(random.int(33, 126)).repeat(length);
  return { kind, flags, id, version: random.int(0, 2 ** 53 - 1), payload };
}
