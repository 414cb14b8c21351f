import type { Random } from '../random.ts';

/** A thread of a simulated process, or what runs outside of them. */
export interface Actor {
  /** It runs nothing any more. */
  isDead: boolean;
  /** It runs nothing before this time: its process is frozen, or its thread is busy. */
  heldUntilMs: number;
}

export interface Timer {
  cancel(): void;
}

/** The Unix time at which each run begins. */
export const UNIX_START_SECONDS = 1_800_000_000;

class Event implements Timer {
  readonly actor: Actor;
  atMs: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled = false;

  constructor(actor: Actor, atMs: number, order: number, run: () => void) {
    this.actor = actor;
    this.atMs = atMs;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.isCancelled = true;
  }
}

/** Time of a simulated cluster: events of actors, one after the other, and what follows of each. */
export class World {
  nowMs = 0;
  eventCount = 0;
  readonly random: Random;
  /** What has happened, for the report of a violation. */
  readonly lines: string[] = [];
  readonly #events: Event[] = [];
  #order = 0;

  constructor(random: Random) {
    this.random = random;
  }

  log(line: string): void {
    this.lines.push(`${this.nowMs.toFixed(1)} ms: ${line}`);
  }

  /** All hosts agree about the time. */
  get unixMs(): number {
    return 1000 * UNIX_START_SECONDS + this.nowMs;
  }

  plan(actor: Actor, delayMs: number, run: () => void): Timer {
    return this.planAt(actor, this.nowMs + delayMs, run);
  }

  /** Two events of the same time happen in the order in which they were planned. */
  planAt(actor: Actor, atMs: number, run: () => void): Timer {
    const event = new Event(actor, atMs, this.#order++, run);
    this.#push(event);
    return event;
  }

  /** Runs it for an actor when this event has ended, or as its end if nothing is due before. */
  follow(actor: Actor, run: () => void): void {
    const [next] = this.#events;
    const isNext = next === undefined || next.atMs > this.nowMs;
    if (!isNext || actor.isDead || actor.heldUntilMs > this.nowMs) {
      this.plan(actor, 0, run);
      return;
    }
    this.eventCount++;
    run();
  }

  /** Resolves when it is this time for an actor. */
  pauseUntil(actor: Actor, atMs: number): Promise<void> {
    return new Promise((resolve) => this.planAt(actor, atMs, resolve));
  }

  /** Runs until the time has come, or the test holds; false if it never held. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    for (let next = this.#events[0]; next !== undefined; next = this.#events[0]) {
      if (isDone()) return true;
      if (next.atMs > untilMs) break;
      this.#pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      // The next tick follows when no promise has anything left to do.
      if (this.#happen(next)) await new Promise((resolve) => process.nextTick(resolve));
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    return isDone();
  }

  /** False if nothing has run. */
  #happen(event: Event): boolean {
    const { actor } = event;
    if (event.isCancelled || actor.isDead) return false;
    if (actor.heldUntilMs > this.nowMs) {
      event.atMs = actor.heldUntilMs;
      this.#push(event);
      return false;
    }
    this.eventCount++;
    event.run();
    return true;
  }

  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
