import type { Reply, Request } from '../../protocol/client.ts';
import type { CacheError } from '../base/errors.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, deadlineShare } from './attempt.ts';
import { multiGet } from './multi-get.ts';
import { isIdempotent, isRead, mayRetry, withTtlAtMost } from './retry-policy.ts';
import type { FailoverWrites } from './stale-keys.ts';
import type { Route, Target } from './target.ts';
import type { TopologyEpoch } from './topology-epoch.ts';

/** Chooses the failover nodes of keys. */
export interface FailoverNodes {
  /** The failover nodes of `key`, in the order in which the client tries them. */
  of(key: string): readonly Target[];
  /** The longest ttl of an item on a failover node. */
  readonly ttl: number;
}

/**
 * While the owner of a key is down, or fails in a way that allows a retry elsewhere, a failover
 * node serves the key. The client deletes the keys whose writes the owner missed before it sends
 * the owner another request for them. Items on failover nodes have a short ttl, so that the next
 * outage finds no stale ones.
 *
 * "Owner" is the inner route's target of the key: a node, or the replicas of the key.
 */
export function failoverRoute(
  inner: Route,
  failoverNodes: FailoverNodes,
  failoverWrites: FailoverWrites,
  epoch: TopologyEpoch,
): Route {
  const targets = new WeakMap<Target, Target>();
  return (key) => {
    const owner = inner(key);
    let target = targets.get(owner);
    if (target === undefined) {
      target = new FailoverTarget(owner, failoverNodes, failoverWrites, epoch);
      targets.set(owner, target);
    }
    return target;
  };
}

class FailoverTarget implements Target {
  readonly #owner: Target;
  readonly #failoverNodes: FailoverNodes;
  readonly #failoverWrites: FailoverWrites;
  readonly #epoch: TopologyEpoch;

  constructor(
    owner: Target,
    failoverNodes: FailoverNodes,
    failoverWrites: FailoverWrites,
    epoch: TopologyEpoch,
  ) {
    this.#owner = owner;
    this.#failoverNodes = failoverNodes;
    this.#failoverWrites = failoverWrites;
    this.#epoch = epoch;
  }

  get name(): string {
    return this.#owner.name;
  }

  get isDown(): boolean {
    return this.#owner.isDown;
  }

  get isNew(): boolean {
    return this.#owner.isNew;
  }

  invalidate(key: string): void {
    this.#owner.invalidate(key);
    this.#failoverWrites.invalidate(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    if (request.verb === 'get-many') {
      const targetsOf = (key: string): readonly Target[] => this.#candidatesOf(key);
      multiGet(operation, request, { targetsOf, retryMisses: false });
    } else if ('key' in request) {
      this.#try(operation, request.key, request, this.#candidatesOf(request.key), 0);
    } else {
      this.#owner.send(operation);
    }
  }

  /** The owner and the failover nodes that are up, in order; the owner alone if none is up. */
  #candidatesOf(key: string): readonly Target[] {
    const candidates = [this.#owner, ...this.#failoverNodes.of(key)];
    const up = candidates.filter(({ isDown }) => !isDown);
    return up.length === 0 ? [this.#owner] : up;
  }

  #try(
    operation: Operation,
    key: string,
    request: Request,
    candidates: readonly Target[],
    at: number,
  ): void {
    const target = candidates[at]!;
    const isFailover = target !== this.#owner;
    if (!isRead(request)) this.#failoverWrites.record(key, target, this.#owner);
    const sent = isFailover ? withTtlAtMost(request, this.#failoverNodes.ttl) : request;
    const onReply = (reply: Reply): void => operation.complete(reply, target.name);
    const onFailure = (error: CacheError): void => {
      const hasNext = at + 1 < candidates.length && mayRetry(request, error);
      if (operation.isCancelled || !hasNext) operation.failWith(error);
      else if (this.#epoch.isSuperseded) this.#epoch.resend(operation, key);
      else this.#try(operation, key, request, candidates, at + 1);
    };
    operation.isSent = true;
    const deadlineAt = attemptDeadline(operation, candidates.length - at);
    attempt(operation, target, sent, onReply, onFailure, deadlineAt);
  }
}

/** The deadline of one attempt. A request that is not idempotent reserves no time for a retry. */
function attemptDeadline(operation: Operation, attemptsLeft: number): number {
  return deadlineShare(operation, isIdempotent(operation.request) ? attemptsLeft : 1);
}
