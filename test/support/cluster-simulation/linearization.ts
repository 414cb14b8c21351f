import { assert } from '../../../src/base/index.ts';
import type { KeyOperation } from './history.ts';
import { factsAfter, type KeyFacts, type KeyState } from './key-model.ts';

/** More operations of one key do not run at once. */
const OPEN_MAX = 30;
const WORLDS_MAX = 100_000;

const NO_ITEM: KeyFacts = { state: undefined, acknowledged: undefined };

/** A way in which all may have happened so far: what the key has, and what had its effect. */
interface World extends KeyFacts {
  /** The open operations that have had their effect, as bits. */
  readonly done: number;
}

/** A reply that is not right in any order of the operations that is possible. */
export interface WrongReply {
  readonly operation: KeyOperation;
  /** What the key may have had, before the operation itself. */
  readonly possible: readonly KeyState[];
}

/**
 * Looks for an order of the operations of one key in which all replies are right: each operation
 * has its effect between its start and its end (Herlihy and Wing). It follows the replies in their
 * order, with all worlds in which they can be right (Lowe: Testing for linearizability, 2017).
 */
export class Linearization {
  readonly #mayVanish: boolean;
  readonly #open: (KeyOperation | undefined)[] = [];
  #worlds: readonly World[] = [{ ...NO_ITEM, done: 0 }];

  /** @param mayVanish whether the key may have no item at any moment (evictions) */
  constructor(mayVanish: boolean) {
    this.#mayVanish = mayVanish;
  }

  /** The first reply that cannot be right, if there is one. */
  check(operations: readonly KeyOperation[]): WrongReply | undefined {
    for (const { operation, isEnd } of eventsOf(operations)) {
      if (!isEnd) this.#begin(operation);
      else {
        const possible = this.#end(operation);
        if (possible !== undefined) return { operation, possible };
      }
    }
    return undefined;
  }

  #begin(operation: KeyOperation): void {
    const free = this.#open.indexOf(undefined);
    const at = free === -1 ? this.#open.length : free;
    assert(at < OPEN_MAX, `at most ${OPEN_MAX} operations of ${operation.key} are open`);
    this.#open[at] = operation;
  }

  /**
   * Keeps the worlds in which the operation has had its effect. If there is none, returns what the
   * key may have had.
   */
  #end(operation: KeyOperation): readonly KeyState[] | undefined {
    const at = this.#open.indexOf(operation);
    const bit = 1 << at;
    const worlds = this.#reachable(bit);
    const right = worlds.filter(({ done }) => (done & bit) !== 0);
    if (right.length === 0) return distinct(worlds.map(({ state }) => state));
    this.#open[at] = undefined;
    this.#worlds = right.map((world) => ({ ...world, done: world.done ^ bit }));
    return undefined;
  }

  /** All worlds that may follow, up to the one in which the operation of the bit is done. */
  #reachable(bit: number): readonly World[] {
    const lost = this.#lostBits();
    const groups = new Map<string, World[]>();
    const reached: World[] = [];
    const reach = (world: World): void => {
      const group = `${world.done & ~lost} ${textOf(world.state)} ${textOf(world.acknowledged)}`;
      const similar = groups.get(group) ?? [];
      // It is no better than one with fewer lost operations, which can still follow that one.
      if (similar.some(({ done }) => (done & ~world.done) === 0)) return;
      groups.set(group, [...similar, world]);
      reached.push(world);
      assert(reached.length <= WORLDS_MAX, 'a key has too many operations without a reply');
    };
    for (const world of this.#worlds) reach(world);
    for (const world of reached) if ((world.done & bit) === 0) this.#follow(world, reach);
    return reached;
  }

  #follow(world: World, reach: (world: World) => void): void {
    for (const [at, operation] of this.#open.entries()) {
      if (operation === undefined || (world.done & (1 << at)) !== 0) continue;
      const facts = factsAfter(operation, world);
      if (facts !== undefined) reach({ ...facts, done: world.done | (1 << at) });
    }
    if (this.#mayVanish && world.state !== undefined) reach({ ...NO_ITEM, done: world.done });
  }

  /** The operations without a reply. */
  #lostBits(): number {
    return this.#open.reduce((bits, operation, at) => {
      return operation !== undefined && operation.reply === undefined ? bits | (1 << at) : bits;
    }, 0);
  }
}

/** The starts and ends of operations, in their order. */
function eventsOf(operations: readonly KeyOperation[]) {
  const events = operations.flatMap((operation) => {
    const start = { at: operation.start, operation, isEnd: false };
    const end = { at: operation.end, operation, isEnd: true };
    return operation.reply === undefined ? [start] : [start, end];
  });
  return events.toSorted((one, other) => one.at - other.at);
}

function distinct(states: readonly KeyState[]): readonly KeyState[] {
  return [...new Map(states.map((state) => [textOf(state), state])).values()];
}

const textOf = (state: KeyState): string => (state ? `${state.value} ${state.id}` : '');
