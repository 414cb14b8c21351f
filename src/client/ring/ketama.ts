/**
 * libmemcached's weighted ketama (MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED): the placement of PHP's
 * libketama-compatible mode, of twemproxy and of pylibmc's ketama, so they share a warm cache.
 */
import { hash } from 'node:crypto';
import HashRing from 'hashring';
import type { NodeAddress } from '../topology.ts';
import { type Distribution, type RingKey, singletons } from './distribution.ts';
import { NOT_SHORT, shortMd5 } from './short-md5.ts';

const POINTS_PER_DIGEST = 4;
const DIGESTS_PER_NODE = 40;

/**
 * Maps keys to nodes, by the continuum of all nodes' points. The owners after the first are those of
 * the points that follow: the nodes that would own the key if those before them left the ring.
 */
export class KetamaRing implements Distribution {
  /** Points in ascending order, and the node that owns each. */
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #singles: readonly (readonly number[])[];

  constructor(nodes: readonly NodeAddress[]) {
    const points = continuum(nodes);
    this.#points = Uint32Array.from(points, ({ value }) => value);
    this.#owners = Uint32Array.from(points, ({ node }) => node);
    this.#singles = singletons(nodes.length);
  }

  ownerOf(key: RingKey): number {
    // Every point is its: the digest would cost more than all else.
    if (this.#singles.length === 1) return 0;
    return this.#owners[this.#firstFrom(pointOf(key))]!;
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const first = this.#firstFrom(pointOf(key));
    if (count <= 1) return this.#singles[this.#owners[first]!]!;
    const wanted = Math.min(count, this.#singles.length);
    const owners: number[] = [];
    for (let at = 0; owners.length < wanted && at < this.#owners.length; at++) {
      const owner = this.#owners[(first + at) % this.#owners.length]!;
      if (!owners.includes(owner)) owners.push(owner);
    }
    return owners;
  }

  /** The index of the node that owns `key`: `ownerOf` by its older name. */
  nodeFor(key: string): number {
    return this.ownerOf(key);
  }

  /** How many points each node has. */
  pointCounts(): readonly number[] {
    const counts: number[] = [];
    for (const owner of this.#owners) counts[owner] = (counts[owner] ?? 0) + 1;
    return counts;
  }

  /** The first point at or after `value`, around the circle. */
  #firstFrom(value: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low === this.#points.length ? 0 : low;
  }
}

/** What hashring holds of a point, as its source has it; its types do not say. */
interface RingWithPoints {
  readonly ring: readonly { readonly value: number; readonly server: string }[];
}

/**
 * The points of all nodes, by hashring. It knows nodes by stand-in names (`0:1`, `1:1`, …), because
 * it would read IPv6 addresses and paths wrongly, and is told how many digests each has, because it
 * counts them with 64-bit floats where libmemcached uses 32-bit ones.
 */
function continuum(
  nodes: readonly NodeAddress[],
): readonly { readonly value: number; readonly node: number }[] {
  const servers: Record<string, { weight: number; vnodes: number }> = {};
  for (const [index, vnodes] of digestCounts(nodes).entries()) {
    servers[`node${index}:1`] = { weight: 1, vnodes };
  }
  const hasher = (text: string): Buffer => {
    const [, index, digest] = /^node(\d+):1-(\d+)$/.exec(text)!;
    return md5(`${nodes[Number(index)]!.ringName}-${digest}`);
  };
  const ring = new HashRing(servers, hasher as unknown as string, {
    'vnode count': -1,
    replicas: POINTS_PER_DIGEST,
    'max cache size': 1,
  }) as unknown as RingWithPoints;
  return ring.ring.map(({ value, server }) => ({ value, node: Number(server.slice(4, -2)) }));
}

/** How many digests of four points each node has: libmemcached's arithmetic, in 32-bit floats. */
function digestCounts(nodes: readonly NodeAddress[]): readonly number[] {
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
  return nodes.map(({ weight }) => {
    const share = Math.fround(Math.fround(weight) / Math.fround(total));
    const points = Math.fround(share * DIGESTS_PER_NODE * POINTS_PER_DIGEST);
    const digests = Math.fround(Math.fround(points / POINTS_PER_DIGEST) * nodes.length);
    return Math.floor(Math.fround(digests + 1e-10));
  });
}

/** The first four bytes of the md5; by node:crypto for what is long or not ASCII. */
function pointOf(key: RingKey): number {
  const short = typeof key === 'string' ? shortMd5(key) : NOT_SHORT;
  return short === NOT_SHORT ? longPointOf(key) : short;
}

/** As a string of bytes a digest costs half of what a Buffer does. */
function longPointOf(key: RingKey): number {
  const digest = hash('md5', key, 'latin1');
  const low = digest.charCodeAt(0) | (digest.charCodeAt(1) << 8);
  return (low | (digest.charCodeAt(2) << 16) | (digest.charCodeAt(3) << 24)) >>> 0;
}

function md5(text: string): Buffer {
  return hash('md5', text, 'buffer');
}
