import { LOCK_CONTENDED, LOCK_FREE, LOCK_HELD } from './constants';

/** A class lock is held for some hundred nanoseconds. */
const SPINS_MAX = 200;

export function tryLock(at: usize): bool {
  return atomic.cmpxchg<i32>(at, LOCK_FREE, LOCK_HELD) === LOCK_FREE;
}

/** Tries a lock several times. */
export function spinLock(at: usize): bool {
  for (let spin = 0; spin < SPINS_MAX; spin++) {
    if (atomic.load<i32>(at) === LOCK_FREE && tryLock(at)) return true;
  }
  return false;
}

export function unlock(at: usize): void {
  if (atomic.xchg<i32>(at, LOCK_FREE) === LOCK_CONTENDED) atomic.notify(at, 1);
}
