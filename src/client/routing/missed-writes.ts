import { attempt } from './attempt.ts';
import type { Target } from './route.ts';

/** Keys remembered for one node: what a second of an outage may cost, in a few MB at the most. */
const KEYS_MAX = 16_384;

/**
 * Keys of which a node missed a write, so that what it has under them is out of date. They are
 * deleted there as soon as it can be asked; of more than KEYS_MAX the oldest are let go.
 */
export class MissedWrites {
  readonly #node: Target;
  readonly #deadlineMs: number;
  /** Each with how many writes were missed in all when its own was. */
  readonly #keys = new Map<string, number>();
  #count = 0;

  constructor(node: Target, deadlineMs: number) {
    this.#node = node;
    this.#deadlineMs = deadlineMs;
  }

  has(key: string): boolean {
    return this.#keys.size > 0 && this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.set(key, ++this.#count);
    if (this.#keys.size > KEYS_MAX) this.#keys.delete(this.#keys.keys().next().value!);
    if (!this.#node.isDown) this.#delete(key, this.#count);
  }

  /** The node can be asked (again): before anybody else asks. */
  replay(): void {
    for (const [key, count] of this.#keys) this.#delete(key, count);
  }

  #delete(key: string, count: number): void {
    const request = { verb: 'delete', key, cas: undefined, staleExptime: undefined } as const;
    const deadlineAt = performance.now() + this.#deadlineMs;
    const done = (): void => {
      if (this.#keys.get(key) === count) this.#keys.delete(key);
    };
    attempt(this.#node, request, deadlineAt, done, stays);
  }
}

/** It is tried again when the node comes back. */
const stays = (): void => {};
