import { machineClock } from '../../base/index.ts';
import type { ChangedNode, ChangeEvent, Moved, MoveStep } from './change-events.ts';

/** A node, as events name it. */
interface Named {
  readonly name: string;
  readonly address: string;
}

/** What has happened to one node so far. */
export class ChangeAccount {
  readonly #action: ChangedNode['action'];
  readonly #onEvent: (event: ChangeEvent) => void;
  readonly #startedAtMs = machineClock.nowMs();
  /** Of the steps before the present one. */
  #keysBefore = 0;
  #bytesBefore = 0;
  #keysMoved = 0;
  #bytesMoved = 0;

  constructor(action: ChangedNode['action'], onEvent: (event: ChangeEvent) => void) {
    this.#action = action;
    this.#onEvent = onEvent;
  }

  step({ name }: Pick<Named, 'name'>, step: 'starts' | 'stops' | 'is awaited'): void {
    this.#keysBefore += this.#keysMoved;
    this.#bytesBefore += this.#bytesMoved;
    this.#keysMoved = 0;
    this.#bytesMoved = 0;
    const none = { keysMoved: 0, bytesMoved: 0, keysLeft: 0 };
    this.#onEvent({ event: 'step', node: name, step, ...none });
  }

  moved(node: string, step: MoveStep, moved: Moved): void {
    // The members count from the start at the end of the step.
    this.#keysMoved = Math.max(this.#keysMoved, moved.keysMoved);
    this.#bytesMoved = Math.max(this.#bytesMoved, moved.bytesMoved);
    this.#onEvent({ event: 'step', node, step, ...moved });
  }

  end({ name, address }: Named): void {
    this.#onEvent({
      event: 'changed',
      node: name,
      address,
      action: this.#action,
      keysMoved: this.#keysBefore + this.#keysMoved,
      bytesMoved: this.#bytesBefore + this.#bytesMoved,
      ms: Math.round(machineClock.nowMs() - this.#startedAtMs),
    });
  }
}
