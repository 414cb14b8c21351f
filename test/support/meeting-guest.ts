import { CodedError } from '../../src/base/index.ts';
import type { Guest } from '../../src/node/index.ts';

export interface Meeting {
  readonly words: SharedArrayBuffer;
  /** The word of this guest, and that of the guest that it waits for. */
  readonly own: number;
  readonly other: number;
}

const WAIT_MS = 20_000;

/** Work of a guest that ends when another guest has begun. */
export default function meet(_: Guest, { words, own, other }: Meeting): string {
  const all = new Int32Array(words);
  Atomics.store(all, own, 1);
  Atomics.notify(all, own);
  if (Atomics.wait(all, other, 0, WAIT_MS) === 'timed-out') {
    throw new CodedError('ERR_ALONE', 'The other guest has not begun.');
  }
  return 'met';
}
