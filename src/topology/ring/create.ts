import type { NodeAddress } from '../node.ts';
import { TopologyError } from '../topology-error.ts';
import type { Distribution, DistributionName, KeyHash, KeyHashName } from './distribution.ts';
import { fnv1a64 } from './fnv1a.ts';
import { JumpDistribution } from './jump.ts';
import { KetamaRing } from './ketama.ts';
import { ModuloDistribution } from './modulo.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { RendezvousDistribution } from './rendezvous.ts';
import { md5Start } from './short-md5.ts';

type CreateDistribution = (nodes: readonly NodeAddress[], hash?: KeyHash) => Distribution;

const DISTRIBUTIONS: Readonly<Record<DistributionName, CreateDistribution>> = {
  ketama: (nodes, hash) => new KetamaRing(nodes, hash),
  modulo: (nodes, hash) => new ModuloDistribution(nodeCountWithoutWeights('modulo', nodes), hash),
  jump: (nodes) => new JumpDistribution(nodeCountWithoutWeights('jump', nodes)),
  rendezvous: (nodes) => new RendezvousDistribution(nodes),
};

const KEY_HASHES: Readonly<Record<KeyHashName, KeyHash>> = {
  md5: md5Start,
  one_at_a_time: oneAtATime,
  fnv1a_64: fnv1a64,
};

export const KEY_HASH_NAMES = Object.keys(KEY_HASHES) as readonly KeyHashName[];

export const DISTRIBUTION_NAMES = Object.keys(DISTRIBUTIONS) as readonly DistributionName[];

/**
 * Creates the distribution `name` over these nodes (at least one); it names nodes by their index.
 * @throws {TopologyError} for an unknown name, for an empty list, and for unequal weights
 * if the distribution ignores weights (`modulo`, `jump`).
 * @param hash for `ketama` and `modulo`: how `ownerAt` hashes keys, if not as libmemcached does.
 */
export function createDistribution(
  name: DistributionName,
  nodes: readonly NodeAddress[],
  hash?: KeyHashName,
): Distribution {
  if (!Object.hasOwn(DISTRIBUTIONS, name)) {
    throw new TopologyError(
      `Unknown distribution "${name}": use one of ${DISTRIBUTION_NAMES.join(', ')}.`,
    );
  }
  if (nodes.length === 0) throw new TopologyError('There are no nodes to place keys on.');
  return DISTRIBUTIONS[name](nodes, hash && KEY_HASHES[hash]);
}

function nodeCountWithoutWeights(name: DistributionName, nodes: readonly NodeAddress[]): number {
  if (nodes.some(({ weight }) => weight !== nodes[0]!.weight)) {
    throw new TopologyError(
      `The distribution "${name}" ignores weights: leave them out, or use ketama.`,
    );
  }
  return nodes.length;
}
