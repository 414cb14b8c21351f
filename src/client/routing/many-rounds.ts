import type { GetManyRequest } from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import { attemptMany, replyOf, shareOf } from './attempt.ts';
import type { Target } from './route.ts';

/** Where the keys of one request are looked for. */
export interface LookPlan {
  /** The places of a key, in order; at least one. */
  readonly placesOf: (key: string) => readonly Target[];
  /**
   * Whether a key that is not at one place is looked for at the next; after a failure it always
   * is.
   */
  readonly missGoesOn: boolean;
  /** It was found, though others before did not have it. */
  readonly foundLate?: (key: string, at: Target, missedAt: readonly Target[]) => void;
}

/** A key on its way through its places. */
interface Sought {
  readonly index: number;
  readonly key: string;
  readonly places: readonly Target[];
  readonly missedAt: Target[];
  isFound: boolean;
  /** Why the last place could not be asked. */
  error: CacheError | undefined;
}

/**
 * Asks for many keys, in rounds: all at their first places, what is left at the second, and so on;
 * in each round one request to each place. A key that was a miss anywhere is a miss; one that
 * nobody could be asked about has failed.
 */
export function lookInRounds(operation: Operation, request: GetManyRequest, plan: LookPlan): void {
  const sought = request.keys.map((key, index): Sought => {
    return {
      index,
      key,
      places: plan.placesOf(key),
      missedAt: [],
      isFound: false,
      error: undefined,
    };
  });
  new ManyLook(operation, plan, sought).round(sought, 0);
}

class ManyLook {
  readonly #operation: Operation;
  readonly #plan: LookPlan;
  readonly #all: readonly Sought[];
  readonly #roundsMax: number;

  constructor(operation: Operation, plan: LookPlan, all: readonly Sought[]) {
    this.#operation = operation;
    this.#plan = plan;
    this.#all = all;
    this.#roundsMax = all.reduce((most, { places }) => Math.max(most, places.length), 0);
  }

  round(sought: readonly Sought[], nth: number): void {
    if (this.#operation.isSettled) return;
    if (sought.length === 0) {
      this.#end();
      return;
    }
    const groups = Map.groupBy(sought, ({ places }) => places[nth]!);
    const deadlineAt = shareOf(this.#operation.deadlineAt, this.#roundsMax - nth);
    let open = groups.size;
    for (const [place, group] of groups) {
      this.#ask(place, group, deadlineAt, () => {
        if (--open === 0) this.round(this.#left(sought, nth + 1), nth + 1);
      });
    }
  }

  #ask(place: Target, group: readonly Sought[], deadlineAt: number, ended: () => void): void {
    for (const each of group) each.error = undefined;
    const answered = {
      item: (...[reply, node]: Parameters<Operation['item']>): void => {
        const one = group[reply.index]!;
        this.#found(one, place);
        reply.index = one.index;
        this.#operation.item(reply, node);
      },
      keyFailed: (index: number, error: CacheError): void => {
        group[index]!.error = error;
      },
      end: (): void => {
        for (const each of group) {
          if (!each.isFound && each.error === undefined) each.missedAt.push(place);
        }
        ended();
      },
    };
    const request = { verb: 'get-many', keys: group.map(({ key }) => key) } as const;
    attemptMany(place, request, deadlineAt, answered, (error) => {
      for (const each of group) if (!each.isFound) each.error = error;
      ended();
    });
  }

  #found(one: Sought, place: Target): void {
    one.isFound = true;
    if (one.missedAt.length > 0) this.#plan.foundLate?.(one.key, place, one.missedAt);
  }

  /** Those that are still looked for, and have another place. */
  #left(sought: readonly Sought[], nth: number): readonly Sought[] {
    return sought.filter(({ isFound, error, places }) => {
      if (isFound || places[nth] === undefined) return false;
      return error !== undefined || this.#plan.missGoesOn;
    });
  }

  #end(): void {
    for (const { index, isFound, error, missedAt } of this.#all) {
      const hasFailed = !isFound && error !== undefined && missedAt.length === 0;
      if (hasFailed) this.#operation.failKey(index, error);
    }
    this.#operation.answer(replyOf('done'), '', performance.now());
  }
}
