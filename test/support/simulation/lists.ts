import type { Random } from '../random.ts';

/**
 * How the list of nodes changes:
 *
 *   any         to and fro between LISTS_MAX lists; nodes that come back have been emptied
 *   growing     a node is added, again and again
 *   shrinking   a node is taken away, again and again
 */
export type ListChanges = 'any' | 'growing' | 'shrinking';

/** As many as a client remembers. */
const LISTS_MAX = 4;
const STAYING = 2;

/** The lists of nodes of one schedule, of these nodes. */
export class SimLists {
  readonly #changes: ListChanges;
  readonly #random: Random;
  /** All there are to go to, if they may be gone to at any time; else those that are left, in order. */
  readonly #lists: (readonly string[])[];
  current: readonly string[];

  constructor(changes: ListChanges, nodes: readonly string[], random: Random) {
    this.#changes = changes;
    this.#random = random;
    this.#lists = changes === 'any' ? this.#drawn(nodes) : this.#grown(nodes);
    if (changes === 'shrinking') this.#lists.reverse();
    this.current = this.#lists[0]!;
    if (changes !== 'any') this.#lists.shift();
  }

  /** The list changes, if it can. */
  change(): void {
    if (this.#changes === 'any') this.current = this.#random.pick(this.#lists);
    else this.current = this.#lists.shift() ?? this.current;
  }

  /** Most often some nodes are in all lists, so that keys come back to where they were. */
  #drawn(nodes: readonly string[]): string[][] {
    const shuffled = this.#shuffled(nodes);
    const staying = this.#random.oneIn(4) ? [] : shuffled.splice(0, STAYING);
    return Array.from({ length: LISTS_MAX }, () => {
      const others = this.#random.int(staying.length === 0 ? 1 : 0, shuffled.length);
      return [...staying, ...this.#shuffled(shuffled).slice(0, others)];
    });
  }

  #grown(nodes: readonly string[]): string[][] {
    const shuffled = this.#shuffled(nodes);
    return shuffled.map((_, i) => shuffled.slice(0, i + 1));
  }

  #shuffled(nodes: readonly string[]): string[] {
    const left = [...nodes];
    return nodes.map(() => left.splice(this.#random.int(0, left.length - 1), 1)[0]!);
  }
}
