import { CacheError } from '../errors.ts';
import type { NodeAddress } from '../topology.ts';
import type { Distribution, DistributionName } from './distribution.ts';
import { JumpDistribution } from './jump.ts';
import { KetamaRing } from './ketama.ts';
import { ModuloDistribution } from './modulo.ts';
import { RendezvousDistribution } from './rendezvous.ts';

type Make = (nodes: readonly NodeAddress[]) => Distribution;

const DISTRIBUTIONS: Readonly<Record<DistributionName, Make>> = {
  ketama: (nodes) => new KetamaRing(nodes),
  modulo: (nodes) => new ModuloDistribution(unweighted('modulo', nodes)),
  jump: (nodes) => new JumpDistribution(unweighted('jump', nodes)),
  rendezvous: (nodes) => new RendezvousDistribution(nodes),
};

export const DISTRIBUTION_NAMES = Object.keys(DISTRIBUTIONS) as readonly DistributionName[];

/**
 * Places keys on these nodes (one at least); node indexes are those of the list.
 * @throws {CacheError} ERR_ARGUMENT for a name that is none, for an empty list, and for unequal
 * weights where they would have no effect (`modulo`, `jump`).
 */
export function createDistribution(
  name: DistributionName,
  nodes: readonly NodeAddress[],
): Distribution {
  if (!Object.hasOwn(DISTRIBUTIONS, name)) {
    throw bad(`There is no distribution "${name}": it is ${DISTRIBUTION_NAMES.join(', ')}.`);
  }
  if (nodes.length === 0) throw bad('There are no nodes to place keys on.');
  return DISTRIBUTIONS[name](nodes);
}

function unweighted(name: DistributionName, nodes: readonly NodeAddress[]): number {
  if (nodes.some(({ weight }) => weight !== nodes[0]!.weight)) {
    throw bad(`The distribution "${name}" knows no weights: leave them out, or use ketama.`);
  }
  return nodes.length;
}

function bad(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
