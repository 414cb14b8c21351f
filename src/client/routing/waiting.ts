import type { Operation } from '../connection/operation.ts';
import type { Route, Target } from './route.ts';

/**
 * Where keys go while no nodes are known yet: nowhere. Operations wait, each until its deadline,
 * for the first list.
 */
export class WaitingRoute implements Route, Target {
  /** It is no node. */
  readonly name = '';
  readonly isDown = true;
  readonly #countMax: number;
  readonly #waiting = new Map<Operation, NodeJS.Timeout>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  targetOf(): Target {
    return this;
  }

  send(operation: Operation): void {
    if (this.#waiting.size >= this.#countMax) {
      operation.fail('ERR_QUEUE_FULL', undefined);
      return;
    }
    const leftMs = Math.max(1, operation.deadlineAt - performance.now());
    const timer = setTimeout(() => {
      this.#waiting.delete(operation);
      operation.fail('ERR_DISCOVERY', undefined);
    }, leftMs);
    this.#waiting.set(operation, timer);
  }

  /** Nothing is anywhere yet. */
  forget(): void {}

  /** Ends the wait: hands each over that was not given up. */
  release(take: (operation: Operation) => void): void {
    for (const [operation, timer] of this.#waiting) {
      clearTimeout(timer);
      if (!operation.isSettled) take(operation);
    }
    this.#waiting.clear();
  }
}
