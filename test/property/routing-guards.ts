import type { RouteName } from '../support/simulation/routes.ts';
import type { ScheduleMode } from '../support/simulation/simulation.ts';

type Guard = readonly [rule: string, limit: number, seed: number, nth: number, mode: ScheduleMode];

/**
 * The guards of src/client/routing, by the route that needs them. Each has a schedule that fails if
 * the guard is taken out: a read returns a stale value, or the replicas of a key differ at the end.
 */
export const GUARDS: Partial<Record<RouteName, readonly Guard[]>> = {
  'two replicas': [
    ['the client deletes a stale key before the next request for it', 1, 101, 24, 'hot'],
    ['the client resends the delete of a stale key before the reads behind it', 3, 101, 72, 'calm'],
    ['a primary that may have run a failed update invalidates the key', 5, 101, 35, 'hot'],
    ['a replica that failed to store the result of an update invalidates the key', 5, 81, 6, 'hot'],
    ['an add yields to a replica that has the key', 1, 81, 0, 'calm'],
    ['a repair is dropped by an update of the key', 100, 81, 4, 'hot'],
    ['a primary that deleted an item by its CAS id invalidates the key', 3, 501, 1886, 'swarm'],
  ],
  'three replicas': [
    ['updates at two primaries copy no result over each other', 5, 301, 1343, 'calm'],
    ['a cancelled update takes no further step', 100, 101, 58, 'hot'],
    ['the client does not resend a cancelled operation', 3, 81, 0, 'hot'],
    ['a repair is dropped by an update at a primary', 5, 301, 205, 'hot'],
    ['an add yields to an update that was sent to its primary after it', 5, 301, 205, 'hot'],
    ['a repair overwrites nothing', 5, 101, 23, 'hot'],
  ],
  'failover nodes': [
    ['the client remembers the writes at failover nodes', 1, 81, 0, 'hot'],
    ['a write at a failover node invalidates the key at its owner', 1, 81, 0, 'hot'],
    ['a cancelled operation asks no failover node', 100, 101, 307, 'hot'],
  ],
  'two replicas and failover nodes': [
    ['a set, a delete or an invalidation drops the copies of updates', 3, 81, 1, 'hot'],
    ['a set or a delete of the replicas drops the copies of the key', 3, 81, 1, 'hot'],
    ['the result of an update is not copied after a set or a delete', 3, 81, 1, 'hot'],
    ['a replica that failed the write of an update invalidates the key', 100, 81, 3, 'calm'],
    ['a copy that was dropped is not stored', 3, 81, 1, 'hot'],
  ],
  'previous owners': [
    ['a cancelled update copies nothing from previous owners', 8, 401, 1400, 'calm'],
  ],
  'previous owners and two replicas': [
    ['the owner receives no dropped copy from a previous owner', 3, 81, 6, 'calm'],
  ],
  'previous owners and failover nodes': [
    ['a change of the topology drops the copies in flight', 5, 101, 47, 'hot'],
    ['an update of a superseded epoch copies nothing from previous owners', 5, 301, 25, 'calm'],
    ['a set or a delete drops the copies from previous owners', 5, 81, 11, 'calm'],
    ['a previous owner whose delete failed invalidates the key', 1, 81, 2, 'hot'],
    ['a write deletes the key at the previous owners', 5, 81, 0, 'hot'],
    ['a write at another node invalidates the key at the failover node', 3, 81, 0, 'hot'],
    ['the client remembers more than one previous placement', 3, 81, 5, 'hot'],
  ],
  'previous owners and gutter nodes': [
    [
      'an item that arrived at its owner for an update drops later copies of it',
      100,
      81,
      5,
      'calm',
    ],
    ['an update that may have run is not sent to another node', 3, 201, 90, 'swarm'],
  ],
  'a growing cluster and a short grace': [
    [
      'an update that a set or a delete crossed is not written to the other replicas',
      1,
      81,
      6,
      'hot',
    ],
    ['a failover node stores no copy that was dropped', 3, 101, 59, 'calm'],
    ['a cancelled write asks no failover node of an owner with previous owners', 1, 81, 9, 'hot'],
  ],
  'a growing cluster and two replicas': [
    ['a set, a delete or an invalidation drops the repairs of the key', 3, 101, 0, 'hot'],
    ['replicas invalidate a key that the primary lost during an update', 3, 81, 1, 'hot'],
    ['a read of a superseded epoch repairs nothing', 5, 401, 419, 'calm'],
    ['a fetch of a superseded epoch restores no item', 100, 101, 27, 'calm'],
    ['the restored item overwrites nothing at the primary', 8, 201, 147, 'swarm'],
  ],
};
