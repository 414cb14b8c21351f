import type { Operation } from '../connection/operation.ts';
import type { Route, Target } from './target.ts';

/** Locates keys according to one topology. */
export interface KeyLocator extends Route {
  /** The nodes that hold the replicas of `key`, the owner first. */
  replicasOf(key: string): readonly Target[];
}

/**
 * The time between two changes of the topology. An attempt that began in this epoch ends at the
 * node that received it. An operation that needs another attempt follows the current topology: its
 * owner of the key may already hold the key, and would otherwise not receive the change.
 */
export class TopologyEpoch {
  readonly #ofEpoch: Pick<KeyLocator, 'replicasOf'>;
  readonly #current: KeyLocator;
  /** Whether a newer topology is in force. */
  isSuperseded = false;

  /**
   * @param ofEpoch locates keys by the topology of this epoch.
   * @param current locates keys by the topology that is in force at each call.
   */
  constructor(ofEpoch: Pick<KeyLocator, 'replicasOf'>, current: KeyLocator) {
    this.#ofEpoch = ofEpoch;
    this.#current = current;
  }

  /**
   * Sends the operation by the current topology, as if it had not been sent before. A cancelled
   * operation fails instead.
   */
  resend(operation: Operation, key: string): void {
    if (operation.isCancelled) operation.fail('ERR_ABORTED_UNSENT', undefined);
    else this.#current.targetOf(key).send(operation);
  }

  /**
   * Called before an update settles that reached its replicas one after the other. If the key has
   * moved since, its present replicas may have missed the update: they invalidate the key.
   */
  finishing(key: string): void {
    if (this.isSuperseded && this.#hasMoved(key)) this.#current.targetOf(key).invalidate(key);
  }

  #hasMoved(key: string): boolean {
    const current = this.#current.replicasOf(key);
    const ofEpoch = this.#ofEpoch.replicasOf(key);
    return current.length !== ofEpoch.length || current.some((node, i) => node !== ofEpoch[i]);
  }
}
