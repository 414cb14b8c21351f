import type { KeyOperation } from './history.ts';
import { factsAfter, type KeyFacts, type KeyState } from './key-model.ts';

/** Operations of one key at once: bits of one number. */
const OPEN_MAX = 30;
const WORLDS_MAX = 20_000;

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

/** The history has more possible orders than the bounds above allow. */
class Undecided extends Error {}

/**
 * Looks for an order of the operations of one key in which all replies are right: each operation
 * has its effect between its start and its end (Herlihy and Wing). It follows the replies in their
 * order, with all worlds in which they can be right (Lowe: Testing for linearizability, 2017).
 */
export class Linearization {
  readonly #mayVanish: boolean;
  readonly #open: (KeyOperation | undefined)[] = [];
  /** All states of all worlds so far, for changes that are lost later. */
  readonly #seen = new Map<string, KeyState>();
  /** Reads at copies that have not ended, and those of them that are right. */
  readonly #peeks = new Set<KeyOperation>();
  readonly #rightPeeks = new Set<KeyOperation>();
  /** A flush of the key has begun and not ended. */
  #flushes = 0;
  #worlds: readonly World[] = [{ ...NO_ITEM, done: 0 }];

  /** @param mayVanish whether the key may have no item at any moment (evictions) */
  constructor(mayVanish: boolean) {
    this.#mayVanish = mayVanish;
  }

  /** The first reply that cannot be right, if there is one. */
  check(operations: readonly KeyOperation[]): WrongReply | 'undecided' | undefined {
    try {
      return this.#check(operations);
    } catch (error) {
      if (error instanceof Undecided) return 'undecided';
      throw error;
    }
  }

  #check(operations: readonly KeyOperation[]): WrongReply | undefined {
    for (const { operation, isEnd } of eventsOf(operations)) {
      const isPeek = operation.request.kind === 'peek';
      if (!isEnd && isPeek) this.#beginPeek(operation);
      else if (!isEnd) this.#begin(operation);
      else {
        const possible = isPeek ? this.#endPeek(operation) : this.#end(operation);
        if (possible !== undefined) return { operation, possible };
      }
    }
    return undefined;
  }

  #begin(operation: KeyOperation): void {
    const { kind } = operation.request;
    if (kind === 'flush') this.#flushes++;
    const free = this.#open.indexOf(undefined);
    const at = free === -1 ? this.#open.length : free;
    if (at >= OPEN_MAX) throw new Undecided();
    this.#open[at] = operation;
  }

  /**
   * Keeps the worlds in which the operation has had its effect. If there is none, returns what the
   * key may have had.
   */
  #end(operation: KeyOperation): readonly KeyState[] | undefined {
    const at = this.#open.indexOf(operation);
    const bit = 1 << at;
    const worlds = this.#reachable(bit, operation.endMs);
    const right = worlds.filter(({ done }) => (done & bit) !== 0);
    if (right.length === 0) return distinct(worlds.map(({ state }) => state));
    this.#open[at] = undefined;
    if (operation.request.kind === 'flush') this.#flushes--;
    this.#worlds = right.map((world) => ({ ...world, done: world.done ^ bit }));
    return undefined;
  }

  /**
   * A read at a copy is right if the key may have had that value at some moment since the read
   * began. It has no place in the order of the operations: copies have a change at different times.
   */
  #beginPeek(operation: KeyOperation): void {
    this.#peeks.add(operation);
    for (const { state } of this.#worlds) this.#peekAt(state);
  }

  #endPeek(operation: KeyOperation): readonly KeyState[] | undefined {
    const worlds = this.#rightPeeks.has(operation) ? [] : this.#reachable(0, operation.endMs);
    this.#peeks.delete(operation);
    if (this.#rightPeeks.delete(operation)) return undefined;
    return distinct(worlds.map(({ state }) => state));
  }

  #peekAt(state: KeyState): void {
    for (const peek of this.#peeks) {
      const { reply } = peek;
      const value = reply?.kind === 'hit' ? reply.value : undefined;
      if (state?.value === value) this.#rightPeeks.add(peek);
    }
  }

  /** All worlds that may follow by `nowMs`, up to those in which the operation is done. */
  #reachable(bit: number, nowMs: number): readonly World[] {
    const lost = this.#lostBits();
    const groups = new Map<string, World[]>();
    const reached: World[] = [];
    const reach = (world: World): void => {
      const text = textOf(world.state);
      const group = `${world.done & ~lost} ${text} ${textOf(world.acknowledged)}`;
      const similar = groups.get(group) ?? [];
      // It is no better than one with fewer lost operations, which can still follow that one.
      if (similar.some(({ done }) => (done & ~world.done) === 0)) return;
      groups.set(group, [...similar, world]);
      reached.push(world);
      this.#peekAt(world.state);
      this.#seen.set(text, world.state);
      if (reached.length > WORLDS_MAX) throw new Undecided();
    };
    for (const world of this.#worlds) reach(world);
    for (const world of reached) if ((world.done & bit) === 0) this.#follow(world, nowMs, reach);
    return reached;
  }

  #follow(world: World, nowMs: number, reach: (world: World) => void): void {
    for (const [at, operation] of this.#open.entries()) {
      if (operation === undefined || (world.done & (1 << at)) !== 0) continue;
      if (this.#hasTwinBefore(operation, world.done)) continue;
      const done = world.done | (1 << at);
      if (operation.request.kind === 'revert') this.#revert(done, reach);
      const facts = factsAfter(operation, world, this.#mayVanish || this.#flushes > 0);
      if (facts !== undefined) reach({ ...facts, done });
    }
    const { state } = world;
    // A flush hides a key when it begins, and perhaps once more before it ends.
    const isFlushed = this.#flushes > 0;
    const mayBeGone = this.#mayVanish || isFlushed || (state?.expiry?.fromMs ?? Infinity) <= nowMs;
    if (mayBeGone && state !== undefined) reach({ ...NO_ITEM, done: world.done });
  }

  /**
   * Whether an operation without a reply that is the same but older has not had its effect: then
   * the newer one needs no turn of its own.
   */
  #hasTwinBefore({ reply, request, start }: KeyOperation, done: number): boolean {
    if (reply !== undefined) return false;
    const text = JSON.stringify(request);
    return this.#open.some((other, at) => {
      const isOlder = other !== undefined && other.reply === undefined && other.start < start;
      return isOlder && (done & (1 << at)) === 0 && JSON.stringify(other.request) === text;
    });
  }

  /** The key may have again whatever it had. */
  #revert(done: number, reach: (world: World) => void): void {
    for (const state of [...this.#seen.values()]) reach({ state, acknowledged: state, done });
  }

  /** The operations without a reply. */
  #lostBits(): number {
    return this.#open.reduce((bits, operation, at) => {
      return operation !== undefined && operation.reply === undefined ? bits | (1 << at) : bits;
    }, 0);
  }
}

/** The starts and ends of operations, in their order. A read without a reply says nothing. */
function eventsOf(operations: readonly KeyOperation[]) {
  const events = operations.flatMap((operation) => {
    const start = { at: operation.start, operation, isEnd: false };
    const end = { at: operation.end, operation, isEnd: true };
    if (operation.reply !== undefined) return [start, end];
    const { kind } = operation.request;
    return kind === 'get' || kind === 'peek' ? [] : [start];
  });
  return events.toSorted((one, other) => one.at - other.at);
}

function distinct(states: readonly KeyState[]): readonly KeyState[] {
  return [...new Map(states.map((state) => [textOf(state), state])).values()];
}

const textOf = (state: KeyState): string =>
  state ? `${state.value} ${state.id} ${state.expiry?.untilMs ?? ''}` : '';
