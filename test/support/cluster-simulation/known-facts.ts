import type { KeyOperation } from './history.ts';
import { factsAfter, type KeyFacts, type KeyState } from './key-model.ts';

/** The same facts are the same object, so that worlds are compared by numbers. */
export interface Facts extends KeyFacts {
  /** Counts up from 0. */
  readonly nth: number;
}

/** What operations lead to, by the facts before. */
export type Effects = Map<Facts, Facts | undefined>;

/** The states and facts of one key that its worlds have met, each once. */
export class KnownFacts {
  readonly nothing: Facts;
  readonly #states = new Map<string, KeyState>();
  readonly #facts = new Map<KeyState, Map<KeyState, Facts>>();
  #count = 0;

  constructor() {
    this.nothing = this.#of(undefined, undefined);
  }

  /** `state` is the same object as in known facts. */
  acknowledged(state: KeyState): Facts {
    return this.#of(state, state);
  }

  /** What is known after an operation; undefined if it cannot happen now. */
  after(
    operation: KeyOperation,
    before: Facts,
    mayMiss: boolean,
    effects: Effects,
  ): Facts | undefined {
    if (effects.has(before)) return effects.get(before);
    const found = factsAfter(operation, before, mayMiss);
    const facts = found && this.#of(this.#known(found.state), this.#known(found.acknowledged));
    effects.set(before, facts);
    return facts;
  }

  #of(state: KeyState, acknowledged: KeyState): Facts {
    const ofState = this.#facts.get(state) ?? new Map<KeyState, Facts>();
    const facts = ofState.get(acknowledged) ?? { state, acknowledged, nth: this.#count++ };
    ofState.set(acknowledged, facts);
    this.#facts.set(state, ofState);
    return facts;
  }

  #known(state: KeyState): KeyState {
    if (state === undefined) return undefined;
    const text = `${state.value} ${state.id} ${state.expiry?.untilMs ?? ''}`;
    const known = this.#states.get(text) ?? state;
    this.#states.set(text, known);
    return known;
  }
}
