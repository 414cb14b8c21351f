/** The outcome of an update; a failed update may have been carried out or not. */
export type UpdateOutcome = 'done' | 'no-effect' | 'failed';

/** An update of one key. */
export interface Update {
  /** The mark that the update leaves in values; a delete leaves none. */
  readonly mark: string;
  /** Whether the update appends to the value. */
  readonly isAppend: boolean;
  readonly startedAt: number;
  settledAt: number;
  outcome: UpdateOutcome | undefined;
}

/**
 * The updates of a key, and which values they allow a read to return. A value consists of the mark
 * of the update that set it and the marks of later appends. A read may return it only if
 *
 *   - no update is missing in it that began after the setting update had settled and was done
 *     before the read began;
 *   - it holds no mark of an update that was refused before the read began.
 *
 * A miss is always allowed, because this is a cache.
 */
export class History {
  readonly #updates: Update[] = [];

  start(mark: string, isAppend: boolean, now: number): Update {
    const settledAt = Number.POSITIVE_INFINITY;
    const update = { mark, isAppend, startedAt: now, settledAt, outcome: undefined };
    this.#updates.push(update);
    return update;
  }

  /** Why a read that began at `readAt` must not return `value`; undefined if it may. */
  violationOf(value: string, readAt: number): string | undefined {
    const marks = value.split('+');
    const base = this.#updates.find(({ mark }) => mark === marks[0]);
    if (base === undefined) return 'no update wrote it';
    const settledBefore = this.#updates.filter(({ settledAt }) => settledAt < readAt);
    const refused = settledBefore.find(
      ({ mark, outcome }) => outcome === 'no-effect' && marks.includes(mark),
    );
    if (refused !== undefined) return `update ${refused.mark} was refused`;
    const missed = settledBefore.find((update) => {
      return update.outcome === 'done' && !marks.includes(update.mark) && isAfter(update, base);
    });
    return missed && `update ${missed.mark} is missing in it`;
  }
}

function isAfter(update: Update, other: Update): boolean {
  return update.startedAt > other.settledAt;
}
