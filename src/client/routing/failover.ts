import type { Request } from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, shareOf } from './attempt.ts';
import type { Era } from './era.ts';
import type { LentKeys } from './lent-keys.ts';
import { lookInRounds } from './many-rounds.ts';
import type { Route, Target } from './route.ts';
import { isIdempotent, isRead, mayRepeat, withTtlAtMost } from './verdicts.ts';

/** Who stands in for whoever owns a key. */
export interface StandIns {
  /** In the order in which they are asked; without the key's own target. */
  of(key: string): readonly Target[];
  /** What they store lives so long at the most, seconds. */
  readonly ttlSeconds: number;
}

/**
 * While a key's own target is down, or fails in a way that another may mend, a stand-in serves the
 * key. What the target misses meanwhile it forgets before it is asked again; what stand-ins hold
 * lives briefly, so that the next outage finds nothing old.
 */
export class FailoverRoute implements Route {
  readonly #inner: Route;
  readonly #standIns: StandIns;
  readonly #lent: LentKeys;
  readonly #era: Era;
  readonly #targets = new WeakMap<Target, Target>();

  constructor(inner: Route, standIns: StandIns, lent: LentKeys, era: Era) {
    this.#inner = inner;
    this.#standIns = standIns;
    this.#lent = lent;
    this.#era = era;
  }

  targetOf(key: string): Target {
    const own = this.#inner.targetOf(key);
    let target = this.#targets.get(own);
    if (target === undefined) {
      target = new FailoverTarget(own, this.#standIns, this.#lent, this.#era);
      this.#targets.set(own, target);
    }
    return target;
  }
}

class FailoverTarget implements Target {
  readonly #own: Target;
  readonly #standIns: StandIns;
  readonly #lent: LentKeys;
  readonly #era: Era;

  constructor(own: Target, standIns: StandIns, lent: LentKeys, era: Era) {
    this.#own = own;
    this.#standIns = standIns;
    this.#lent = lent;
    this.#era = era;
  }

  get name(): string {
    return this.#own.name;
  }

  get isDown(): boolean {
    return this.#own.isDown;
  }

  forget(key: string): void {
    this.#own.forget(key);
    for (const place of this.#standIns.of(key)) place.forget(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    if (request.verb === 'get-many') {
      const placesOf = (key: string): readonly Target[] => this.#placesOf(key);
      lookInRounds(operation, request, { placesOf, missGoesOn: false });
    } else if ('key' in request) {
      this.#try(operation, request.key, request, this.#placesOf(request.key), 0);
    } else {
      this.#own.send(operation);
    }
  }

  /** Those that are up, in order; its own when none is. */
  #placesOf(key: string): readonly Target[] {
    const places = [this.#own, ...this.#standIns.of(key)];
    const up = places.filter(({ isDown }) => !isDown);
    return up.length === 0 ? [this.#own] : up;
  }

  #try(
    operation: Operation,
    key: string,
    request: Request,
    places: readonly Target[],
    at: number,
  ): void {
    const place = places[at]!;
    const isStandIn = place !== this.#own;
    if (!isRead(request)) this.#lent.written(key, place, this.#own);
    const sent = isStandIn ? withTtlAtMost(request, this.#standIns.ttlSeconds) : request;
    const deadlineAt = deadlineOf(operation, places.length - at);
    operation.isSent = true;
    attempt(
      place,
      sent,
      deadlineAt,
      (reply) => operation.answer(reply, place.name, performance.now()),
      (error) => {
        const goesOn = at + 1 < places.length && mayRepeat(request, error);
        if (operation.isGivenUp || !goesOn) operation.failWith(error);
        else if (this.#era.isOver) this.#era.sendAnew(operation, key);
        else this.#try(operation, key, request, places, at + 1);
      },
      operation,
    );
  }
}

/** What cannot be repeated need leave no time for a repetition. */
function deadlineOf({ request, deadlineAt }: Operation, attemptsLeft: number): number {
  return isIdempotent(request) ? shareOf(deadlineAt, attemptsLeft) : deadlineAt;
}
