import type { Reply, Request } from '../../protocol/client.ts';
import { CacheError } from '../base/errors.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, deadlineShare } from './attempt.ts';
import { multiGet } from './multi-get.ts';
import { isIdempotent, mayRetry } from './retry-policy.ts';
import type { Route, Target } from './target.ts';
import type { TopologyEpoch } from './topology-epoch.ts';

/** How many nodes after the owner of a key a request may try. */
const OTHERS_MAX = 2;
/** Errors of a node of a cluster that every other node would send, too. */
const ABOUT_THE_VALUE = /too large|out of memory/;
/** A node sends this if the connection to the owner of the key broke after the request. */
const MAY_HAVE_RUN = /may have run the request/;

/**
 * The route to the keys of a cluster of slabring, in which each node answers for every key: a
 * request goes to the owner of its key, which answers without a detour. If the owner is down, or
 * fails in a way that allows it to repeat the request, another node is asked, which forwards it to
 * whichever node has the key now.
 */
export function anyNodeRoute(inner: Route, nodes: readonly Target[], epoch: TopologyEpoch): Route {
  const targets = new Map<Target, Target>();
  for (const [at, node] of nodes.entries()) {
    const others = [...nodes.slice(at + 1), ...nodes.slice(0, at)].slice(0, OTHERS_MAX);
    targets.set(node, new AnyNodeTarget([node, ...others], epoch));
  }
  return (key) => targets.get(inner(key))!;
}

class AnyNodeTarget implements Target {
  /** The owner first. */
  readonly #nodes: readonly Target[];
  readonly #epoch: TopologyEpoch;

  constructor(nodes: readonly Target[], epoch: TopologyEpoch) {
    this.#nodes = nodes;
    this.#epoch = epoch;
  }

  get name(): string {
    return this.#nodes[0]!.name;
  }

  get isDown(): boolean {
    return this.#nodes.every(({ isDown }) => isDown);
  }

  get isNew(): boolean {
    return this.#nodes[0]!.isNew;
  }

  /** The nodes of a cluster have no stale items. */
  invalidate(): void {}

  send(operation: Operation): void {
    const { request } = operation;
    const candidates = this.#candidates();
    if (request.verb === 'get-many') {
      multiGet(operation, request, { targetsOf: () => candidates, retryMisses: false });
    } else {
      this.#try(operation, request, candidates, 0);
    }
  }

  /** The nodes that are up, the owner first; the owner alone if none is up. */
  #candidates(): readonly Target[] {
    const up = this.#nodes.filter(({ isDown }) => !isDown);
    return up.length === 0 ? this.#nodes.slice(0, 1) : up;
  }

  #try(operation: Operation, request: Request, candidates: readonly Target[], at: number): void {
    const target = candidates[at]!;
    const onReply = (reply: Reply): void => operation.complete(reply, target.name);
    const onFailure = (error: CacheError): void => {
      const hasNext = at + 1 < candidates.length && mayAskAnother(request, error);
      if (operation.isCancelled || !hasNext) operation.failWith(certain(error));
      else if (this.#epoch.isSuperseded && 'key' in request) {
        this.#epoch.resend(operation, request.key);
      } else this.#try(operation, request, candidates, at + 1);
    };
    operation.isSent = true;
    const attemptsLeft = isIdempotent(request) ? candidates.length - at : 1;
    attempt(operation, target, request, onReply, onFailure, deadlineShare(operation, attemptsLeft));
  }
}

/** Whether another node may succeed, and the request may be executed twice. */
function mayAskAnother(request: Request, error: CacheError): boolean {
  if (error.code !== 'ERR_REFUSED') return mayRetry(request, error);
  const { message } = error;
  const isOfTheNode = message.includes('SERVER_ERROR') && !ABOUT_THE_VALUE.test(message);
  return isOfTheNode && isIdempotent(request);
}

/** A node that lost the owner's reply refuses, but the owner may have executed the request. */
function certain(error: CacheError): CacheError {
  if (error.code !== 'ERR_REFUSED' || !MAY_HAVE_RUN.test(error.message)) return error;
  return new CacheError('ERR_REPLY_LOST', { node: error.node, cause: error });
}
