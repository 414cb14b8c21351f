import type { Operation } from '../connection/operation.ts';
import type { Route, Target } from './target.ts';

/**
 * The time between two changes of the topology. An attempt that began in this epoch ends at the
 * node that received it. An operation that needs another attempt follows the latest epoch: the
 * key's owner by that one may already hold the key, and would otherwise not receive the change.
 */
export class TopologyEpoch {
  /** The nodes that hold the replicas of a key, the owner first. */
  readonly #replicasOf: (key: string) => readonly Target[];
  #route: Route;
  #next: TopologyEpoch | undefined;

  /** @param compose makes the route of the epoch. */
  constructor(
    replicasOf: (key: string) => readonly Target[],
    compose: (epoch: TopologyEpoch) => Route,
  ) {
    this.#replicasOf = replicasOf;
    this.#route = compose(this);
  }

  /** Whether a newer epoch has begun. */
  get isSuperseded(): boolean {
    return this.#next !== undefined;
  }

  targetOf(key: string): Target {
    return this.#route(key);
  }

  /** A newer epoch begins. */
  supersede(next: TopologyEpoch): void {
    this.#next = next;
  }

  /**
   * Sends the operation by the latest epoch, as if it had not been sent before. A cancelled
   * operation fails instead.
   */
  resend(operation: Operation, key: string): void {
    if (operation.isCancelled) operation.fail('ERR_ABORTED_UNSENT', undefined);
    else this.#latest().targetOf(key).send(operation);
  }

  /**
   * Called before an update settles that reached its replicas one after the other. If the key has
   * moved since, its present replicas may have missed the update: they invalidate the key. If it
   * moved away and back, its previous owners do.
   */
  finishing(key: string): void {
    for (let next = this.#next; next !== undefined; next = next.#next) {
      if (!this.#hasMoved(key, next)) continue;
      this.#latest().targetOf(key).invalidate(key);
      return;
    }
  }

  #latest(): TopologyEpoch {
    let latest: TopologyEpoch = this;
    while (latest.#next !== undefined) latest = latest.#next;
    return latest;
  }

  #hasMoved(key: string, newer: TopologyEpoch): boolean {
    const now = newer.#replicasOf(key);
    const before = this.#replicasOf(key);
    return now.length !== before.length || now.some((node, i) => node !== before[i]);
  }
}
