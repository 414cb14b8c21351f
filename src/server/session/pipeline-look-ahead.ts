import { LineKey } from '../../protocol/index.ts';
import { LOOK_AHEAD_KEYS_MAX, type LookAhead } from '../../store/index.ts';

/**
 * Looks ahead to the keys of the gets that a client has sent in one piece, for a node without the
 * fast path. The requests are decoded later, one by one; a wrong guess costs time and no more.
 */
export class PipelineLookAhead {
  readonly #lookAhead: LookAhead;
  readonly #key = new LineKey();
  /** The offset in the input up to which it has looked. */
  #end = 0;

  constructor(lookAhead: LookAhead) {
    this.#lookAhead = lookAhead;
  }

  /** Begins with an input of which nothing after `start` is known. */
  begin(start: number): void {
    this.#end = start;
  }

  /** Loads the items of the lines from `at` on, unless it has done so. */
  load(input: Buffer, at: number, end: number): void {
    if (at < this.#end) return;
    this.#end = at + 1;
    const key = this.#key;
    const lookAhead = this.#lookAhead;
    // A single request gains nothing.
    if (!key.find(input, at, end) || key.lineEnd === end) return;
    lookAhead.clear();
    let keyCount = 0;
    do {
      lookAhead.add(input, key.start, key.end);
      this.#end = key.lineEnd;
      keyCount++;
    } while (keyCount < LOOK_AHEAD_KEYS_MAX && key.find(input, this.#end, end));
    if (keyCount > 1) lookAhead.load();
  }
}
