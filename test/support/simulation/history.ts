/** How a change came out; what has failed may have been carried out or not. */
export type ChangeEnd = 'done' | 'no-effect' | 'failed';

/** A change of one key. */
export interface Change {
  /** Its mark in values; a deletion leaves none. */
  readonly mark: string;
  /** Whether it leaves the value that is there and adds to it. */
  readonly isAppend: boolean;
  readonly startedAt: number;
  endedAt: number;
  end: ChangeEnd | undefined;
}

/**
 * What was done to a key, and what may be read of it by that. A value is the mark of the change that set it
 * and those of the appends since. It may be read only if
 *
 *   no change that is not in it began after the one that set it had ended, and was done before the read began
 *   nothing is in it that was refused before the read began
 *
 * A miss is always allowed: it is a cache.
 */
export class History {
  readonly #changes: Change[] = [];

  begin(mark: string, isAppend: boolean, now: number): Change {
    const endedAt = Number.POSITIVE_INFINITY;
    const change = { mark, isAppend, startedAt: now, endedAt, end: undefined };
    this.#changes.push(change);
    return change;
  }

  /** Why a read that began then must not have returned this; undefined when it may. */
  whyNot(value: string, readAt: number): string | undefined {
    const marks = value.split('+');
    const base = this.#changes.find(({ mark }) => mark === marks[0]);
    if (base === undefined) return 'nobody wrote it';
    const before = this.#changes.filter(({ endedAt }) => endedAt < readAt);
    const refused = before.find(({ mark, end }) => end === 'no-effect' && marks.includes(mark));
    if (refused !== undefined) return `${refused.mark} was refused`;
    const missed = before.find((change) => {
      return change.end === 'done' && !marks.includes(change.mark) && isAfter(change, base);
    });
    return missed && `${missed.mark} is not in it`;
  }
}

function isAfter(change: Change, other: Change): boolean {
  return change.startedAt > other.endedAt;
}
