import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { Packer } from '../../../../src/client/values/packer.ts';
import { ThreadQueue } from '../../../../src/client/values/thread-queue.ts';

test('the values that wait for their compression are bounded in sum', async () => {
  const packer = new Packer({ minBytes: 100, level: 1 });
  const large = Buffer.alloc(64 * 2 ** 20);
  const waiting = Array.from({ length: 4 }, () => packer.pack(large, undefined));
  const full = { code: 'ERR_QUEUE_FULL', mayHaveRun: false };
  expect(() => packer.pack(large, undefined)).toThrow(expect.objectContaining(full));
  expect(packer.pack(Buffer.alloc(1000), undefined)).toBeInstanceOf(Buffer);
  const [first] = await Promise.all(waiting);
  expect(zlib.zstdDecompressSync(first!)).toHaveLength(large.length);
  expect(packer.pack(large, undefined)).toBeInstanceOf(Promise);
});

test('a value of any size is compressed if no other one waits', async () => {
  const packer = new Packer({ minBytes: 100, level: 1 });
  const huge = Buffer.alloc(257 * 2 ** 20);
  expect((await packer.pack(huge, undefined)).length).toBeLessThan(100_000);
});

test('a value whose call is over is not compressed', async () => {
  const queue = new ThreadQueue();
  const calls = Array.from({ length: 5 }, () => ({ isOver: false, bytes: 10 }));
  const finish: (() => void)[] = [];
  for (const call of calls) {
    const run = () => new Promise<void>((resolve) => void finish.push(resolve));
    queue.add(Object.assign(call, { run }));
  }
  expect([finish.length, queue.bytes]).toEqual([4, 50]);
  calls[4]!.isOver = true;
  for (const resolve of finish) resolve();
  await new Promise(setImmediate);
  expect([finish.length, queue.bytes]).toEqual([4, 0]);
});
