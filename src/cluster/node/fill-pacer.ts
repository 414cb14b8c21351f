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
/** No acknowledgement counts as later than this. */
const LATE_MS_MAX = 50;

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
 *
 * The receivers have clients, too. If one acknowledges later than at best, its thread, or the way
 * to it, has other work: the fill then rests as long as the acknowledgement was late.
 */
export class FillPacer {
  readonly #parts: PacerParts;
  #restsPerWork = RESTS_UNKNOWN;
  #lookedAtMs: number;
  #owedMs = 0;
  /** The shortest time until an acknowledgement. */
  #replyMs = Number.POSITIVE_INFINITY;
  #endedAtMs: number;

  constructor(parts: PacerParts) {
    this.#parts = parts;
    this.#lookedAtMs = parts.nowMs();
    this.#endedAtMs = this.#lookedAtMs;
  }

  /**
   * How long to rest after a piece of work that began and ended then, and whose receivers have
   * acknowledged by now what it sent, if it sent something; 0: not now.
   */
  restMs(startedAtMs: number, endedAtMs = this.#parts.nowMs()): number {
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#lookedAtMs >= LOOK_MS) this.#look(nowMs);
    // What it waited for replies, and the rest itself, is time of the others, too.
    const restedMs = startedAtMs - this.#endedAtMs;
    const waitedMs = nowMs - endedAtMs;
    this.#endedAtMs = nowMs;
    this.#owedMs = Math.max(0, this.#owedMs - restedMs);
    this.#owedMs += (endedAtMs - startedAtMs) * this.#restsPerWork;
    this.#owedMs = Math.max(0, this.#owedMs - waitedMs) + this.#lateMs(waitedMs);
    return this.#owedMs < REST_MS_MIN ? 0 : this.#owedMs;
  }

  #lateMs(waitedMs: number): number {
    if (waitedMs === 0) return 0;
    this.#replyMs = Math.min(this.#replyMs, waitedMs);
    return Math.min(LATE_MS_MAX, waitedMs - this.#replyMs);
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
