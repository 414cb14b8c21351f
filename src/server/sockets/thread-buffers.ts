import type { BufferBudget } from './buffer-budget.ts';

/** A connection that holds buffers. */
export interface BufferHolder {
  /** What ThreadBuffers counts for it; nothing else writes it. */
  heldKib: number;
  /** The growth for which it paused is admitted. */
  admit(): void;
  expel(reason: 'memory'): void;
}

interface Hooks {
  readonly onPaused: () => void;
  readonly onExpelled: () => void;
}

const KIB = 1024;
const TICK_MS = 50;
/** A client that is paused for longer makes the node close the largest holder. */
const PAUSED_MS_MAX = 5000;
/** Sizes are binary logarithms of KiB, plus 1; 0 means that nothing is held. */
const SIZE_MAX = 32;

/**
 * The buffers of the connections of one thread, within the budget of the node. A line that grows
 * long pauses while the budget is short. When the budget is exceeded, or a pause lasts too long,
 * the connection that holds most is closed: among those of similar size, the one that has held its
 * memory for the longest time.
 */
export class ThreadBuffers {
  readonly #budget: BufferBudget;
  readonly #thread: number;
  readonly #hooks: Hooks;
  readonly #bySize = Array.from({ length: SIZE_MAX + 1 }, () => new Set<BufferHolder>());
  readonly #paused = new Map<BufferHolder, { readonly moreKib: number; ticks: number }>();
  #largest = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(budget: BufferBudget, thread: number, hooks: Hooks) {
    this.#budget = budget;
    this.#thread = thread;
    this.#hooks = hooks;
  }

  /** Counts the memory that a connection holds now; may close connections, this one included. */
  hold(holder: BufferHolder, bytes: number): void {
    const kib = Math.ceil(bytes / KIB);
    const moreKib = kib - holder.heldKib;
    if (moreKib === 0) return;
    const [before, after] = [sizeOf(holder.heldKib), sizeOf(kib)];
    holder.heldKib = kib;
    this.#budget.hold(moreKib);
    if (before !== after) {
      this.#bySize[before]!.delete(holder);
      if (after > 0) this.#bySize[after]!.add(holder);
      this.#publishLargest(Math.max(this.#largest, after));
    }
    this.#timer ??= setInterval(() => this.tick(), TICK_MS).unref();
    if (moreKib > 0 && this.#budget.isOver()) this.#relieve();
  }

  /** The connection has closed. */
  release(holder: BufferHolder): void {
    this.#paused.delete(holder);
    this.hold(holder, 0);
  }

  /** Whether a long line may grow; otherwise its connection pauses until `admit`. */
  admitsOrPauses(holder: BufferHolder, moreBytes: number): boolean {
    const moreKib = Math.ceil(moreBytes / KIB);
    if (this.#budget.admits(moreKib)) return true;
    this.#paused.set(holder, { moreKib, ticks: 0 });
    this.#hooks.onPaused();
    return false;
  }

  tick(): void {
    this.#relieve();
    this.#admitPaused();
    if (this.#largest > 0 || this.#paused.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #admitPaused(): void {
    for (const request of this.#paused.values()) request.ticks++;
    for (const [holder, { moreKib, ticks }] of this.#paused) {
      if (!this.#budget.admits(moreKib)) {
        if (ticks * TICK_MS > PAUSED_MS_MAX) this.#budget.starve();
        this.#admitLongest();
        break;
      }
      this.#admit(holder);
    }
    if (this.#largest === 0 || !this.#budget.isLargest(this.#largest)) return;
    if (this.#budget.takeStarved()) this.#expelLargest();
  }

  /** Lets the line that is nearest to its end use the rest of the budget: it frees most. */
  #admitLongest(): void {
    let longest: BufferHolder | undefined;
    for (const holder of this.#paused.keys()) {
      if (longest === undefined || holder.heldKib > longest.heldKib) longest = holder;
    }
    if (longest === undefined) return;
    if (this.#budget.admitsLongest(this.#paused.get(longest)!.moreKib)) this.#admit(longest);
  }

  #admit(holder: BufferHolder): void {
    this.#paused.delete(holder);
    holder.admit();
  }

  #relieve(): void {
    while (this.#largest > 0 && this.#budget.isOver() && this.#budget.isLargest(this.#largest)) {
      this.#expelLargest();
    }
  }

  #expelLargest(): void {
    const [holder] = this.#bySize[this.#largest]!;
    if (holder === undefined) return;
    this.release(holder);
    this.#hooks.onExpelled();
    holder.expel('memory');
  }

  /** `sizeMax` is the largest size that a holder may have. */
  #publishLargest(sizeMax: number): void {
    let size = sizeMax;
    while (size > 0 && this.#bySize[size]!.size === 0) size--;
    if (size === this.#largest) return;
    this.#largest = size;
    this.#budget.publishLargest(this.#thread, size);
  }
}

function sizeOf(kib: number): number {
  return SIZE_MAX - Math.clz32(kib);
}
