import * as zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compressInThread, ZLIB, ZSTD } from '../../../../src/client/values/compression.ts';
import { Unpacker } from '../../../../src/client/values/unpacker.ts';
import { contentBytesOf } from '../../../../src/client/values/zstd-frame.ts';
import { ManualTiming } from '../../../support/manual-timing.ts';

const MiB = 2 ** 20;
const NEVER = Number.POSITIVE_INFINITY;
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);
/** A frame without a content size. */
const streamed = (bytes: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    zlib.zstdCompress(bytes, (error, frame) => (error === null ? resolve(frame) : reject(error)));
  });
/** The frame with another content size in its header (4 bytes). */
function lying(frame: Buffer, contentBytes: number): Buffer {
  const at = (frame[4]! & 0x20) === 0 ? 6 : 5;
  const lie = Buffer.from(frame);
  lie.writeUInt32LE(contentBytes, at);
  return lie;
}
const tooLarge = { code: 'ERR_VALUE', message: expect.stringContaining('maxValueBytes') };

async function outcomeOf(run: () => Buffer | Promise<Buffer>): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error;
  }
}

describe('the content size of a zstd frame', () => {
  test.each([0, 1, 255, 256, 257, 65_791, 65_792, 300_000, 5 * MiB])(
    'a frame of %i bytes says its content size',
    async (bytes) => {
      expect(contentBytesOf(zlib.zstdCompressSync(zeros(bytes)))).toBe(bytes);
      expect(contentBytesOf(await compressInThread(zeros(bytes), 3))).toBe(bytes);
    },
  );
  test('a streamed frame, a short one and other bytes have none', async () => {
    const frame = zlib.zstdCompressSync(zeros(300_000));
    expect(contentBytesOf(await streamed(zeros(300_000)))).toBeUndefined();
    for (let length = 0; length < 9; length++) {
      expect(contentBytesOf(frame.subarray(0, length))).toBeUndefined();
    }
    expect(contentBytesOf(Buffer.from('not a frame'))).toBeUndefined();
  });
});

describe('a bomb', () => {
  const bombs: readonly (readonly [string, () => Buffer | Promise<Buffer>])[] = [
    ['a zstd frame', () => zlib.zstdCompressSync(zeros(64 * MiB))],
    ['a zstd frame without a size', () => streamed(zeros(64 * MiB))],
    ['a frame that says less', () => lying(zlib.zstdCompressSync(zeros(64 * MiB)), 100_000)],
    [
      'a second frame behind a small one',
      () =>
        Buffer.concat([zlib.zstdCompressSync(zeros(9)), zlib.zstdCompressSync(zeros(64 * MiB))]),
    ],
  ];
  test.each(bombs)('%s fails, and unpacks no more than the bound', async (_, make) => {
    const bomb = await make();
    expect(bomb.length).toBeLessThan(32 * 1024);
    const unpacker = new Unpacker(MiB);
    const size = contentBytesOf(bomb);
    const error = await outcomeOf(() => unpacker.unpack(ZSTD, bomb, size, NEVER));
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toContain('out of memory');
  });
  test('a frame that says that it is too large is refused before it is unpacked', () => {
    const never = () => {
      throw new Error('it was unpacked');
    };
    const unpacker = new Unpacker(MiB);
    const frame = zeros(10);
    const format = { sync: never, inThread: never };
    expect(() => unpacker.unpack(format, frame, MiB + 1, NEVER)).toThrow(
      expect.objectContaining(tooLarge),
    );
  });
  test('a zlib stream fails, small or large', async () => {
    for (const bytes of [MiB + 1, 32 * MiB, 300 * MiB]) {
      const stream = zlib.deflateSync(zeros(bytes));
      const unpacker = new Unpacker(MiB);
      const error = await outcomeOf(() => unpacker.unpack(ZLIB, stream, undefined, NEVER));
      expect(error).toMatchObject(tooLarge);
    }
  });
  test('the bound itself is a valid size, in this thread and in another', async () => {
    for (const bytes of [100, 256 * 1024, 256 * 1024 + 1, 2 * MiB]) {
      const unpacker = new Unpacker(bytes);
      const frame = zlib.zstdCompressSync(zeros(bytes));
      for (const size of [undefined, bytes]) {
        const unpacked = unpacker.unpack(ZSTD, frame, size, NEVER);
        expect(unpacked instanceof Promise).toBe(bytes > 256 * 1024);
        expect(await unpacked).toHaveLength(bytes);
      }
      const stream = zlib.deflateSync(zeros(bytes));
      expect(await unpacker.unpack(ZLIB, stream, undefined, NEVER)).toHaveLength(bytes);
      const less = new Unpacker(bytes - 1);
      const error = await outcomeOf(() => less.unpack(ZSTD, frame, bytes, NEVER));
      expect(error).toMatchObject(tooLarge);
    }
  });
});

test('one turn of the event loop unpacks 16 MiB at once, another thread the rest', async () => {
  const unpacker = new Unpacker(MiB);
  const frame = zlib.zstdCompressSync(zeros(256 * 1024));
  const unpack = () => unpacker.unpack(ZSTD, frame, 256 * 1024, NEVER);
  const all = Array.from({ length: 70 }, unpack);
  expect(all.filter((each) => !(each instanceof Promise))).toHaveLength(64);
  for (const unpacked of await Promise.all(all)) expect(unpacked).toHaveLength(256 * 1024);
  await new Promise(setImmediate);
  expect(unpack()).toBeInstanceOf(Buffer);
});

describe('the deadline of unpacking', () => {
  /** A format whose values the test unpacks by hand. */
  function manualFormat() {
    const started: (() => void)[] = [];
    const inThread = () => {
      return new Promise<Buffer>((resolve) => void started.push(() => resolve(zeros(1))));
    };
    return { started, format: { sync: () => zeros(1), inThread } };
  }
  const large = zeros(40_000);

  test('a value that is not unpacked at the deadline fails', async () => {
    const timing = new ManualTiming();
    const { format, started } = manualFormat();
    const unpacker = new Unpacker(MiB, timing);
    const work = unpacker.unpack(format, large, undefined, timing.now() + 50);
    const outcome = outcomeOf(() => work);
    await timing.advance(50);
    expect(await outcome).toMatchObject({ code: 'ERR_DEADLINE' });
    started[0]!();
    await timing.advance(1);
    expect(timing.timerCount).toBe(0);
  });

  test('four values are unpacked at a time; one whose deadline passed never starts', async () => {
    const timing = new ManualTiming();
    const { format, started } = manualFormat();
    const unpacker = new Unpacker(MiB, timing);
    const unpack = (ms: number) =>
      outcomeOf(() => unpacker.unpack(format, large, undefined, timing.now() + ms));
    const first = Array.from({ length: 4 }, () => unpack(1000));
    const late = unpack(50);
    const last = unpack(1000);
    expect(started).toHaveLength(4);
    await timing.advance(50);
    expect(await late).toMatchObject({ code: 'ERR_DEADLINE' });
    started[0]!();
    expect(await first[0]).toHaveLength(1);
    await timing.advance(0);
    expect(started).toHaveLength(5);
    for (const finish of started) finish();
    expect(await last).toHaveLength(1);
    await Promise.all(first);
    await timing.advance(0);
    expect(timing.timerCount).toBe(0);
  });
});
