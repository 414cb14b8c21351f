/** The outcome of an update; a failed update may have been carried out or not. */
export type UpdateOutcome = 'done' | 'no-effect' | 'failed';

/** How an update changes a value: sets it, adds its mark to it, or does one of the two. */
export type UpdateKind = 'sets' | 'adds' | 'sets-or-adds';

/** An update of one key. */
export interface Update {
  /** The mark that the update leaves in values; a delete leaves none. */
  readonly mark: string;
  readonly kind: UpdateKind;
  readonly startedAt: number;
  settledAt: number;
  outcome: UpdateOutcome | undefined;
}

/**
 * The updates of a key, and which values they allow a read to return. A value consists of the mark
 * of the update that set it and the marks of later updates that added to it. A read may return it
 * only if
 *
 *   - no update is missing in it that began after the setting update had settled and was done
 *     before the read began;
 *   - it holds no mark of an update that was refused before the read began.
 *
 * A miss is always allowed, because this is a cache.
 */
export class History {
  readonly #marksOf: (value: string) => readonly string[];
  readonly #updates: Update[] = [];

  /** @param marksOf returns the marks in a value. */
  constructor(marksOf: (value: string) => readonly string[]) {
    this.#marksOf = marksOf;
  }

  start(mark: string, kind: UpdateKind, now: number): Update {
    const settledAt = Number.POSITIVE_INFINITY;
    const update = { mark, kind, startedAt: now, settledAt, outcome: undefined };
    this.#updates.push(update);
    return update;
  }

  /** Why a read that began at `readAt` must not return `value`; undefined if it may. */
  violationOf(value: string, readAt: number): string | undefined {
    const marks = this.#marksOf(value);
    const found = this.#updates.filter(({ mark }) => marks.includes(mark));
    if (found.length < marks.length) return 'no update wrote it';
    const setting = found.filter(({ kind }) => kind === 'sets');
    if (setting.length > 1) return 'two updates set it';
    const bases = setting.length === 1 ? setting : found.filter(({ kind }) => kind !== 'adds');
    if (bases.length === 0) return 'no update set it';
    const settledBefore = this.#updates.filter(({ settledAt }) => settledAt < readAt);
    const refused = settledBefore.find(
      ({ mark, outcome }) => outcome === 'no-effect' && marks.includes(mark),
    );
    if (refused !== undefined) return `update ${refused.mark} was refused`;
    const missing = bases.map((base) => {
      return settledBefore.find((update) => {
        return update.outcome === 'done' && !marks.includes(update.mark) && isAfter(update, base);
      });
    });
    return missing.includes(undefined) ? undefined : `update ${missing[0]!.mark} is missing in it`;
  }
}

function isAfter(update: Update, other: Update): boolean {
  return update.startedAt > other.settledAt;
}
