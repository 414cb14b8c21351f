import { DISTRIBUTION_NAMES, type DistributionName, type NodeSpec } from '../../topology/index.ts';
import { CacheError } from '../errors.ts';
import { nodesOf } from '../nodes.ts';

/**
 * Which nodes serve the keys of a node that is down:
 *
 *   fail     no node: operations fail at once, and no value becomes stale by failover
 *   next     the nodes that follow in the distribution; they store items with a ttl of at most 60
 *   gutter   nodes that have no keys of their own
 */
export type Failover = 'fail' | 'next' | GutterFailover;

export interface GutterFailover {
  /** The gutter nodes; each serves its share of the keys. */
  readonly gutter: readonly NodeSpec[];
  /**
   * The longest ttl of an item on a gutter node, which bounds the age of a value that the next
   * outage can serve. 1 … 86,400.
   * @default 60
   */
  readonly ttl?: number;
}

export interface PreviousOwnerOptions {
  /** How long after a change the client also asks the previous owners of a key. 1 … 86,400. */
  readonly graceSeconds: number;
}

/** The routing options of a client. */
export interface RoutingOptions {
  /**
   * The rule that places keys on the nodes. Clients that share a cache must use the same one.
   * @default 'ketama'
   */
  readonly distribution?: DistributionName;
  /** Which nodes serve the keys of a node that is down. @default 'fail' */
  readonly failover?: Failover;
  /**
   * The number of replicas of each key, 1 … 8: on its owner and on the nodes that follow in the
   * distribution. With more than one, no key is lost with a single node; memory and writes
   * multiply.
   * @default 1
   */
  readonly replicas?: number;
  /**
   * After a change of the topology, look for a key that moved at its previous owners.
   * @default no, moved keys are misses
   */
  readonly previousOwner?: PreviousOwnerOptions;
}

export interface ResolvedRouting {
  readonly distribution: DistributionName;
  readonly failover: 'fail' | 'next' | Required<GutterFailover>;
  readonly replicas: number;
  readonly previousOwner: PreviousOwnerOptions | undefined;
}

export const ROUTING_OPTIONS: readonly (keyof RoutingOptions)[] = [
  'distribution',
  'failover',
  'replicas',
  'previousOwner',
];

/** The longest ttl of an item on a failover node, by default. */
export const FAILOVER_TTL = 60;
const DAY_SECONDS = 86_400;
const REPLICAS_MAX = 8;

/** @throws {CacheError} ERR_ARGUMENT for an option that is unknown or out of its range. */
export function resolveRouting(options: RoutingOptions): ResolvedRouting {
  const { distribution = 'ketama', replicas = 1, previousOwner } = options;
  if (!DISTRIBUTION_NAMES.includes(distribution)) {
    throw argumentError(
      `distribution is ${JSON.stringify(distribution)}, not one of ${DISTRIBUTION_NAMES}.`,
    );
  }
  checkNumber('replicas', replicas, REPLICAS_MAX);
  if (previousOwner !== undefined) {
    checkNames('previousOwner', previousOwner, ['graceSeconds']);
    checkNumber('previousOwner.graceSeconds', previousOwner.graceSeconds, DAY_SECONDS);
  }
  const failover = resolveFailover(options.failover ?? 'fail');
  return { distribution, failover, replicas, previousOwner };
}

function resolveFailover(failover: Failover): ResolvedRouting['failover'] {
  if (failover === 'fail' || failover === 'next') return failover;
  if (typeof failover !== 'object') {
    throw argumentError(`failover is ${JSON.stringify(failover)}, not fail, next or { gutter }.`);
  }
  checkNames('failover', failover, ['gutter', 'ttl']);
  const { gutter, ttl = FAILOVER_TTL } = failover;
  checkNumber('failover.ttl', ttl, DAY_SECONDS);
  nodesOf(gutter);
  return { gutter, ttl };
}

function checkNumber(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw argumentError(`${name} is ${value}, not a whole number from 1 to ${max}.`);
}

function checkNames(option: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw argumentError(`There is no option "${option}.${unknown}".`);
}

function argumentError(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
