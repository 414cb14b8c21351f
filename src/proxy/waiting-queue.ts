import type { CodedError } from '../base/index.ts';
import type { Finish } from './outgoing.ts';

/** Gets the reply, which is valid only during the call, or the reason why there is none. */
export type Settle = (reply: Buffer | CodedError) => void;

interface Waiting {
  readonly settle: Settle;
  readonly finish: Finish;
  /** When it was sent. */
  readonly tick: number;
}

/** Settled entries are dropped when there are so many of them. */
const DROPPED_MIN = 4096;

/** The requests of one connection that wait for their replies, in their order. */
export class WaitingQueue {
  #all: Waiting[] = [];
  /** Those before it have their replies. */
  #first = 0;
  /** Those before it were written. */
  #written = 0;

  get count(): number {
    return this.#all.length - this.#first;
  }

  /** The tick of the oldest request; undefined if none waits. */
  get oldestTick(): number | undefined {
    return this.#all[this.#first]?.tick;
  }

  add(settle: Settle, finish: Finish, tick: number): void {
    this.#all.push({ settle, finish, tick });
  }

  /** All requests so far have left. */
  noteWritten(): void {
    this.#written = this.#all.length;
  }

  /** Removes the oldest request that was written; undefined if there is none. */
  shift(): Waiting | undefined {
    if (this.#first >= this.#written) return undefined;
    const waiting = this.#all[this.#first++];
    if (this.#first === this.#all.length || this.#first >= DROPPED_MIN) {
      this.#all = this.#all.slice(this.#first);
      this.#written -= this.#first;
      this.#first = 0;
    }
    return waiting;
  }

  /** Removes all; they fail with `lost` if they were written, and with `unsent` if not. */
  fail(lost: CodedError, unsent: CodedError): void {
    const [all, first, written] = [this.#all, this.#first, this.#written];
    this.#all = [];
    this.#first = 0;
    this.#written = 0;
    for (let at = first; at < all.length; at++) all[at]!.settle(at < written ? lost : unsent);
  }
}
