import { keysOf, type Request } from '../../protocol/client.ts';
import { Operation } from '../connection/operation.ts';
import type { Target } from './target.ts';

/** Keys remembered for one node: at most a few MB. */
const KEYS_MAX = 16_384;

/** A key whose item at the node is stale. */
interface MissedWrite {
  /** The node has been sent the delete: a request sent later reaches the node after it. */
  isSent: boolean;
}

/**
 * Remembers, for one node, the keys of which it missed a write: its items are stale. The client
 * deletes each key there as soon as the node is up, and before any other request for the key.
 * Beyond KEYS_MAX it drops the oldest keys.
 */
export class MissedWrites {
  readonly #node: Target;
  readonly #deadlineMs: number;
  readonly #keys = new Map<string, MissedWrite>();

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

  /** Called when the node is up again. */
  replay(): void {
    for (const key of this.#keys.keys()) this.#delete(key);
  }

  /** Called before a request is sent to the node. */
  beforeRequest(request: Request): void {
    if (this.#keys.size === 0) return;
    for (const key of keysOf(request)) if (this.#keys.has(key)) this.#delete(key);
  }

  #delete(key: string): void {
    const missed = this.#keys.get(key);
    if (missed === undefined || missed.isSent) return;
    missed.isSent = true;
    const request = { verb: 'delete', key, cas: undefined, staleExptime: undefined } as const;
    const onReply = (): void => {
      if (this.#keys.get(key) === missed) this.#keys.delete(key);
    };
    const onFailure = (): void => {
      missed.isSent = false;
    };
    const now = performance.now();
    const operation = new Operation(
      request,
      now,
      this.#deadlineMs,
      { onReply },
      nothing,
      onFailure,
    );
    // If reads behind it are sent again on a new connection, it must be sent again before them.
    operation.isInvalidation = true;
    this.#node.send(operation);
  }
}

const nothing = (): void => {};
