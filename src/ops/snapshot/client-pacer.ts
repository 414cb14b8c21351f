/** So long it works before it rests: about the time that a request of a client may wait for it. */
const WORK_MS_MAX = 0.2;
/** While clients use the node, it rests so many times longer than it worked. */
const RESTS_PER_WORK = 2;
/** A wait for the other side counts as work up to here. */
const COUNTED_WORK_MS_MAX = 5;
/** It looks so often whether clients use the node, and below this traffic they do not. */
const LOOK_MS = 20;
const TRAFFIC_BYTES_PER_MS_MIN = 10;

/** What the pacer takes from the node and its thread. */
interface PacerParts {
  /** Bytes that clients have sent to the node so far. */
  readonly bytesRead: () => number;
  /** Blocks the thread. */
  readonly sleep: (ms: number) => void;
  /** Milliseconds, with fractions. */
  readonly now: () => number;
}

/**
 * Gives clients of a node most of the time of a core while they use it: a thread that copies items
 * then works in short pieces with rests in between. An idle node gets no rests.
 */
export class ClientPacer {
  readonly #parts: PacerParts;
  #workedFrom: number;
  #lookedAt: number;
  #bytesSeen: number;
  #isUsed = false;

  constructor(parts: PacerParts) {
    this.#parts = parts;
    this.#workedFrom = parts.now();
    this.#lookedAt = this.#workedFrom;
    this.#bytesSeen = parts.bytesRead();
  }

  /** Rests if it is time to; the caller has done a small piece of work, and holds no lock. */
  readonly pause = (): void => {
    const { now, sleep } = this.#parts;
    const nowMs = now();
    if (nowMs - this.#lookedAt >= LOOK_MS) this.#look(nowMs);
    const workedMs = nowMs - this.#workedFrom;
    if (workedMs < WORK_MS_MAX) return;
    if (this.#isUsed) sleep(Math.min(workedMs, COUNTED_WORK_MS_MAX) * RESTS_PER_WORK);
    this.#workedFrom = now();
  };

  #look(nowMs: number): void {
    const bytes = this.#parts.bytesRead();
    const perMs = (bytes - this.#bytesSeen) / (nowMs - this.#lookedAt);
    this.#isUsed = perMs >= TRAFFIC_BYTES_PER_MS_MIN;
    this.#bytesSeen = bytes;
    this.#lookedAt = nowMs;
  }
}
