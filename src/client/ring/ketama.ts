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
 * Maps keys to nodes by the continuum of the points of all nodes. The owners after the first are
 * the nodes of the points that follow: each would own the key if the nodes before it left the ring.
 */
export class KetamaRing implements Distribution {
  /** Points in ascending order, and the node that owns each. */
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #singletons: readonly (readonly number[])[];

  constructor(nodes: readonly NodeAddress[]) {
    const points = continuum(nodes);
    this.#points = Uint32Array.from(points, ({ value }) => value);
    this.#owners = Uint32Array.from(points, ({ node }) => node);
    this.#singletons = singletons(nodes.length);
  }

  ownerOf(key: RingKey): number {
    // One node owns every point, so the digest, which is the main cost, is not needed.
    if (this.#singletons.length === 1) return 0;
    return this.#owners[this.#firstFrom(pointOf(key))]!;
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const first = this.#firstFrom(pointOf(key));
    if (count <= 1) return this.#singletons[this.#owners[first]!]!;
    const wanted = Math.min(count, this.#singletons.length);
    const owners: number[] = [];
    for (let at = 0; owners.length < wanted && at < this.#owners.length; at++) {
      const owner = this.#owners[(first + at) % this.#owners.length]!;
      if (!owners.includes(owner)) owners.push(owner);
    }
    return owners;
  }

  /** The older name of `ownerOf`. */
  nodeFor(key: string): number {
    return this.ownerOf(key);
  }

  /** The number of points of each node. */
  pointCounts(): readonly number[] {
    const counts: number[] = [];
    for (const owner of this.#owners) counts[owner] = (counts[owner] ?? 0) + 1;
    return counts;
  }

  /** The index of the first point at or after `value`, around the circle. */
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

/** The points inside a hashring, which its type declarations leave out. */
interface RingWithPoints {
  readonly ring: readonly { readonly value: number; readonly server: string }[];
}

/**
 * The points of all nodes, computed by hashring. Hashring gets placeholder names (`node0:1`,
 * `node1:1`, …), because it misreads IPv6 addresses and paths. It also gets the number of digests
 * of each node, because it would compute them in 64-bit floats; libmemcached uses 32-bit floats.
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

/**
 * The number of digests (of four points) of each node: libmemcached's arithmetic, in 32-bit floats.
 */
function digestCounts(nodes: readonly NodeAddress[]): readonly number[] {
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
