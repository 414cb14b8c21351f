import { keysOf, type Request } from '../../protocol/client.ts';
import type { ClientClock } from '../base/client-clock.ts';
import { Operation } from '../connection/operation.ts';
import type { StaleKeys, Target } from './target.ts';

/** Keys that the client remembers for each node; beyond it, it drops the oldest: a few MB. */
const MISSED_KEYS_PER_NODE_MAX = 16_384;
/** Keys that the client remembers over all failover nodes; their other items expire soon. */
const FAILOVER_KEYS_MAX = 65_536;

/** A bounded map in the order of the last `put`: a full map drops its oldest key. */
class NewestKeys<V> extends Map<string, V> {
  readonly #keysMax: number;

  constructor(keysMax: number) {
    super();
    this.#keysMax = keysMax;
  }

  put(key: string, value: V): void {
    this.delete(key);
    this.set(key, value);
    if (this.size > this.#keysMax) this.delete(this.keys().next().value!);
  }
}

/** A write that a node missed: its item of the key is stale. */
interface MissedWrite {
  /** The node has been sent the delete: a request sent later reaches the node after it. */
  isSent: boolean;
}

/**
 * Remembers, for one node, the keys of which it missed a write. The client deletes each key there
 * as soon as the node is up, and before any other request for the key. Each call gets the node.
 */
export class MissedWrites {
  readonly #deadlineMs: number;
  readonly #clock: ClientClock;
  readonly #keys = new NewestKeys<MissedWrite>(MISSED_KEYS_PER_NODE_MAX);

  constructor(deadlineMs: number, clock: ClientClock) {
    this.#deadlineMs = deadlineMs;
    this.#clock = clock;
  }

  /** Whether the node still has to delete the key. */
  has(key: string): boolean {
    return this.#keys.has(key);
  }

  invalidate(node: Target, key: string): void {
    this.#keys.put(key, { isSent: false });
    if (!node.isDown) this.#delete(node, key);
  }

  /** Called when the node is up again. */
  replay(node: Target): void {
    for (const key of this.#keys.keys()) this.#delete(node, key);
  }

  /** Called before a request is sent to the node. */
  beforeRequest(node: Target, request: Request): void {
    if (this.#keys.size === 0) return;
    for (const key of keysOf(request)) if (this.#keys.has(key)) this.#delete(node, key);
  }

  #delete(node: Target, key: string): void {
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
    const clock = this.#clock;
    const handler = { onReply };
    const operation = new Operation(request, clock, this.#deadlineMs, handler, nothing, onFailure);
    // If reads behind it are sent again on a new connection, it must be sent again before them.
    operation.isInvalidation = true;
    node.send(operation);
  }
}

const nothing = (): void => {};

/**
 * Remembers, for each key that was last written to a failover node, which node that is. The memory
 * survives changes of the topology: a failover node that the next topology does not use may serve
 * the key again in a later one.
 */
export class FailoverWrites implements StaleKeys {
  readonly #nodes = new NewestKeys<Target>(FAILOVER_KEYS_MAX);

  /**
   * Called before a write: invalidates the key at each other target that may hold an older value.
   * @param target the target that receives the write.
   * @param owner the key's own target.
   */
  record(key: string, target: Target, owner: Target): void {
    if (this.#nodes.get(key) !== target) this.invalidate(key);
    if (target === owner) return;
    owner.invalidate(key);
    this.#nodes.put(key, target);
  }

  /** The failover node that has the key invalidates it. */
  invalidate(key: string): void {
    const node = this.#nodes.get(key);
    if (node === undefined) return;
    this.#nodes.delete(key);
    node.invalidate(key);
  }
}
