import {
  clusterOptions,
  pollingOptions,
} from '../../src/client/option-tables/discovery-options.ts';
import { valuesOf } from '../../src/client/option-tables/resolve.ts';
import { bytes, count, ms } from './amounts.ts';

const POLLING = valuesOf(pollingOptions, {});
const CLUSTER_POLLING = valuesOf(clusterOptions, {});

/** The rows of docs/architecture.md, “What is bounded”, for topologies. */
export const topologyBounds = (the: (path: string, name: string) => number) => ({
  'topology of a cluster': [
    count(the('cluster-topology.ts', 'MEMBERS_MAX')),
    count(the('cluster-topology.ts', 'REPLICAS_MAX')),
    count(the('cluster-topology.ts', 'WEIGHT_MAX')),
    count(the('topology-codec.ts', 'TOPOLOGY_TEXT_MAX')),
  ],
  'poll for the topology': [
    ms(POLLING.deadlineMs),
    count(the('discovery/endpoints.ts', 'CANDIDATES_MAX')),
    bytes(the('protocol/limits.ts', 'CONFIG_BYTES_MAX')),
    count(the('topology/topology.ts', 'NODES_MAX')),
    ms(POLLING.minRefreshGapMs),
    ms(CLUSTER_POLLING.intervalMs),
  ],
});
