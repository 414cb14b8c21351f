/**
 * libmemcached's weighted ketama (MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED): the placement of PHP's
 * libketama-compatible mode, of twemproxy and of pylibmc's ketama, so they share a warm cache.
 */
import { hash } from 'node:crypto';
import type { NodeAddress } from '../node.ts';
import { continuum, POINTS_PER_DIGEST } from './continuum.ts';
import { type Distribution, type KeyHash, type RingKey, singletons } from './distribution.ts';
import { md5Start, NOT_SHORT, shortMd5 } from './short-md5.ts';

const DIGESTS_PER_NODE = 40;

/**
 * Maps keys to nodes by the continuum of the points of all nodes. The owners after the first are
 * the nodes of the points that follow: each would own the key if the nodes before it left the ring.
 */
export class KetamaRing implements Distribution {
  /** Points in ascending order, and the node that owns each. */
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #singletons: readonly (readonly number[])[];
  readonly #hash: KeyHash;

  /** @param hash of the keys that `ownerAt` places; other keys are hashed by MD5. */
  constructor(nodes: readonly NodeAddress[], hash: KeyHash = md5Start) {
    this.#hash = hash;
    const { points, owners } = ketamaPoints(nodes);
    this.#points = points;
    this.#owners = owners;
    this.#singletons = singletons(nodes.length);
  }

  ownerOf(key: RingKey): number {
    // One node owns every point, so the digest, which is the main cost, is not needed.
    if (this.#singletons.length === 1) return 0;
    return this.#owners[firstFrom(this.#points, pointOf(key))]!;
  }

  ownerAt(bytes: Uint8Array, start: number, end: number): number {
    if (this.#singletons.length === 1) return 0;
    return this.#owners[firstFrom(this.#points, this.#hash(bytes, start, end))]!;
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const first = firstFrom(this.#points, pointOf(key));
    if (count <= 1) return this.#singletons[this.#owners[first]!]!;
    const wanted = Math.min(count, this.#singletons.length);
    const owners: number[] = [];
    for (let at = 0; owners.length < wanted && at < this.#owners.length; at++) {
      const owner = this.#owners[(first + at) % this.#owners.length]!;
      if (!owners.includes(owner)) owners.push(owner);
    }
    return owners;
  }

  /** The number of points of each node. */
  pointCounts(): readonly number[] {
    const counts: number[] = [];
    for (const owner of this.#owners) counts[owner] = (counts[owner] ?? 0) + 1;
    return counts;
  }
}

export interface KetamaPoints {
  /** In ascending order. */
  readonly points: Uint32Array;
  /** The index of the node that owns each point. */
  readonly owners: Uint32Array;
}

/** The points of all nodes. */
export function ketamaPoints(nodes: readonly NodeAddress[]): KetamaPoints {
  const points = continuum(digestCounts(nodes), (node, nth) => {
    return md5(`${nodes[node]!.ringName}-${nth}`);
  });
  return {
    points: Uint32Array.from(points, ({ value }) => value),
    owners: Uint32Array.from(points, ({ node }) => node),
  };
}

/** The index of the first of the ascending points at or after `value`, around the circle. */
export function firstFrom(points: Uint32Array, value: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low === points.length ? 0 : low;
}

/**
 * The number of digests (of four points) of each node: libmemcached's arithmetic, in 32-bit floats.
 * Hashring would compute them in 64-bit floats.
 */
export function digestCounts(nodes: readonly NodeAddress[]): readonly number[] {
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
  return nodes.map(({ weight }) => {
    const share = Math.fround(Math.fround(weight) / Math.fround(total));
    const points = Math.fround(share * DIGESTS_PER_NODE * POINTS_PER_DIGEST);
    const digests = Math.fround(Math.fround(points / POINTS_PER_DIGEST) * nodes.length);
    return Math.floor(Math.fround(digests + 1e-10));
  });
}

/** The first four bytes of the MD5 digest; node:crypto hashes keys that are long or not ASCII. */
function pointOf(key: RingKey): number {
  const short = typeof key === 'string' ? shortMd5(key) : NOT_SHORT;
  return short === NOT_SHORT ? longPointOf(key) : short;
}

/** Asks node:crypto for a binary string, which costs half as much as a Buffer. */
function longPointOf(key: RingKey): number {
  const digest = hash('md5', key, 'latin1');
  const low = digest.charCodeAt(0) | (digest.charCodeAt(1) << 8);
  return (low | (digest.charCodeAt(2) << 16) | (digest.charCodeAt(3) << 24)) >>> 0;
}

function md5(text: string): Buffer {
  return hash('md5', text, 'buffer');
}
