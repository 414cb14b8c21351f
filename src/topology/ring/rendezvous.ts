import { murmur3 } from '../../base/index.ts';
import type { NodeAddress } from '../node.ts';
import { type Distribution, type RingKey, singletons } from './distribution.ts';
import { hashKey } from './key-bytes.ts';

const KEY_SEED = 0x243f6a88;
const NODE_SEED = 0x85a308d3;
const TWO_32 = 0x1_0000_0000;

/**
 * Weighted rendezvous hashing (highest random weight; Thaler & Ravishankar 1998, the weights after
 * Mosharaf & Schindelhauer): every node scores the key; the node with the highest score owns it,
 * the next ones hold its replicas. Weights are exact, a node that joins or leaves moves the fewest
 * keys possible, and the order of the nodes does not matter. A lookup costs one step per node, so
 * it suits clusters of tens of nodes. The hash is MurmurHash3; no other program places keys this
 * way.
 */
export class RendezvousDistribution implements Distribution {
  readonly #seeds: Uint32Array;
  readonly #weights: Float64Array;
  readonly #singletons: readonly (readonly number[])[];

  constructor(nodes: readonly NodeAddress[]) {
    this.#seeds = Uint32Array.from(nodes, ({ ringName }) => seedOf(ringName));
    this.#weights = Float64Array.from(nodes, ({ weight }) => weight);
    this.#singletons = singletons(nodes.length);
  }

  ownerOf(key: RingKey): number {
    const hash = hashKey(key, keyHash);
    let best = 0;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let node = 0; node < this.#seeds.length; node++) {
      const cost = this.#cost(hash, node);
      if (cost < bestCost || (cost === bestCost && this.#isBefore(node, best))) {
        best = node;
        bestCost = cost;
      }
    }
    return best;
  }

  ownerAt(bytes: Uint8Array, start: number, end: number): number {
    return this.ownerOf(bytes.subarray(start, end));
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    if (count <= 1) return this.#singletons[this.ownerOf(key)]!;
    const hash = hashKey(key, keyHash);
    const costs = Array.from(this.#seeds, (_, node) => this.#cost(hash, node));
    return [...costs.keys()]
      .sort((a, b) => costs[a]! - costs[b]! || (this.#isBefore(a, b) ? -1 : 1))
      .slice(0, count);
  }

  /**
   * -ln(u) / weight, u uniform in (0, 1): a node has the lowest cost as often as its weight says.
   */
  #cost(hash: number, node: number): number {
    const uniform = (mix(hash ^ this.#seeds[node]!) + 0.5) / TWO_32;
    return -Math.log(uniform) / this.#weights[node]!;
  }

  /** Breaks a tie by the names of the nodes, because their order must not matter. */
  #isBefore(node: number, other: number): boolean {
    return this.#seeds[node]! < this.#seeds[other]!;
  }
}

const keyHash = (bytes: Uint8Array, end: number): number => murmur3(bytes, 0, end, KEY_SEED);

function seedOf(name: string): number {
  const bytes = Buffer.from(name);
  return murmur3(bytes, 0, bytes.length, NODE_SEED);
}

/** Mixes 32 bits by a bijection (Chris Wellons' lowbias32, public domain). */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
