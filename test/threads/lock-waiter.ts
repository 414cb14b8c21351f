/** A thread that waits for a lock each time it is asked, and says how its wait ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { LOCK_WORD } from '../../src/base/index.ts';

/** Longer than any holder takes, on any machine. */
const WAIT_MS = 20_000;

export interface WaiterJob {
  readonly locks: Int32Array;
  readonly at: number;
  /** The word in which 1 asks the thread to lock. */
  readonly request: Int32Array;
}

const { locks, at, request } = workerData as WaiterJob;
for (;;) {
  Atomics.wait(request, 0, 0);
  Atomics.store(request, 0, 0);
  let ending = 'free';
  while (Atomics.exchange(locks, at, LOCK_WORD.contended) !== LOCK_WORD.free) {
    ending = Atomics.wait(locks, at, LOCK_WORD.contended, WAIT_MS);
  }
  Atomics.store(locks, at, LOCK_WORD.free);
  parentPort?.postMessage(ending);
}
