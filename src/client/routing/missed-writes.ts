import { keysOf, type Request } from '../../protocol/client.ts';
import { Operation } from '../connection/operation.ts';
import type { Target } from './route.ts';

/** Keys remembered for one node; they take a few MB at the most. */
const KEYS_MAX = 16_384;

/** A key whose value is out of date. */
interface Missed {
  /** Its deletion is under way: what is sent later comes after it. */
  isSent: boolean;
}

/**
 * Keys of which a node missed a write, so that what it has under them is out of date. Each is
 * deleted there as soon as it can be asked, and before anything else is asked about it; of more
 * than KEYS_MAX the oldest are let go.
 */
export class MissedWrites {
  readonly #node: Target;
  readonly #deadlineMs: number;
  readonly #keys = new Map<string, Missed>();

  constructor(node: Target, deadlineMs: number) {
    this.#node = node;
    this.#deadlineMs = deadlineMs;
  }

  has(key: string): boolean {
    return this.#keys.size > 0 && this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.set(key, { isSent: false });
    if (this.#keys.size > KEYS_MAX) this.#keys.delete(this.#keys.keys().next().value!);
    if (!this.#node.isDown) this.#delete(key);
  }

  /** The node can be asked again. */
  replay(): void {
    for (const key of this.#keys.keys()) this.#delete(key);
  }

  /** The node is about to be asked this. */
  before(request: Request): void {
    if (this.#keys.size === 0) return;
    for (const key of keysOf(request)) if (this.#keys.has(key)) this.#delete(key);
  }

  #delete(key: string): void {
    const missed = this.#keys.get(key);
    if (missed === undefined || missed.isSent) return;
    missed.isSent = true;
    const request = { verb: 'delete', key, cas: undefined, staleExptime: undefined } as const;
    const done = (): void => {
      if (this.#keys.get(key) === missed) this.#keys.delete(key);
    };
    const failed = (): void => {
      missed.isSent = false;
    };
    const now = performance.now();
    const operation = new Operation(request, now, this.#deadlineMs, { end: done }, nothing, failed);
    // Reads behind it may be sent again; it has to be in front of them then, too.
    operation.isCleanup = true;
    this.#node.send(operation);
  }
}

const nothing = (): void => {};
