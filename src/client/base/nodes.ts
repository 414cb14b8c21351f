import {
  type Address,
  createDistribution,
  type Distribution,
  type DistributionName,
  type NodeAddress,
  type NodeSpec,
  parseAddress,
  readNodes,
  TopologyError,
} from '../../topology/index.ts';
import { CacheError } from './errors.ts';

/**
 * Reads the nodes of an option.
 * @throws {CacheError} ERR_ARGUMENT if the list is empty, names a node twice, or a node is invalid.
 */
export function nodesOf(specs: readonly NodeSpec[]): readonly NodeAddress[] {
  return asArgument(() => readNodes(specs));
}

/**
 * Reads an address of an option.
 * @throws {CacheError} ERR_ARGUMENT if it is none.
 */
export function addressOf(text: string): Address {
  return asArgument(() => parseAddress(text));
}

/**
 * Creates the distribution of an option.
 * @throws {CacheError} ERR_ARGUMENT if the distribution refuses the nodes.
 */
export function distributionOf(
  name: DistributionName,
  nodes: readonly NodeAddress[],
): Distribution {
  return asArgument(() => createDistribution(name, nodes));
}

/** Nodes come from the caller's arguments: a node that is refused is an invalid argument. */
function asArgument<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof TopologyError)) throw cause;
    throw new CacheError('ERR_ARGUMENT', { detail: cause.message });
  }
}
