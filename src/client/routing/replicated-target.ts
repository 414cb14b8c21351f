import type { Distribution } from '../../topology/index.ts';
import type { Operation } from '../connection/operation.ts';
import { multiGet } from './multi-get.ts';
import { updatePrimaryFirst } from './primary-first-update.ts';
import type { ReplicaSet } from './replica-set.ts';
import { fetchFromReplicas, readFromReplicas } from './replicated-read.ts';
import { writeToReplicas } from './replicated-write.ts';
import { isIdempotent } from './retry-policy.ts';
import { internTargets, type Route, type Target } from './target.ts';

/** Targets that keys share; a large cluster may have more replica sets. */
const TARGETS_MAX = 4096;

/**
 * Routes each key to its replicas: the owner and the nodes that follow it in the distribution.
 * @param replicaSetOf makes the replica set of the nodes with these indexes.
 */
export function replicatedRoute(
  distribution: Distribution,
  replicaCount: number,
  replicaSetOf: (nodes: readonly number[]) => ReplicaSet,
): Route {
  const intern = internTargets<string>(TARGETS_MAX);
  return (key) => {
    const owners = distribution.ownersOf(key, replicaCount);
    return intern(owners.join(), () => new ReplicatedTarget(replicaSetOf(owners)));
  };
}

/**
 * The replicas of the same keys. How each kind of request is carried out:
 *
 *   get, getMany        the first replica that is up; after a failure or a miss the next one.
 *                       Replicas that lost the item are repaired.
 *   set, delete, touch  all replicas at once; done when one has carried it out
 *   fetch, the others   the primary, which is the first replica that is up, decides; the other
 *                       replicas receive the result
 *
 * A replica that missed a write invalidates the key before it serves the key again.
 */
class ReplicatedTarget implements Target {
  readonly #replicas: ReplicaSet;

  constructor(replicas: ReplicaSet) {
    this.#replicas = replicas;
  }

  get name(): string {
    return this.#replicas.nodes[0]!.name;
  }

  get isDown(): boolean {
    return this.#replicas.nodes.every(({ isDown }) => isDown);
  }

  get isNew(): boolean {
    return this.#replicas.nodes.some(({ isNew }) => isNew);
  }

  invalidate(key: string): void {
    this.#replicas.invalidate(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    const replicas = this.#replicas;
    operation.isSent = true;
    switch (request.verb) {
      case 'get':
        readFromReplicas(replicas, operation, request);
        return;
      case 'get-many':
        this.#readMany(operation, request);
        return;
      case 'fetch':
        fetchFromReplicas(replicas, operation, request);
        return;
      case 'touch':
        writeToReplicas(replicas, operation, request);
        return;
      case 'store':
      case 'delete':
        if (isIdempotent(request)) writeToReplicas(replicas, operation, request);
        else updatePrimaryFirst(replicas, operation, request);
        return;
      case 'count':
        updatePrimaryFirst(replicas, operation, request);
        return;
      default:
        replicas.nodes[0]!.send(operation);
    }
  }

  #readMany(operation: Operation, request: Parameters<typeof multiGet>[1]): void {
    const replicas = this.#replicas;
    multiGet(operation, request, {
      targetsOf: () => replicas.up(),
      retryMisses: true,
      onRepairNeeded: (key, at, missedAt) => replicas.repair(key, at, missedAt),
    });
  }
}
