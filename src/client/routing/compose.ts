import {
  createDistribution,
  type Placement,
  type PreviousPlacement,
  previousOwners,
  readNodes,
} from '../../topology/index.ts';
import type { ClientClock } from '../base/client-clock.ts';
import type { CacheError } from '../base/errors.ts';
import { FAILOVER_TTL } from '../option-tables/nested-options.ts';
import type { ResolvedOptions } from '../option-tables/resolved-options.ts';
import { anyNodeRoute } from './any-node-target.ts';
import type { ClusterNode } from './cluster-node.ts';
import { type FailoverNodes, failoverRoute } from './failover-target.ts';
import type { InFlightCopies } from './in-flight-copies.ts';
import { type PreviousOwnersOf, previousOwnerRoute } from './previous-owner-target.ts';
import type { ReadRepair } from './read-repair.ts';
import { ReplicaSet } from './replica-set.ts';
import { replicatedRoute } from './replicated-target.ts';
import type { FailoverWrites } from './stale-keys.ts';
import { ownerRoute, type Route } from './target.ts';
import type { TopologyEpoch } from './topology-epoch.ts';

/** With `failover: 'next'`, how many nodes after a key's own may serve as failover nodes. */
const NEXT_NODES_MAX = 4;

/** What happens inside routes and is part of no caller's result. */
export interface RouteEvents {
  /** A write succeeded but failed at this replica. */
  replicaFailed(node: string, error: CacheError): void;
}

/** The parts of a route. */
export interface Composition {
  readonly placement: Placement;
  /** In the order of `placement.nodes`. */
  readonly nodes: readonly ClusterNode[];
  readonly gutterNodes: readonly ClusterNode[];
  /** Whether each node answers for every key: then there are no replicas and no failover nodes. */
  readonly everyNodeAnswers: boolean;
  readonly previousPlacements: readonly PreviousPlacement[];
  readonly epoch: TopologyEpoch;
  readonly copies: InFlightCopies;
  readonly readRepair: ReadRepair;
  readonly failoverWrites: FailoverWrites;
  readonly clock: ClientClock;
  readonly events: RouteEvents;
}

/** Composes one route around another as the options say; the innermost is the distribution. */
export function composeRoute(parts: Composition, options: ResolvedOptions): Route {
  const inner = innermostRoute(parts, options.replicas);
  if (parts.everyNodeAnswers) return anyNodeRoute(inner, parts.nodes, parts.epoch);
  const failoverNodes = failoverNodesOf(parts, options);
  const { epoch, copies, readRepair, failoverWrites } = parts;
  const route =
    failoverNodes === undefined
      ? inner
      : failoverRoute(inner, failoverNodes, failoverWrites, epoch);
  if (parts.previousPlacements.length === 0) return route;
  const previousOwnersOf = previousOwnersLookup(parts, options.replicas);
  return previousOwnerRoute(route, previousOwnersOf, epoch, copies, readRepair);
}

function previousOwnersLookup(parts: Composition, replicas: number): PreviousOwnersOf {
  const { placement, previousPlacements, nodes, clock } = parts;
  return (key) => {
    const owners = previousOwners(key, placement, previousPlacements, clock.now(), replicas);
    return owners.map((owner) => nodes[owner]!);
  };
}

function innermostRoute(
  { placement, nodes, epoch, copies, readRepair, events }: Composition,
  replicas: number,
): Route {
  const { distribution } = placement;
  if (replicas === 1) return ownerRoute(distribution, nodes);
  const onReplicaFailed = (node: string, error: CacheError): void =>
    events.replicaFailed(node, error);
  return replicatedRoute(distribution, replicas, (owners) => {
    const replicaNodes = owners.map((owner) => nodes[owner]!);
    return new ReplicaSet(replicaNodes, epoch, copies, readRepair, onReplicaFailed);
  });
}

function failoverNodesOf(parts: Composition, options: ResolvedOptions): FailoverNodes | undefined {
  const { failover, replicas } = options;
  const { nodes, gutterNodes, placement } = parts;
  if (failover === 'fail') return undefined;
  if (failover === 'next') {
    const last = replicas + NEXT_NODES_MAX;
    return {
      of: (key) => {
        const next = placement.distribution.ownersOf(key, last).slice(replicas);
        return next.map((index) => nodes[index]!);
      },
      ttl: FAILOVER_TTL,
    };
  }
  const ring = createDistribution('ketama', readNodes(failover.gutter));
  return { of: (key) => [gutterNodes[ring.ownerOf(key)]!], ttl: failover.ttl };
}
