/** While the serving threads are late, a fill rests so many times longer than it worked. */
export const RESTS_PER_WORK_MAX = 4;
/** With an unknown delay, it takes at most half of a core. */
const RESTS_UNKNOWN = 1;
/** The least rests that a late thread causes, and below which there are none. */
const RESTS_MIN = 0.25;
/** A thread is late if it waits longer for a core, on average over the wakes of a look. */
const LATE_MS = 0.1;
/** How often it looks. */
const LOOK_MS = 20;
/** Rests are collected up to here: a timer has no finer steps. */
const REST_MS_MIN = 1;

interface PacerParts {
  /** Milliseconds, with fractions. */
  nowMs(): number;
  /** How long the serving threads waited since the last call; undefined if nobody knows. */
  delayMs(): number | undefined;
}

/**
 * Gives the clients of a node the core as soon as the threads that serve them are late: a fill that
 * works in short pieces then rests in between, up to `RESTS_PER_WORK_MAX` times as long as it
 * worked. So it always has a fifth of a core, and with idle threads a whole one.
 */
export class FillPacer {
  readonly #parts: PacerParts;
  #restsPerWork = RESTS_UNKNOWN;
  #lookedAtMs: number;
  #owedMs = 0;
  #endedAtMs: number;

  constructor(parts: PacerParts) {
    this.#parts = parts;
    this.#lookedAtMs = parts.nowMs();
    this.#endedAtMs = this.#lookedAtMs;
  }

  /** How long to rest after a piece of work that began then; 0: not now. */
  restMs(startedAtMs: number): number {
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#lookedAtMs >= LOOK_MS) this.#look(nowMs);
    // What it waited for replies, and the rest itself, is time of the others, too.
    const idleMs = startedAtMs - this.#endedAtMs;
    this.#endedAtMs = nowMs;
    this.#owedMs = Math.max(0, this.#owedMs - idleMs);
    this.#owedMs += (nowMs - startedAtMs) * this.#restsPerWork;
    return this.#owedMs < REST_MS_MIN ? 0 : this.#owedMs;
  }

  #look(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    this.#restsPerWork = nextRests(this.#restsPerWork, this.#parts.delayMs());
  }
}

/** More rests while the threads are late, twice as many at a time; fewer when they are not. */
export function nextRests(rests: number, delayMs: number | undefined): number {
  if (delayMs === undefined) return RESTS_UNKNOWN;
  if (delayMs > LATE_MS) return Math.min(RESTS_PER_WORK_MAX, Math.max(RESTS_MIN, 2 * rests));
  const fewer = rests / 2;
  return fewer < RESTS_MIN ? 0 : fewer;
}
