import type { FetchRequest, GetRequest, Reply, Request } from '../../protocol/client.ts';
import type { CacheError } from '../base/errors.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, deadlineShare, detachReply, replyOf } from './attempt.ts';
import type { InFlightCopies } from './in-flight-copies.ts';
import { multiGet } from './multi-get.ts';
import { copyItem, type ItemCopy, type ReadRepair } from './read-repair.ts';
import { isIdempotent, isRead } from './retry-policy.ts';
import { internTargets, type Route, type Target } from './target.ts';
import type { TopologyEpoch } from './topology-epoch.ts';

/** The nodes that held the key by earlier topologies and no longer hold it, the latest first. */
export type PreviousOwnersOf = (key: string) => readonly Target[];

/** Targets that keys share, for each present target. */
const TARGETS_MAX = 1024;

/**
 * For the grace after a change of the topology, looks for a key that moved at its previous owners,
 * and copies the item to its owner. A write or a delete of the key also deletes it at the previous
 * owners: otherwise a later miss would bring back the stale value.
 *
 * "Owner" is the inner route's target of the key: a node, or the replicas of the key.
 */
export function previousOwnerRoute(
  inner: Route,
  previousOwnersOf: PreviousOwnersOf,
  epoch: TopologyEpoch,
  copies: InFlightCopies,
  readRepair: ReadRepair,
): Route {
  const targets = new WeakMap<Target, ReturnType<typeof internTargets<string>>>();
  return (key) => {
    const owner = inner(key);
    const previousOwners = previousOwnersOf(key);
    if (previousOwners.length === 0) return owner;
    let intern = targets.get(owner);
    if (intern === undefined) {
      intern = internTargets(TARGETS_MAX);
      targets.set(owner, intern);
    }
    const id = previousOwners.map(({ name }) => name).join();
    return intern(
      id,
      () => new PreviousOwnerTarget(owner, previousOwners, epoch, copies, readRepair),
    );
  };
}

/** The owner of some keys, composed with their previous owners. */
class PreviousOwnerTarget implements Target {
  readonly #owner: Target;
  readonly #previousOwners: readonly Target[];
  readonly #epoch: TopologyEpoch;
  readonly #copies: InFlightCopies;
  readonly #readRepair: ReadRepair;

  constructor(
    owner: Target,
    previousOwners: readonly Target[],
    epoch: TopologyEpoch,
    copies: InFlightCopies,
    readRepair: ReadRepair,
  ) {
    this.#owner = owner;
    this.#previousOwners = previousOwners;
    this.#epoch = epoch;
    this.#copies = copies;
    this.#readRepair = readRepair;
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
    for (const previousOwner of this.#previousOwners) previousOwner.invalidate(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    if (request.verb === 'get-many') this.#getMany(operation, request);
    else if (!('key' in request)) this.#owner.send(operation);
    else if (isRead(request)) this.#read(operation, request as GetRequest | FetchRequest);
    else this.#write(operation, request.key, request);
  }

  #getMany(operation: Operation, request: Parameters<typeof multiGet>[1]): void {
    const targets = [this.#owner, ...this.#previousOwners];
    multiGet(operation, request, {
      targetsOf: () => targets,
      retryMisses: true,
      onRepairNeeded: (key, at) => this.#repair(key, at),
    });
  }

  /** Asks the owner for a lease only after a miss at the previous owners, too. */
  #read(operation: Operation, request: GetRequest | FetchRequest): void {
    const { key } = request;
    const first = request.verb === 'fetch' ? withoutLease(request) : request;
    const onReply = (reply: Reply): void => {
      if (reply.status !== 'miss') answerFrom(operation, this.#owner, reply);
      else if (request.verb === 'get' && !request.cas) this.#getFromPrevious(operation, request, 0);
      else this.#copyToOwner(operation, key, 0, () => this.#owner.send(operation));
    };
    const onFailure = (error: CacheError): void => operation.failWith(error);
    operation.isSent = true;
    attempt(operation, this.#owner, first, onReply, onFailure, deadlineShare(operation, 2));
  }

  #getFromPrevious(operation: Operation, request: GetRequest, at: number): void {
    const previousOwner = this.#previousOwners[at];
    if (previousOwner === undefined) {
      operation.complete(replyOf('miss'), this.name);
      return;
    }
    const next = (): void => this.#getFromPrevious(operation, request, at + 1);
    const onReply = (reply: Reply): void => {
      if (reply.status !== 'value') {
        next();
        return;
      }
      this.#repair(request.key, previousOwner);
      answerFrom(operation, previousOwner, reply);
    };
    const deadlineAt = deadlineShare(operation, this.#previousOwners.length - at);
    attempt(operation, previousOwner, request, onReply, next, deadlineAt);
  }

  #repair(key: string, from: Target): void {
    this.#readRepair.repair(this.#epoch, key, from, [this.#owner]);
  }

  /** An update that depends on the item first copies it to the owner. */
  #write(operation: Operation, key: string, request: Request): void {
    operation.isSent = true;
    if (isUnconditional(request)) this.#writeAndDelete(operation, key, request);
    else this.#copyToOwner(operation, key, 0, () => this.#writeAndDelete(operation, key, request));
  }

  /**
   * Copies the item to the owner, from the latest previous owner that has it; then calls `then`.
   */
  #copyToOwner(operation: Operation, key: string, at: number, then: () => void): void {
    const from = this.#previousOwners[at];
    if (operation.isCancelled || this.#epoch.isSuperseded) {
      this.#epoch.resend(operation, key);
      return;
    }
    if (from === undefined) {
      then();
      return;
    }
    const guard = this.#copies.guard(key);
    const copy: ItemCopy = {
      key,
      from,
      to: [this.#owner],
      mode: 'add',
      clock: operation.clock,
      deadlineAt: deadlineShare(operation, this.#previousOwners.length - at + 1),
      get isCancelled(): boolean {
        return guard.isInvalidated;
      },
    };
    copyItem(copy, ({ isFound }) => {
      this.#copies.release(guard);
      this.#copyToOwner(operation, key, isFound ? this.#previousOwners.length : at + 1, then);
    });
  }

  /**
   * Sends the write to the owner and a delete to the previous owners. The operation settles with
   * the owner's reply once all of them have replied or failed.
   */
  #writeAndDelete(operation: Operation, key: string, request: Request): void {
    if (isUnconditional(request)) this.#copies.invalidate(key);
    else this.#copies.arrived(key);
    let pending = this.#previousOwners.length + 1;
    let finish = (): void => {};
    let wasDeleted = false;
    const settleOne = (): void => {
      if (--pending === 0) finish();
    };
    const deletion = { verb: 'delete', key, cas: undefined, staleExptime: undefined } as const;
    for (const previousOwner of this.#previousOwners) {
      const onDeleted = ({ status }: Reply): void => {
        wasDeleted ||= status === 'done';
        settleOne();
      };
      attempt(operation, previousOwner, deletion, onDeleted, () => {
        previousOwner.invalidate(key);
        settleOne();
      });
    }
    const onReply = (reply: Reply): void => {
      const ownerReply = detachReply(reply);
      finish = () =>
        answerFrom(operation, this.#owner, deleteReplyOf(request, ownerReply, wasDeleted));
      settleOne();
    };
    const onFailure = (error: CacheError): void => {
      finish = () => operation.failWith(error);
      settleOne();
    };
    attempt(operation, this.#owner, request, onReply, onFailure);
  }
}

/** Whether the outcome of the write does not depend on the item. */
function isUnconditional(request: Request): boolean {
  if (!isIdempotent(request) || request.verb === 'touch') return false;
  return request.verb !== 'delete' || request.staleExptime === undefined;
}

/** The reply to a delete that found the key only at a previous owner is `done`, not `miss`. */
function deleteReplyOf(request: Request, reply: Reply, wasDeleted: boolean): Reply {
  const isFound = wasDeleted && request.verb === 'delete' && reply.status === 'miss';
  return isFound ? replyOf('done') : reply;
}

function withoutLease(request: FetchRequest): FetchRequest {
  return { ...request, metaFlags: { ...request.metaFlags, vivifyExptime: undefined } };
}

function answerFrom(operation: Operation, target: Target, reply: Reply): void {
  operation.complete(reply, target.name);
}
