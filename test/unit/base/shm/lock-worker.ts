import { workerData } from 'node:worker_threads';
import { lock, unlock } from '../../../../src/base/shm/locks.ts';

/** Word 0 is a lock, word 1 counts under it without an atomic instruction. */
const { memory, rounds } = workerData as { memory: SharedArrayBuffer; rounds: number };
const words = new Int32Array(memory);
for (let round = 0; round < rounds; round++) {
  lock(words, 0);
  words[1]!++;
  unlock(words, 0);
}
