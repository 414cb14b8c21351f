import type { Operation } from '../connection/operation.ts';
import type { Route, Target } from './route.ts';

/** Where keys are by one list of nodes. */
export interface Whereabouts extends Route {
  /** The nodes that hold the key: its owner, then the other copies. */
  membersOf(key: string): readonly Target[];
}

/**
 * The time in which one list of nodes is in force. What was asked in it ends where it was asked.
 * But what is yet to ask another node, or the same one again, goes by the list that is in force by
 * then: whoever holds the key by that may have it already, and would not hear of the change.
 */
export class Era {
  readonly #then: Pick<Whereabouts, 'membersOf'>;
  readonly #now: Whereabouts;
  /** Whether another list is in force. */
  isOver = false;

  /** @param now answers by the list that is in force when it is asked. */
  constructor(then: Pick<Whereabouts, 'membersOf'>, now: Whereabouts) {
    this.#then = then;
    this.#now = now;
  }

  /**
   * By the list that is in force, as if it had not been sent before; unless nobody waits for it.
   */
  sendAnew(operation: Operation, key: string): void {
    if (operation.isGivenUp) operation.fail('ERR_ABORTED_UNSENT', undefined);
    else this.#now.targetOf(key).send(operation);
  }

  /** A change that reached some of the nodes later than others is about to end. */
  ending(key: string): void {
    if (this.isOver && this.#hasMoved(key)) this.#now.targetOf(key).forget(key);
  }

  #hasMoved(key: string): boolean {
    const now = this.#now.membersOf(key);
    const then = this.#then.membersOf(key);
    return now.length !== then.length || now.some((member, i) => member !== then[i]);
  }
}
