import type {
  CountRequest,
  DeleteRequest,
  Reply,
  Request,
  StoreRequest,
} from '../../protocol/client.ts';
import type { CacheError } from '../base/errors.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, detachReply, replyOf } from './attempt.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { CopyGuard, InFlightCopies } from './in-flight-copies.ts';
import { copyItem, type ItemCopy } from './read-repair.ts';
import type { ReplicaSet } from './replica-set.ts';
import { mayRetry } from './retry-policy.ts';

/** An update whose outcome depends on the item: counters, cas, add, replace, append, prepend. */
type ConditionalUpdate = StoreRequest | DeleteRequest | CountRequest;

/**
 * Sends a conditional update to the primary, the first replica that is up. If the primary has lost
 * the item, another replica restores it first. The client then writes the resulting value to the
 * other replicas, and the operation settles when they have it. If the key is set or deleted in
 * between, the other replicas invalidate it: they may receive the writes in another order than the
 * primary.
 */
export function updatePrimaryFirst(
  replicaSet: ReplicaSet,
  operation: Operation,
  request: ConditionalUpdate,
): void {
  new PrimaryFirstUpdate(replicaSet, operation, request).run(0);
}

class PrimaryFirstUpdate {
  readonly #replicaSet: ReplicaSet;
  readonly #operation: Operation;
  readonly #request: ConditionalUpdate;
  readonly #candidates: readonly ClusterNode[];
  readonly #copies: InFlightCopies;
  /** Notices other updates since the last request to the primary. */
  readonly #guard: CopyGuard;

  constructor(replicaSet: ReplicaSet, operation: Operation, request: ConditionalUpdate) {
    this.#replicaSet = replicaSet;
    this.#operation = operation;
    this.#request = request;
    this.#candidates = replicaSet.up();
    this.#copies = replicaSet.copies;
    this.#guard = this.#copies.guard(request.key);
  }

  run(at: number): void {
    const primary = this.#candidates[at]!;
    const request = this.#request;
    // A counter that another replica still has must not start again at its initial value.
    const others = this.#otherReplicas(primary);
    const firstRequest = others.length > 0 ? withoutInitialValue(request) : request;
    const onReply = (reply: Reply): void => {
      if (others.length > 0 && isMissing(request, reply))
        this.#proceed(() => this.#restore(primary));
      else this.#propagate(primary, detachReply(reply));
    };
    this.#send(primary, firstRequest, onReply, (error) => this.#onFailure(at, error));
  }

  #send(
    primary: ClusterNode,
    request: ConditionalUpdate,
    onReply: (reply: Reply) => void,
    onFailure: (error: CacheError) => void,
  ): void {
    this.#copies.resetFor(this.#guard, primary);
    attempt(this.#operation, primary, request, onReply, (error) => {
      // The primary may have carried it out: its value may differ from the other replicas'.
      if (error.mayHaveRun) this.#replicaSet.invalidate(request.key, [primary]);
      onFailure(error);
    });
  }

  #onFailure(at: number, error: CacheError): void {
    const hasNext = at + 1 < this.#candidates.length && mayRetry(this.#request, error);
    if (hasNext) this.#proceed(() => this.run(at + 1));
    else this.#fail(error);
  }

  /** The other replicas that are up and may have an item that the primary lost. */
  #otherReplicas(primary: ClusterNode): readonly ClusterNode[] {
    return this.#candidates.filter((replica) => replica !== primary && !replica.isDown);
  }

  /** Restores the item at the primary from the first replica that has it, then sends the update. */
  #restore(primary: ClusterNode): void {
    const others = this.#otherReplicas(primary);
    const from = (at: number): void => {
      const other = others[at];
      if (other === undefined) {
        this.#proceed(() => this.#retry(primary));
        return;
      }
      copyItem(this.#itemCopy(other, [primary], 'add'), ({ isFound }) => {
        if (isFound) this.#proceed(() => this.#retry(primary));
        else from(at + 1);
      });
    };
    from(0);
  }

  #retry(primary: ClusterNode): void {
    const onReply = (reply: Reply): void => this.#propagate(primary, detachReply(reply));
    this.#send(primary, this.#request, onReply, (error) => this.#fail(error));
  }

  /** Writes the resulting value to the other replicas. */
  #propagate(primary: ClusterNode, reply: Reply): void {
    const others = this.#replicaSet.except(primary);
    const hasChanged = reply.status === 'done' || reply.status === 'value';
    const write = replicaWriteOf(this.#request);
    if (!hasChanged || others.length === 0) this.#finish(reply);
    else if (this.#guard.isInvalidated) this.#invalidateAt(others, reply);
    else if (write === undefined) this.#copyToReplicas(others, primary, reply);
    else this.#writeToReplicas(others, write, primary, reply);
  }

  #invalidateAt(nodes: readonly ClusterNode[], reply: Reply): void {
    if (nodes.length > 0) this.#replicaSet.invalidate(this.#request.key, nodes);
    this.#finish(reply);
  }

  /** Reads the resulting value at the primary and stores it at the other replicas. */
  #copyToReplicas(others: readonly ClusterNode[], primary: ClusterNode, reply: Reply): void {
    copyItem(this.#itemCopy(primary, others, 'set'), ({ isFound, failed }) => {
      for (const [node, error] of failed)
        this.#replicaSet.noteFailedWrite(node, this.#request.key, error);
      if (isFound || failed.length > 0) this.#finish(reply);
      else if (this.#guard.isInvalidated) this.#invalidateAt(others, reply);
      // The primary has lost the item since, so the other replicas hold another value. A copy of
      // that value may be on its way to the primary.
      else this.#invalidateAt(this.#replicaSet.nodes, reply);
    });
  }

  #writeToReplicas(
    others: readonly ClusterNode[],
    write: Request,
    primary: ClusterNode,
    reply: Reply,
  ): void {
    const { key } = this.#request;
    let pending = others.length;
    let holder: ClusterNode | undefined;
    const settleOne = (): void => {
      if (--pending > 0) return;
      if (holder === undefined) this.#finish(reply);
      else this.#deferTo(holder);
    };
    // A repair may have added the deleted item to the primary again.
    if (write.verb === 'delete') this.#replicaSet.invalidate(key, [primary]);
    for (const node of others) {
      const onReply = ({ status }: Reply): void => {
        if (status === 'not-stored') holder ??= node;
        settleOne();
      };
      attempt(this.#operation, node, write, onReply, (error) => {
        this.#replicaSet.noteFailedWrite(node, key, error);
        settleOne();
      });
    }
  }

  /**
   * An `add` of a key that another replica holds: the primary had lost it, and gets the item of the
   * holder. No replica keeps the key if the holder lost it, too, or if another update was sent: it
   * may already depend on the value that the `add` stored.
   */
  #deferTo(holder: ClusterNode): void {
    const guard = this.#guard;
    const others = this.#replicaSet.except(holder);
    const copy = this.#itemCopy(holder, others, 'set', () => guard.isChanged);
    copyItem(copy, ({ isFound, failed }) => {
      const isKept = !guard.isChanged && (isFound || failed.length > 0);
      const lost = isKept ? failed.map(([node]) => node) : this.#replicaSet.nodes;
      this.#invalidateAt(lost, replyOf('not-stored'));
    });
  }

  #itemCopy(
    from: ClusterNode,
    to: readonly ClusterNode[],
    mode: 'add' | 'set',
    isStale = (): boolean => this.#guard.isInvalidated,
  ): ItemCopy<ClusterNode> {
    const { clock, deadlineAt } = this.#operation;
    return {
      key: this.#request.key,
      from,
      to,
      mode,
      clock,
      deadlineAt,
      get isCancelled(): boolean {
        return isStale();
      },
    };
  }

  /** Takes the next step, unless the operation is cancelled or the epoch superseded. */
  #proceed(step: () => void): void {
    const { epoch } = this.#replicaSet;
    if (!epoch.isSuperseded && !this.#operation.isCancelled) {
      step();
      return;
    }
    this.#copies.release(this.#guard);
    epoch.resend(this.#operation, this.#request.key);
  }

  #finish(reply: Reply): void {
    this.#copies.release(this.#guard);
    this.#replicaSet.epoch.finishing(this.#request.key);
    this.#operation.complete(reply, '');
  }

  #fail(error: CacheError): void {
    this.#copies.release(this.#guard);
    this.#operation.failWith(error);
  }
}

/** The same request, but it does not create a counter that is missing. */
function withoutInitialValue(request: ConditionalUpdate): ConditionalUpdate {
  return request.verb === 'count' ? { ...request, initial: undefined } : request;
}

/** Whether the primary replied that it has no such item; another replica may have it. */
function isMissing(request: ConditionalUpdate, { status }: Reply): boolean {
  if (request.verb !== 'store') return status === 'miss';
  return status === 'miss' || (status === 'not-stored' && request.mode !== 'add');
}

/** The write for the other replicas; undefined if only the primary knows the resulting value. */
function replicaWriteOf(request: ConditionalUpdate): Request | undefined {
  if (request.verb === 'delete') return { ...request, cas: undefined };
  if (request.verb === 'count') return undefined;
  switch (request.mode) {
    case 'append':
    case 'prepend':
      return undefined;
    case 'add':
      return request;
    default:
      return { ...request, mode: 'set', cas: undefined };
  }
}
