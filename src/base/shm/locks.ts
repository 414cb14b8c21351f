/**
 * A lock is a word of shared memory: 0 free, 1 held, 2 held while another thread waits (Ulrich
 * Drepper, "Futexes Are Tricky", mutex 2). If a thread dies while it holds a lock, the node ends.
 */
import { assert } from '../assert.ts';

/** The values of the word of a lock. */
export const LOCK_WORD = { free: 0, held: 1, contended: 2 } as const;
const { free: FREE, held: HELD, contended: CONTENDED } = LOCK_WORD;
const SPINS = 100;
/**
 * Every holder releases a lock soon, so after 20 waits of a second the holder must have died. The
 * waits are many and short because a stop of the whole process (SIGSTOP, a paused machine) can end
 * only one of them early.
 */
const WAIT_MS = 1000;
const WAITS_MAX = 20;

/** Counts the locks of this thread that were busy; a wait for one may hold other locks. */
interface LockWaits {
  /** A lock was busy. */
  busy(): void;
  /** It stayed busy, and the thread sleeps until the holder releases it. */
  sleeping(): void;
}
let waits: LockWaits = { busy: () => {}, sleeping: () => {} };

/** Counts the waits of this thread from here on; a lock that is free costs nothing more. */
export function countLockWaits(counts: LockWaits): void {
  waits = counts;
}

export function lock(words: Int32Array, at: number): void {
  if (Atomics.compareExchange(words, at, FREE, HELD) !== FREE) lockSlowly(words, at);
}

export function tryLock(words: Int32Array, at: number): boolean {
  return Atomics.compareExchange(words, at, FREE, HELD) === FREE;
}

export function unlock(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, FREE) === CONTENDED) Atomics.notify(words, at, 1);
}

function lockSlowly(words: Int32Array, at: number): void {
  waits.busy();
  for (let spin = 0; spin < SPINS; spin++) {
    if (Atomics.load(words, at) === FREE && tryLock(words, at)) return;
  }
  waits.sleeping();
  let timeouts = 0;
  while (Atomics.exchange(words, at, CONTENDED) !== FREE) {
    if (Atomics.wait(words, at, CONTENDED, WAIT_MS) === 'timed-out') timeouts++;
    assert(timeouts < WAITS_MAX, 'no thread holds a lock for 20 s: the holder died');
  }
}
