import type { CacheError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { FormerPlacement, Placement } from '../ring/previous-owner.ts';
import type { Copier } from './copier.ts';
import type { Member } from './member.ts';
import { OwnerRoute, type Route } from './route.ts';

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
  readonly events: RouteEvents;
}

/** One route around another, as the options want it; the innermost is the ring. */
export function composeRoute(parts: Composition, _options: ResolvedOptions): Route {
  const { placement, members } = parts;
  return new OwnerRoute(placement.distribution, members);
}
