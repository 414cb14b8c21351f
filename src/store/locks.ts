/**
 * Locks are words of shared memory: 0 free, 1 held, 2 held with somebody waiting (Ulrich Drepper,
 * "Futexes Are Tricky", mutex 2).
 *
 * They are taken in this order: item stripe, the page mover's lock, size class, the pool of pages;
 * and of two classes, the largest first (chained items are on its lists, and have chunks in
 * others). Who holds the mover's lock or a class and wants a stripe (eviction comes from the LRU's
 * side) may only try it. Nothing throws and nothing allocates while a lock is held, so a holder
 * always gets to the unlock; a thread that dies inside ends the node.
 */
import { assert } from '../base/index.ts';

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;
const SPINS = 100;
/**
 * No holder keeps a lock for long: after so many waits of so long a thread must have died with it.
 * Many short ones, since while the whole process is stopped (SIGSTOP, a paused machine) no more
 * than one can end.
 */
const WAIT_MS = 1000;
const WAITS_MAX = 20;

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
  for (let spin = 0; spin < SPINS; spin++) {
    if (Atomics.load(words, at) === FREE && tryLock(words, at)) return;
  }
  let waits = 0;
  while (Atomics.exchange(words, at, CONTENDED) !== FREE) {
    if (Atomics.wait(words, at, CONTENDED, WAIT_MS) === 'timed-out') waits++;
    assert(waits < WAITS_MAX, 'a lock is free again within 20 s: its holder has died');
  }
}
