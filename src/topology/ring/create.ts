import type { NodeAddress } from '../node.ts';
import { TopologyError } from '../topology-error.ts';
import type { Distribution, DistributionName } from './distribution.ts';
import { JumpDistribution } from './jump.ts';
import { KetamaRing } from './ketama.ts';
import { ModuloDistribution } from './modulo.ts';
import { RendezvousDistribution } from './rendezvous.ts';

type CreateDistribution = (nodes: readonly NodeAddress[]) => Distribution;

const DISTRIBUTIONS: Readonly<Record<DistributionName, CreateDistribution>> = {
  ketama: (nodes) => new KetamaRing(nodes),
  modulo: (nodes) => new ModuloDistribution(nodeCountWithoutWeights('modulo', nodes)),
  jump: (nodes) => new JumpDistribution(nodeCountWithoutWeights('jump', nodes)),
  rendezvous: (nodes) => new RendezvousDistribution(nodes),
};

export const DISTRIBUTION_NAMES = Object.keys(DISTRIBUTIONS) as readonly DistributionName[];

/**
 * Creates the distribution `name` over these nodes (at least one); it names nodes by their index.
 * @throws {TopologyError} for an unknown name, for an empty list, and for unequal weights
 * if the distribution ignores weights (`modulo`, `jump`).
 */
export function createDistribution(
  name: DistributionName,
  nodes: readonly NodeAddress[],
): Distribution {
  if (!Object.hasOwn(DISTRIBUTIONS, name)) {
    throw new TopologyError(
      `Unknown distribution "${name}": use one of ${DISTRIBUTION_NAMES.join(', ')}.`,
    );
  }
  if (nodes.length === 0) throw new TopologyError('There are no nodes to place keys on.');
  return DISTRIBUTIONS[name](nodes);
}

function nodeCountWithoutWeights(name: DistributionName, nodes: readonly NodeAddress[]): number {
  if (nodes.some(({ weight }) => weight !== nodes[0]!.weight)) {
    throw new TopologyError(
      `The distribution "${name}" ignores weights: leave them out, or use ketama.`,
    );
  }
  return nodes.length;
}
