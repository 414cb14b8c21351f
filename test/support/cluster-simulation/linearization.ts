import type { KeyOperation } from './history.ts';
import type { KeyState } from './key-model.ts';
import { type Effects, type Facts, KnownFacts } from './known-facts.ts';

/** Operations of one key at once: bits of one number. */
const OPEN_MAX = 30;
const WORLDS_MAX = 20_000;

/** Above the bits of operations, in the number of a group of worlds. */
const GROUP_STEP = 2 ** OPEN_MAX;

/** A way in which all may have happened so far: what the key has, and what had its effect. */
interface World {
  readonly facts: Facts;
  /** The open operations that have had their effect, as bits. */
  readonly done: number;
}

/** An operation that has begun and has not ended. */
interface Open {
  readonly operation: KeyOperation;
  readonly bit: number;
  readonly isLost: boolean;
  /** Operations without a reply that are the same but older, as bits: they go first. */
  readonly twins: number;
  readonly effects: Effects;
  /** The effects while the key may seem to have no item. */
  readonly effectsOfMissing: Effects;
}

type Reach = (facts: Facts, done: number) => void;

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
  readonly #known = new KnownFacts();
  readonly #open: (Open | undefined)[] = [];
  /** All states of all worlds so far, for changes that are lost later. */
  readonly #seen = new Set<KeyState>();
  /** Reads at copies that have not ended, and those of them that are right. */
  readonly #peeks = new Set<KeyOperation>();
  readonly #rightPeeks = new Set<KeyOperation>();
  /** A flush of the key has begun and not ended. */
  #flushes = 0;
  #worlds: readonly World[] = [{ facts: this.#known.nothing, done: 0 }];

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
    this.#open[at] = {
      operation,
      bit: 1 << at,
      isLost: operation.reply === undefined,
      twins: this.#twinsOf(operation),
      effects: new Map(),
      effectsOfMissing: new Map(),
    };
  }

  /** Of two that are the same and have no reply, the newer one needs no turn before the older. */
  #twinsOf({ reply, request }: KeyOperation): number {
    if (reply !== undefined) return 0;
    const text = JSON.stringify(request);
    return this.#bitsOf(
      ({ isLost, operation }) => isLost && JSON.stringify(operation.request) === text,
    );
  }

  /**
   * Keeps the worlds in which the operation has had its effect. If there is none, returns what the
   * key may have had.
   */
  #end(operation: KeyOperation): readonly KeyState[] | undefined {
    const at = this.#open.findIndex((open) => open?.operation === operation);
    const bit = 1 << at;
    const worlds = this.#reachable(bit, operation.endMs);
    const right = worlds.filter(({ done }) => (done & bit) !== 0);
    if (right.length === 0) return statesOf(worlds);
    this.#open[at] = undefined;
    if (operation.request.kind === 'flush') this.#flushes--;
    this.#worlds = right.map(({ facts, done }) => ({ facts, done: done ^ bit }));
    return undefined;
  }

  /**
   * A read at a copy is right if the key may have had that value at some moment since the read
   * began. It has no place in the order of the operations: copies have a change at different times.
   */
  #beginPeek(operation: KeyOperation): void {
    this.#peeks.add(operation);
    for (const { facts } of this.#worlds) this.#peekAt(facts.state);
  }

  #endPeek(operation: KeyOperation): readonly KeyState[] | undefined {
    const worlds = this.#rightPeeks.has(operation) ? [] : this.#reachable(0, operation.endMs);
    this.#peeks.delete(operation);
    if (this.#rightPeeks.delete(operation)) return undefined;
    return statesOf(worlds);
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
    const lost = this.#bitsOf(({ isLost }) => isLost);
    const groups = new Map<number, number[]>();
    const reached: World[] = [];
    const reverted = new Map<number, number>();
    const reach: Reach = (facts, done) => {
      const group = GROUP_STEP * facts.nth + (done & ~lost);
      const similar = groups.get(group);
      if (similar === undefined) groups.set(group, [done]);
      // It is no better than one with fewer lost operations, which can still follow that one.
      else if (similar.some((fewer) => (fewer & ~done) === 0)) return;
      else similar.push(done);
      reached.push({ facts, done });
      this.#peekAt(facts.state);
      this.#seen.add(facts.state);
      if (reached.length > WORLDS_MAX) throw new Undecided();
    };
    for (const { facts, done } of this.#worlds) reach(facts, done);
    for (const world of reached) {
      if ((world.done & bit) === 0) this.#follow(world, nowMs, reverted, reach);
    }
    return reached;
  }

  #follow(
    { facts, done }: World,
    nowMs: number,
    reverted: Map<number, number>,
    reach: Reach,
  ): void {
    const { state } = facts;
    const isFlushed = this.#flushes > 0;
    const mayMiss = this.#mayVanish || isFlushed;
    const next = this.#open.filter((open) => open !== undefined && isNext(open, done)) as Open[];
    const after = next.map(({ operation, effects, effectsOfMissing }) => {
      return this.#known.after(operation, facts, mayMiss, mayMiss ? effectsOfMissing : effects);
    });
    // A reply that is right now and changes nothing need not wait, unless for the end of a flush.
    const idle = next.findIndex(({ isLost }, nth) => !isLost && after[nth] === facts);
    if (idle !== -1 && !isFlushed) {
      reach(facts, done | next[idle]!.bit);
      return;
    }
    for (const [nth, { operation, bit }] of next.entries()) {
      if (operation.request.kind === 'revert') this.#revert(done | bit, reverted, reach);
      const found = after[nth];
      if (found !== undefined) reach(found, done | bit);
    }
    // A flush hides a key when it begins, and perhaps once more before it ends.
    const mayBeGone = mayMiss || (state?.expiry?.fromMs ?? Infinity) <= nowMs;
    if (mayBeGone && state !== undefined) reach(this.#known.nothing, done);
  }

  /** The key may have again whatever it had. `reverted`: how many of those worlds are reached. */
  #revert(done: number, reverted: Map<number, number>, reach: Reach): void {
    const states = [...this.#seen].slice(reverted.get(done) ?? 0);
    reverted.set(done, this.#seen.size);
    for (const state of states) reach(this.#known.acknowledged(state), done);
  }

  #bitsOf(test: (open: Open) => boolean): number {
    return this.#open.reduce((bits, open) => {
      return open !== undefined && test(open) ? bits | open.bit : bits;
    }, 0);
  }
}

/** Whether an operation has not had its effect, and may have it next. */
const isNext = ({ bit, twins }: Open, done: number): boolean =>
  (done & bit) === 0 && (twins & ~done) === 0;

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

function statesOf(worlds: readonly World[]): readonly KeyState[] {
  return [...new Set(worlds.map(({ facts }) => facts.state))];
}
