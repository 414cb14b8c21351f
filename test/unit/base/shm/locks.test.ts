import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { countLockWaits, lock, tryLock, unlock } from '../../../../src/base/shm/locks.ts';

const newWords = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(16));

function startWorker(words: Int32Array<SharedArrayBuffer>, rounds: number): Worker {
  const file = new URL('lock-worker.ts', import.meta.url);
  return new Worker(file, { workerData: { memory: words.buffer, rounds } });
}

afterEach(() => {
  vi.restoreAllMocks();
});

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
  test('a thread counts the locks that were busy, and those for which it sleeps', () => {
    const words = newWords();
    const counts: string[] = [];
    countLockWaits({ busy: () => counts.push('busy'), sleeping: () => counts.push('sleeping') });
    lock(words, 0);
    unlock(words, 0);
    expect(counts).toEqual([]);
    lock(words, 0);
    // Another thread releases the lock while this one sleeps.
    vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      Atomics.store(words, 0, 0);
      return 'ok';
    });
    lock(words, 0);
    countLockWaits({ busy: () => {}, sleeping: () => {} });
    expect(counts).toEqual(['busy', 'sleeping']);
  });
  test('a lock notifies one thread if some wait, and none otherwise', () => {
    const notify = vi.spyOn(Atomics, 'notify');
    const words = newWords();
    lock(words, 1);
    unlock(words, 1);
    expect(notify).not.toHaveBeenCalled();
    lock(words, 1);
    Atomics.store(words, 1, 2);
    unlock(words, 1);
    expect(notify.mock.calls).toEqual([[words, 1, 1]]);
  });
  test('a lock is given up after 20 waits that timed out, however many ended early', () => {
    const words = newWords();
    lock(words, 0);
    const results = ['not-equal', 'timed-out', 'ok'] as const;
    let waits = 0;
    const wait = vi.spyOn(Atomics, 'wait').mockImplementation(() => results[waits++ % 3]!);
    expect(() => lock(words, 0)).toThrow('no thread holds a lock for 20 s: the holder died');
    const timedOut = wait.mock.results.filter(({ value }) => value === 'timed-out');
    expect([timedOut.length, wait.mock.calls[0]?.[3]]).toEqual([20, 1000]);
  });
  test('a lock loses no count of four threads', async () => {
    const words = newWords();
    const rounds = 50_000;
    const workers = Array.from({ length: 4 }, () => startWorker(words, rounds));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    expect([words[1], words[0]]).toEqual([4 * rounds, 0]);
  });
});
