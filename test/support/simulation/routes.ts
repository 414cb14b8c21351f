import type { ClientOptions } from '../../../src/client.ts';
import type { ScheduleMode, SimulationOptions } from './simulation.ts';
import type { TopologyChanges } from './topologies.ts';

const nodes = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'];
const gutter = ['127.0.0.1:4'];
/** The nodes of the routes whose topology changes. */
const growingNodes = [...nodes, '127.0.0.1:5'];
const previousOwner = { graceSeconds: 3600 };

interface SimulatedRoute {
  readonly client: Partial<ClientOptions>;
  readonly changes?: TopologyChanges;
}

/** The routes that the simulation runs, by name. */
export const ROUTES = {
  'two replicas': { client: { replicas: 2 } },
  'three replicas': { client: { replicas: 3 } },
  'failover nodes': { client: { failover: 'next' } },
  'gutter nodes': { client: { failover: { gutter } } },
  'two replicas and failover nodes': { client: { replicas: 2, failover: 'next' } },
  'previous owners': { client: { previousOwner }, changes: 'any' },
  'previous owners and two replicas': { client: { previousOwner, replicas: 2 }, changes: 'any' },
  'previous owners and failover nodes': {
    client: { previousOwner, failover: 'next' },
    changes: 'any',
  },
  'previous owners and gutter nodes': {
    client: { previousOwner, failover: { gutter } },
    changes: 'any',
  },
  'previous owners, replicas and failover nodes': {
    client: { previousOwner, replicas: 2, failover: 'next' },
    changes: 'any',
  },
  'a growing cluster and a short grace': {
    client: { previousOwner: { graceSeconds: 1 }, replicas: 2 },
    changes: 'growing',
  },
  'a growing cluster': { client: {}, changes: 'growing' },
  'a growing cluster and two replicas': { client: { replicas: 2 }, changes: 'growing' },
  'a growing cluster and gutter nodes': { client: { failover: { gutter } }, changes: 'growing' },
  'a shrinking cluster, two replicas and failover nodes': {
    client: { replicas: 2, failover: 'next' },
    changes: 'shrinking',
  },
} as const satisfies Record<string, SimulatedRoute>;
export type RouteName = keyof typeof ROUTES;

/** The options of a simulation of this route. */
export function simulationOf(
  route: RouteName,
  maxConcurrent: number,
  mode: ScheduleMode,
): SimulationOptions {
  const { client, changes }: SimulatedRoute = ROUTES[route];
  return {
    client,
    nodes: changes === undefined ? nodes : growingNodes,
    gutter: typeof client.failover === 'object' ? gutter : [],
    maxConcurrent,
    topologyChanges: changes,
    mode,
  };
}
