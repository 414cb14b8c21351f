import type { Operation } from '../connection/operation.ts';
import type { ClientRuntime, ClientTimer } from '../connection/runtime.ts';
import type { Target } from './target.ts';

/** Holds operations, each until its deadline, while the client waits for the first topology. */
export class WaitingTarget implements Target {
  /** Empty, because it is not a node. */
  readonly name = '';
  readonly isDown = true;
  readonly isNew = true;
  readonly #maxWaiting: number;
  readonly #runtime: ClientRuntime;
  readonly #waiting = new Map<Operation, ClientTimer>();

  constructor(maxWaiting: number, runtime: ClientRuntime) {
    this.#maxWaiting = maxWaiting;
    this.#runtime = runtime;
  }

  send(operation: Operation): void {
    if (this.#waiting.size >= this.#maxWaiting) {
      operation.fail('ERR_QUEUE_FULL', undefined);
      return;
    }
    const timeoutMs = Math.max(1, operation.deadlineAt - this.#runtime.now());
    const timer = this.#runtime.setTimer(() => {
      this.#waiting.delete(operation);
      operation.fail('ERR_DISCOVERY', undefined);
    }, timeoutMs);
    this.#waiting.set(operation, timer);
  }

  /** Does nothing: no node is known that could hold the key. */
  invalidate(): void {}

  /** Ends the wait: hands over each operation that has not settled. */
  release(take: (operation: Operation) => void): void {
    for (const [operation, timer] of this.#waiting) {
      timer.cancel();
      if (!operation.isSettled) take(operation);
    }
    this.#waiting.clear();
  }
}
