import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { lock, tryLock, unlock } from '../../../../src/base/shm/locks.ts';

const newWords = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(16));

function startWorker(words: Int32Array<SharedArrayBuffer>, rounds: number): Worker {
  const file = new URL('lock-worker.ts', import.meta.url);
  return new Worker(file, { workerData: { memory: words.buffer, rounds } });
}

describe('a lock', () => {
  test('a lock has one holder at a time, and leaves the words around it alone', () => {
    const words = newWords();
    lock(words, 1);
    expect([tryLock(words, 1), tryLock(words, 2)]).toEqual([false, true]);
    unlock(words, 1);
    expect([...words]).toEqual([0, 0, 1, 0]);
    expect(tryLock(words, 1)).toBe(true);
  });
  test('a lock wakes a thread that waits for it', async () => {
    const words = newWords();
    lock(words, 0);
    const worker = startWorker(words, 1);
    // The worker spins a little, and then marks the lock as contended.
    while (Atomics.load(words, 0) !== 2) await new Promise((resume) => setImmediate(resume));
    expect(words[1]).toBe(0);
    unlock(words, 0);
    const [code] = await once(worker, 'exit');
    expect([code, words[1], words[0]]).toEqual([0, 1, 0]);
  });
  test('a lock loses no count of four threads', async () => {
    const words = newWords();
    const rounds = 50_000;
    const workers = Array.from({ length: 4 }, () => startWorker(words, rounds));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    expect([words[1], words[0]]).toEqual([4 * rounds, 0]);
  });
});
