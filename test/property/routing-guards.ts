import type { RouteName } from '../support/simulation/routes.ts';

const HOT = true;
const CALM = false;

/**
 * The guards of src/client/routing, by the route that needs them. Each has a schedule that fails if
 * the guard is taken out: a read returns a stale value, or the replicas of a key differ at the end.
 */
export const GUARDS: Partial<
  Record<
    RouteName,
    readonly (readonly [guard: string, limit: number, seed: number, nth: number, isHot: boolean])[]
  >
> = {
  'two replicas': [
    ['the client deletes a stale key before the next request for it', 1, 101, 24, HOT],
    ['the client resends the delete of a stale key before the reads behind it', 3, 101, 72, CALM],
    ['a primary that may have run a failed update invalidates the key', 5, 101, 35, HOT],
    ['a replica that failed to store the result of an update invalidates the key', 5, 81, 6, HOT],
    ['an add yields to a replica that has the key', 1, 81, 0, CALM],
    ['a repair is dropped by an update of the key', 100, 81, 4, HOT],
  ],
  'three replicas': [
    ['a cancelled update takes no further step', 100, 101, 58, HOT],
    ['the client does not resend a cancelled operation', 3, 81, 0, HOT],
  ],
  'failover nodes': [
    ['the client remembers the writes at failover nodes', 1, 81, 0, HOT],
    ['a write at a failover node invalidates the key at its owner', 1, 81, 0, HOT],
  ],
  'two replicas and failover nodes': [
    ['a set, a delete or an invalidation drops the copies of updates', 3, 81, 1, HOT],
    ['a set or a delete of the replicas drops the copies of the key', 3, 81, 1, HOT],
    ['the result of an update is not copied after a set or a delete', 3, 81, 1, HOT],
    ['a replica that failed the write of an update invalidates the key', 100, 81, 3, CALM],
    ['a copy that was dropped is not stored', 3, 81, 1, HOT],
  ],
  'previous owners and two replicas': [
    ['the owner receives no dropped copy from a previous owner', 3, 81, 6, CALM],
  ],
  'previous owners and failover nodes': [
    ['a change of the topology drops the copies in flight', 5, 101, 47, HOT],
    ['a set or a delete drops the copies from previous owners', 5, 81, 11, CALM],
    ['a previous owner whose delete failed invalidates the key', 1, 81, 2, HOT],
    ['a write deletes the key at the previous owners', 5, 81, 0, HOT],
    ['a write at another node invalidates the key at the failover node', 3, 81, 0, HOT],
    ['the client remembers more than one previous placement', 3, 81, 5, HOT],
  ],
  'previous owners and gutter nodes': [
    ['an item that arrived at its owner for an update drops later copies of it', 100, 81, 5, CALM],
  ],
  'previous owners, replicas and failover nodes': [
    ['a cancelled update at an owner with failover nodes takes no further step', 5, 81, 3, HOT],
  ],
  'a growing cluster and a short grace': [
    [
      'an update that a set or a delete crossed is not written to the other replicas',
      1,
      81,
      6,
      HOT,
    ],
    ['a cancelled write asks no failover node of an owner with previous owners', 1, 81, 9, HOT],
  ],
  'a growing cluster and two replicas': [
    ['a set, a delete or an invalidation drops the repairs of the key', 3, 101, 0, HOT],
    ['replicas invalidate a key that the primary lost during an update', 3, 81, 1, HOT],
  ],
};
