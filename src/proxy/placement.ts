import {
  createDistribution,
  type Distribution,
  type DistributionName,
  type KeyHashName,
  type NodeAddress,
  readNodes,
  TopologyError,
} from '../topology/index.ts';

export interface PlacementOptions {
  readonly distribution: DistributionName;
  /** Undefined: as clients of libmemcached hash. */
  readonly hash: KeyHashName | undefined;
  /** What becomes of the keys of a node that is down. */
  readonly deadNode: 'error' | 'next';
}

const WITH_WEIGHT = /^(.+:\d+):(\d+)$/;

/**
 * Reads nodes as twemproxy writes them: `host:port`, or `host:port:weight`.
 * @throws {TopologyError} if one is none of these, or if two have one name.
 */
export function readProxiedNodes(texts: readonly string[]): readonly NodeAddress[] {
  return readNodes(
    texts.map((text) => {
      const [, address, weight] = WITH_WEIGHT.exec(text) ?? [];
      if (address === undefined) return text;
      const [node] = readNodes([address]);
      if (node === undefined || 'path' in node.connect)
        throw new TopologyError(`${text} has no port.`);
      return { ...node.connect, weight: Number(weight) };
    }),
  );
}

/** Places keys on the nodes of a proxy, as clients with the same list of nodes do. */
export class Placement {
  /** Rises when keys move. */
  version = 1;
  readonly #nodes: readonly NodeAddress[];
  readonly #options: PlacementOptions;
  #ring: Distribution;
  /** The index of each node of the ring in the whole list. */
  #live: readonly number[];

  constructor(nodes: readonly NodeAddress[], options: PlacementOptions) {
    this.#nodes = nodes;
    this.#options = options;
    this.#live = nodes.map((_, index) => index);
    this.#ring = this.#ringOf();
  }

  /** The index of the node that has the key `bytes[start, end)`. */
  nodeOf(bytes: Buffer, start: number, end: number): number {
    return this.#live[this.#ring.ownerAt(bytes, start, end)]!;
  }

  /** Some nodes are down. Their keys stay where they are, or go to the nodes that are left. */
  setDown(down: ReadonlySet<number>): void {
    if (this.#options.deadNode === 'error') return;
    const all = [...this.#nodes.keys()];
    const live = all.filter((index) => !down.has(index));
    this.#live = live.length === 0 ? all : live;
    this.#ring = this.#ringOf();
    this.version++;
  }

  #ringOf(): Distribution {
    const { distribution, hash } = this.#options;
    const nodes = this.#live.map((index) => this.#nodes[index]!);
    return createDistribution(distribution, nodes, hash);
  }
}
