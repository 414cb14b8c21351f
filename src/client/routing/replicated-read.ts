import type { FetchRequest, GetRequest, Reply } from '../../protocol/client.ts';
import type { CacheError } from '../base/errors.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, deadlineShare, replyOf } from './attempt.ts';
import type { ClusterNode } from './cluster-node.ts';
import { storeRequestOf } from './read-repair.ts';
import type { ReplicaSet } from './replica-set.ts';
import { hasValue } from './retry-policy.ts';

/** Reads from the first replica that has the item, and repairs the replicas before it. */
export function readFromReplicas(
  replicas: ReplicaSet,
  operation: Operation,
  request: GetRequest,
): void {
  const candidates = replicas.up();
  const missedAt: ClusterNode[] = [];
  search(operation, candidates, 0, request, {
    onValue: (reply, replica) => {
      if (missedAt.length > 0) replicas.repair(request.key, replica, missedAt);
      answerFrom(replica, operation, reply);
      return true;
    },
    onMiss: (replica) => void missedAt.push(replica),
    onEnd: (error) => finishWithoutValue(operation, missedAt.length, error),
  });
}

/**
 * The first replica that is up serves the lease, the touch and the recache of a fetch. If it has
 * lost the item, the client asks the other replicas before it hands out the lease: a value that
 * one of them has is the value of the key.
 */
export function fetchFromReplicas(
  replicas: ReplicaSet,
  operation: Operation,
  request: FetchRequest,
): void {
  const candidates = replicas.up();
  const fetchFrom = (at: number): void => {
    const replica = candidates[at]!;
    const onFailure = (error: CacheError): void => {
      if (at + 1 < candidates.length && !operation.isSettled) fetchFrom(at + 1);
      else operation.failWith(error);
    };
    const onReply = (reply: Reply): void => {
      const isLost =
        reply.status === 'miss' || (reply.wonLease && !hasValue(reply) && !reply.isStale);
      if (isLost && candidates.length > at + 1) {
        const others = candidates.slice(at + 1);
        searchOtherReplicas(replicas, operation, request, { replica, others, reply });
      } else {
        touchOtherReplicas(replicas, operation, request, reply, replica);
        answerFrom(replica, operation, reply);
      }
    };
    const deadlineAt = deadlineShare(operation, candidates.length - at);
    attempt(operation, replica, request, onReply, onFailure, deadlineAt);
  };
  fetchFrom(0);
}

interface LostItem {
  /** The replica that lost the item, and its reply. */
  readonly replica: ClusterNode;
  readonly reply: Reply;
  readonly others: readonly ClusterNode[];
}

function searchOtherReplicas(
  replicas: ReplicaSet,
  operation: Operation,
  { key }: FetchRequest,
  { replica, others, reply }: LostItem,
): void {
  const firstReply = Object.assign(replyOf(reply.status), reply);
  const request: FetchRequest = { verb: 'fetch', key, metaFlags: {} };
  const { copies } = replicas;
  const guard = copies.guard(key);
  search(operation, others, 0, request, {
    onValue: (found, holder) => {
      const store = storeRequestOf(key, 'set', found, operation.clock);
      if (store === undefined) return false;
      // Overwrites the empty item of the lease if it is unchanged; adds the item if there is none.
      const condition = {
        cas: firstReply.wonLease ? firstReply.cas : undefined,
        mode: firstReply.wonLease ? 'set' : 'add',
      } as const;
      // A newer topology may send updates of the key to other nodes.
      if (!guard.isChanged && !replicas.epoch.isSuperseded) {
        attempt(operation, replica, { ...store, ...condition }, nothing, nothing);
      }
      copies.release(guard);
      answerFrom(holder, operation, found);
      return true;
    },
    onMiss: nothing,
    onEnd: () => {
      copies.release(guard);
      answerFrom(replica, operation, firstReply);
    },
  });
}

/** Gives the item at the other replicas the new ttl, too. */
function touchOtherReplicas(
  replicas: ReplicaSet,
  operation: Operation,
  { key, metaFlags }: FetchRequest,
  reply: Reply,
  replica: ClusterNode,
): void {
  if (metaFlags.touchExptime === undefined || reply.status === 'miss') return;
  const touch = { verb: 'touch', key, exptime: metaFlags.touchExptime } as const;
  for (const node of replicas.except(replica)) {
    attempt(operation, node, touch, nothing, (error) => replicas.noteFailedWrite(node, key, error));
  }
}

interface SearchHandler {
  /** A replica has the item. Returns false if its reply is of no use: the search continues. */
  readonly onValue: (reply: Reply, replica: ClusterNode) => boolean;
  readonly onMiss: (replica: ClusterNode) => void;
  /** No replica has the item, or the operation has settled. `error` is the last failure. */
  readonly onEnd: (error: CacheError | undefined) => void;
}

function search(
  operation: Operation,
  candidates: readonly ClusterNode[],
  at: number,
  request: GetRequest | FetchRequest,
  handler: SearchHandler,
  lastError?: CacheError,
): void {
  const replica = candidates[at];
  if (replica === undefined || operation.isSettled) {
    handler.onEnd(lastError);
    return;
  }
  const onReply = (reply: Reply): void => {
    if (reply.status === 'value' && handler.onValue(reply, replica)) return;
    handler.onMiss(replica);
    search(operation, candidates, at + 1, request, handler, lastError);
  };
  const onFailure = (error: CacheError): void => {
    search(operation, candidates, at + 1, request, handler, error);
  };
  const deadlineAt = deadlineShare(operation, candidates.length - at);
  attempt(operation, replica, request, onReply, onFailure, deadlineAt);
}

/** One replica's miss makes the operation a miss. It fails only if every replica failed. */
function finishWithoutValue(
  operation: Operation,
  missCount: number,
  error: CacheError | undefined,
): void {
  if (missCount === 0 && error !== undefined) operation.failWith(error);
  else operation.complete(replyOf('miss'), '');
}

function answerFrom(replica: ClusterNode, operation: Operation, reply: Reply): void {
  operation.complete(reply, replica.name);
}

const nothing = (): void => {};
