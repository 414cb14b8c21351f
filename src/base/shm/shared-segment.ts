import { lock, tryLock, unlock } from './locks.ts';

/** The bytes that a segment reserves for its lock and the words that its owner keeps beside it. */
const HEADER_BYTES = 64;
const LOCK_WORD = 0;

/** A table in memory that threads share: a header, whose first word is a lock, and the data. */
export class SharedSegment {
  static readonly headerBytes = HEADER_BYTES;
  readonly words: Int32Array;
  readonly bytes: Buffer;

  /** Allocates the memory of a segment; the constructor opens it on each thread. */
  static allocate(dataBytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + dataBytes);
  }

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
  }

  lock(): void {
    lock(this.words, LOCK_WORD);
  }

  tryLock(): boolean {
    return tryLock(this.words, LOCK_WORD);
  }

  unlock(): void {
    unlock(this.words, LOCK_WORD);
  }

  /**
   * Runs an action under the lock. Unlike a holder of a lock of the data path, the action may
   * allocate and throw, so this is for rare and short actions only.
   */
  locked<T>(action: () => T): T {
    this.lock();
    try {
      return action();
    } finally {
      this.unlock();
    }
  }
}
