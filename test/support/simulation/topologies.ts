import type { Random } from '../random.ts';

/**
 * How the topology changes:
 *
 *   any         to any of TOPOLOGIES_MAX topologies; a node that joins again is empty
 *   growing     one node joins at each change
 *   shrinking   one node leaves at each change
 */
export type TopologyChanges = 'any' | 'growing' | 'shrinking';

/** The number of previous placements that a client remembers. */
const TOPOLOGIES_MAX = 4;
const STAYING_NODES = 2;

/** The topologies of one schedule. */
export class SimTopologies {
  readonly #changes: TopologyChanges;
  readonly #random: Random;
  /** For `any`, all topologies; otherwise the topologies that follow, in order. */
  readonly #topologies: (readonly string[])[];
  current: readonly string[];

  constructor(changes: TopologyChanges, nodes: readonly string[], random: Random) {
    this.#changes = changes;
    this.#random = random;
    this.#topologies =
      changes === 'any' ? this.#drawTopologies(nodes) : this.#growingTopologies(nodes);
    if (changes === 'shrinking') this.#topologies.reverse();
    this.current = this.#topologies[0]!;
    if (changes !== 'any') this.#topologies.shift();
  }

  /** Changes the topology, if there is another one. */
  advance(): void {
    if (this.#changes === 'any') this.current = this.#random.pick(this.#topologies);
    else this.current = this.#topologies.shift() ?? this.current;
  }

  /**
   * In most schedules some nodes are in every topology, so that keys move back to earlier owners.
   */
  #drawTopologies(nodes: readonly string[]): string[][] {
    const shuffled = this.#shuffled(nodes);
    const staying = this.#random.oneIn(4) ? [] : shuffled.splice(0, STAYING_NODES);
    return Array.from({ length: TOPOLOGIES_MAX }, () => {
      const others = this.#random.int(staying.length === 0 ? 1 : 0, shuffled.length);
      return [...staying, ...this.#shuffled(shuffled).slice(0, others)];
    });
  }

  #growingTopologies(nodes: readonly string[]): string[][] {
    const shuffled = this.#shuffled(nodes);
    return shuffled.map((_, i) => shuffled.slice(0, i + 1));
  }

  #shuffled(nodes: readonly string[]): string[] {
    const left = [...nodes];
    return nodes.map(() => left.splice(this.#random.int(0, left.length - 1), 1)[0]!);
  }
}
