/** The samples that a pace is taken of, one a second. */
const SAMPLES_MAX = 10;
const MS_PER_SECOND = 1000;

/** What a member has sent since the last change of the topology, and about what is left. */
interface MoveCounts {
  readonly keysSent: number;
  readonly bytesSent: number;
  readonly keysLeft: number;
}

/** The bytes that are left, and how fast items move; all 0 at rest. */
interface Pace {
  /** As many bytes for each item as so far. */
  readonly bytesLeft: number;
  readonly keysPerSecond: number;
  readonly bytesPerSecond: number;
}

const AT_REST: Pace = { bytesLeft: 0, keysPerSecond: 0, bytesPerSecond: 0 };

/** How fast a member moves items, over the last seconds. */
export class MovePace {
  #samples: (MoveCounts & { readonly atMs: number })[] = [];
  #now = AT_REST;

  get now(): Pace {
    return this.#now;
  }

  /** Takes a sample; returns whether items move, or have stopped to move. */
  sample({ keysSent, bytesSent, keysLeft }: MoveCounts, atMs: number): boolean {
    const last = this.#samples.at(-1);
    // The counts begin again at each change of the topology.
    if (last !== undefined && keysSent < last.keysSent) this.#samples = [];
    this.#samples.push({ keysSent, bytesSent, keysLeft, atMs });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    const wasMoving = this.#now !== AT_REST;
    this.#now = keysLeft === 0 ? AT_REST : this.#measured();
    return wasMoving || this.#now !== AT_REST;
  }

  #measured(): Pace {
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    const { keysSent, bytesSent, keysLeft } = last;
    const seconds = (last.atMs - first.atMs) / MS_PER_SECOND;
    const rate = (moved: number): number => (seconds === 0 ? 0 : Math.round(moved / seconds));
    return {
      bytesLeft: keysSent === 0 ? 0 : Math.round((bytesSent / keysSent) * keysLeft),
      keysPerSecond: rate(keysSent - first.keysSent),
      bytesPerSecond: rate(bytesSent - first.bytesSent),
    };
  }
}

/** The seconds until all items have moved, about; -1 while it is not known. */
export function secondsLeft(keysLeft: number, keysPerSecond: number): number {
  if (keysLeft === 0) return 0;
  return keysPerSecond === 0 ? -1 : Math.ceil(keysLeft / keysPerSecond);
}
