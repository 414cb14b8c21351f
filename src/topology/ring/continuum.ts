import HashRing from 'hashring';

/** A point of the ring, and the index of the node that owns it. */
interface Point {
  readonly value: number;
  readonly node: number;
}

export const POINTS_PER_DIGEST = 4;

/**
 * The points of all nodes in ascending order, computed by hashring: each digest of a node gives
 * four points. Hashring gets placeholder names (`node0:1`, `node1:1`, …), because it misreads IPv6
 * addresses and paths.
 * @param digestCounts the number of digests of each node
 * @param digest returns digest `nth` of a node: at least 16 bytes
 */
export function continuum(
  digestCounts: readonly number[],
  digest: (node: number, nth: number) => Uint8Array,
): readonly Point[] {
  const servers: Record<string, { weight: number; vnodes: number }> = {};
  for (const [node, vnodes] of digestCounts.entries()) {
    servers[`node${node}:1`] = { weight: 1, vnodes };
  }
  const hasher = (text: string): Uint8Array => {
    const [, node, nth] = /^node(\d+):1-(\d+)$/.exec(text)!;
    return digest(Number(node), Number(nth));
  };
  const { ring } = new HashRing(servers, hasher, {
    'vnode count': -1,
    replicas: POINTS_PER_DIGEST,
    'max cache size': 1,
  });
  return ring.map(({ value, server }) => ({ value, node: Number(server.slice(4, -2)) }));
}
