import type { CacheError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import { createDistribution } from '../ring/create.ts';
import { type FormerPlacement, type Placement, previousOwners } from '../ring/previous-owner.ts';
import { readNodes } from '../topology.ts';
import type { Copier } from './copier.ts';
import { CopySet } from './copy-set.ts';
import type { Era } from './era.ts';
import { FailoverRoute, type StandIns } from './failover.ts';
import type { LentKeys } from './lent-keys.ts';
import type { Member } from './member.ts';
import { STAND_IN_TTL_SECONDS } from './options.ts';
import { type FormerPlaces, ReadThroughRoute } from './read-through.ts';
import { ReplicaRoute } from './replicas.ts';
import { OwnerRoute, type Route } from './route.ts';

/** Nodes that follow on the ring and may stand in, one after the other. */
const NEXT_MAX = 4;

/** What routes tell of what no caller is told. */
export interface RouteEvents {
  /** A write did not reach one of the copies, though it succeeded. */
  copyFailed(node: string, error: CacheError): void;
}

/** What a route is made of. */
export interface Composition {
  readonly placement: Placement;
  /** By the indexes of the placement. */
  readonly members: readonly Member[];
  readonly gutter: readonly Member[];
  readonly former: readonly FormerPlacement[];
  readonly copier: Copier;
  readonly lent: LentKeys;
  readonly era: Era;
  readonly events: RouteEvents;
}

/** One route around another, as the options want it; the innermost is the ring. */
export function composeRoute(parts: Composition, options: ResolvedOptions): Route {
  const own = ownRoute(parts, options.replicas);
  const standIns = standInsOf(parts, options);
  const route =
    standIns === undefined ? own : new FailoverRoute(own, standIns, parts.lent, parts.era);
  if (parts.former.length === 0) return route;
  const formerPlaces = formerPlacesOf(parts, options.replicas);
  return new ReadThroughRoute(route, formerPlaces, parts.copier, parts.era);
}

function formerPlacesOf(parts: Composition, replicas: number): FormerPlaces {
  const { placement, former, members } = parts;
  return (key) => {
    const owners = previousOwners(key, placement, former, performance.now(), replicas);
    return owners.map((owner) => members[owner]!);
  };
}

function ownRoute(
  { placement, members, copier, era, events }: Composition,
  replicas: number,
): Route {
  const { distribution } = placement;
  if (replicas === 1) return new OwnerRoute(distribution, members);
  const failed = (node: string, error: CacheError): void => events.copyFailed(node, error);
  return new ReplicaRoute(distribution, replicas, (owners) => {
    const holders = owners.map((owner) => members[owner]!);
    return new CopySet(holders, copier, era, failed);
  });
}

function standInsOf(parts: Composition, options: ResolvedOptions): StandIns | undefined {
  const { failover, replicas } = options;
  const { members, gutter, placement } = parts;
  if (failover === 'fail') return undefined;
  if (failover === 'next') {
    const last = replicas + NEXT_MAX;
    return {
      of: (key) => {
        const nodes = placement.distribution.ownersOf(key, last).slice(replicas);
        return nodes.map((node) => members[node]!);
      },
      ttlSeconds: STAND_IN_TTL_SECONDS,
    };
  }
  const ring = createDistribution('ketama', readNodes(failover.gutter));
  return { of: (key) => [gutter[ring.ownerOf(key)]!], ttlSeconds: failover.ttlSeconds };
}
