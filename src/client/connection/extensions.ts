/** A timer that is later than this was held up by the process itself. */
const LATE_MS_MIN = 10;
/** So many times in a row a wait goes on, so that every wait ends. */
const EXTENSIONS_MAX = 3;

/**
 * A deadline that passed while the process itself was busy says nothing about the node: its reply
 * may not have been read, or the request left late. The wait goes on for as long as the process
 * was busy.
 */
export class Extensions {
  #count = 0;
  #subject: unknown;

  /**
   * @param subject what the wait is for; a wait for something else is a new one.
   * @param lateMs how long after its time the timer fired.
   * @param extensionMsMax the longest extension.
   * @returns how much longer to wait; 0 when the wait is over.
   */
  next(subject: unknown, lateMs: number, extensionMsMax: number): number {
    if (subject !== this.#subject) this.#count = 0;
    this.#subject = subject;
    if (lateMs < LATE_MS_MIN || this.#count === EXTENSIONS_MAX) return 0;
    this.#count++;
    return Math.min(lateMs, extensionMsMax);
  }
}
