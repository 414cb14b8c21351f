import { CacheError } from '../errors.ts';
import { DISTRIBUTION_NAMES } from '../ring/create.ts';
import type { DistributionName } from '../ring/distribution.ts';
import { type NodeSpec, readNodes } from '../topology.ts';

/**
 * Who serves the keys of a node that is down:
 *
 *   fail     nobody: they fail at once, and nothing is ever stale by it
 *   next     the nodes that follow on the ring; what they store for it lives 60 seconds at the most
 *   gutter   nodes that are there for nothing else
 */
export type Failover = 'fail' | 'next' | GutterFailover;

export interface GutterFailover {
  /** Each takes its share of the keys. */
  readonly gutter: readonly NodeSpec[];
  /**
   * Seconds that entries there live at the most: how old a value can be that is served in the next
   * outage. 1 … 86,400.
   * @default 60
   */
  readonly ttlSeconds?: number;
}

export interface PreviousOwnerOptions {
  /** Seconds after a change for which a key's previous owners are asked, too. 1 … 86,400. */
  readonly graceSeconds: number;
}

/** What of the client's options concerns routes. */
export interface RoutingOptions {
  /**
   * How keys are placed on the nodes. Clients that share a cache must agree on it.
   * @default 'ketama'
   */
  readonly distribution?: DistributionName;
  /** Who serves the keys of a node that is down. @default 'fail' */
  readonly failover?: Failover;
  /**
   * Nodes that hold each key, 1 … 8: its owner and those that follow on the ring. With more than one no
   * single node's end loses a key, for so many times the memory and the writes.
   * @default 1
   */
  readonly replicas?: number;
  /**
   * After a change of the nodes, look for what moved where it was before. @default no, moved keys are
   * misses
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

/** What entries of stand-ins live at the most, unless it is said. */
export const STAND_IN_TTL_SECONDS = 60;
const DAY_SECONDS = 86_400;
const REPLICAS_MAX = 8;

/** @throws {CacheError} ERR_ARGUMENT for what is out of its range. */
export function resolveRouting(options: RoutingOptions): ResolvedRouting {
  const { distribution = 'ketama', replicas = 1, previousOwner } = options;
  if (!DISTRIBUTION_NAMES.includes(distribution)) {
    throw bad(`distribution is ${JSON.stringify(distribution)}, not one of ${DISTRIBUTION_NAMES}.`);
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
    throw bad(`failover is ${JSON.stringify(failover)}, not fail, next or { gutter }.`);
  }
  checkNames('failover', failover, ['gutter', 'ttlSeconds']);
  const { gutter, ttlSeconds = STAND_IN_TTL_SECONDS } = failover;
  checkNumber('failover.ttlSeconds', ttlSeconds, DAY_SECONDS);
  readNodes(gutter);
  return { gutter, ttlSeconds };
}

function checkNumber(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw bad(`${name} is ${value}, not a whole number from 1 to ${most}.`);
}

function checkNames(option: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw bad(`There is no option "${option}.${unknown}".`);
}

function bad(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
