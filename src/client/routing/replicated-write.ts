import type {
  DeleteRequest,
  ReplyStatus,
  StoreRequest,
  TouchRequest,
} from '../../protocol/client.ts';
import { type CacheError, isUnencodable } from '../base/errors.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, replyOf } from './attempt.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { ReplicaSet } from './replica-set.ts';

/**
 * Sends an unconditional write to all replicas at once. The operation settles when all have replied
 * or failed, so that an acknowledged write is on every replica that is up; it succeeds if one
 * replica has carried it out. A replica that failed invalidates the key at once, so that no repair
 * copies a stale value from it. A value that the client could not encode changes no replica, unless
 * one of them got it before its memory was transferred.
 */
export function writeToReplicas(
  replicas: ReplicaSet,
  operation: Operation,
  request: StoreRequest | DeleteRequest | TouchRequest,
): void {
  const statuses: ReplyStatus[] = [];
  const failures: (readonly [ClusterNode, CacheError])[] = [];
  const { key } = request;
  replicas.copies.invalidate(key);
  const settleIfDone = (): void => {
    if (statuses.length + failures.length < replicas.nodes.length) return;
    if (statuses.length === 0) operation.failWith(mostTelling(failures.map(([, error]) => error)));
    else finish(replicas, operation, key, statuses, failures);
  };
  for (const node of replicas.nodes) {
    const onReply = ({ status }: { readonly status: ReplyStatus }): void => {
      statuses.push(status);
      settleIfDone();
    };
    attempt(operation, node, request, onReply, (error) => {
      if (!isUnencodable(error)) replicas.invalidate(key, [node]);
      failures.push([node, error]);
      settleIfDone();
    });
  }
}

function finish(
  replicas: ReplicaSet,
  operation: Operation,
  key: string,
  statuses: readonly ReplyStatus[],
  failures: readonly (readonly [ClusterNode, CacheError])[],
): void {
  for (const [node, error] of failures) {
    if (isUnencodable(error)) replicas.invalidate(key, [node]);
    replicas.reportFailure(node, error);
  }
  const status = statuses.includes('done') ? 'done' : statuses[0]!;
  operation.complete(replyOf(status), '');
}

/** The failure to report: one whose request may have run, if there is one. */
function mostTelling(errors: readonly CacheError[]): CacheError {
  return errors.find(({ mayHaveRun }) => mayHaveRun) ?? errors[0]!;
}
