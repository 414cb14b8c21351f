import type { NodeAddress, NodeSpec, Topology } from '../../topology/index.ts';
import type { Discovery, DiscoveryListener } from '../base/discovery.ts';
import { nodesOf } from '../base/nodes.ts';
import { type ClientRuntime, machineRuntime } from '../connection/runtime.ts';
import { clusterOptions } from '../option-tables/discovery-options.ts';
import { valuesOf } from '../option-tables/resolve.ts';
import type { ClusterDiscoveryOptions } from '../option-types/discovery.ts';
import type { EndpointAccess } from './config-endpoint.ts';
import { ConfigQueries } from './config-queries.ts';
import { CANDIDATES_MAX, distinctEndpoints, pollEndpoints } from './endpoints.ts';
import { PollingDiscovery } from './polling.ts';

/**
 * Polls that ask one node before another one has its turn: a node that is cut off from the others
 * keeps an old topology.
 */
const POLLS_PER_ENDPOINT = 400;

/**
 * Discovers a cluster of slabring from any of its nodes, and follows its changes within about
 * 100 ms. A client with this discovery places keys by ketama, sends each request to the node that
 * has the key, and repeats one that may be repeated at another node, because every node answers for
 * every key. It needs no replicas, no failover nodes and no previous owners.
 *
 *     createClient({ nodes: cluster('10.0.0.1:11211') })
 * @param endpoints one or more nodes of the cluster.
 * @param runtime internal: what a test simulates.
 * @throws {CacheError} ERR_ARGUMENT for an invalid address or option.
 */
export function cluster(
  endpoints: NodeSpec | readonly NodeSpec[],
  options: ClusterDiscoveryOptions = {},
  runtime: ClientRuntime = machineRuntime,
): Discovery {
  const specs = (Array.isArray(endpoints) ? endpoints : [endpoints]) as readonly NodeSpec[];
  return new ClusterDiscovery(nodesOf(specs), options, runtime);
}

class ClusterDiscovery implements Discovery {
  readonly everyNodeAnswers = true;
  readonly #endpoints: readonly NodeAddress[];
  readonly #access: EndpointAccess;
  readonly #runtime: ClientRuntime;
  readonly #polling: PollingDiscovery;
  /** The connection of the last poll, which the next one uses. */
  #kept: { readonly endpoint: NodeAddress; readonly queries: ConfigQueries } | undefined;
  #pollsLeft = POLLS_PER_ENDPOINT;

  constructor(
    endpoints: readonly NodeAddress[],
    options: ClusterDiscoveryOptions,
    runtime: ClientRuntime,
  ) {
    const values = valuesOf(clusterOptions, options);
    this.#endpoints = endpoints;
    this.#access = options;
    this.#runtime = runtime;
    const source = {
      deadlineMs: values.deadlineMs,
      candidates: (known: Topology | undefined) => this.#candidates(known),
      query: (endpoint: NodeAddress, signal: AbortSignal) => this.#query(endpoint, signal),
    };
    this.#polling = new PollingDiscovery(pollEndpoints(source, runtime), values, runtime);
  }

  start(listener: DiscoveryListener): void {
    this.#polling.start(listener);
  }

  refresh(): void {
    this.#polling.refresh();
  }

  async close(): Promise<void> {
    await this.#polling.close();
    this.#kept?.queries.close();
  }

  /** The node of the last poll is the first, or the last when others have their turn. */
  #candidates(known: Topology | undefined): readonly NodeAddress[] {
    const all = distinctEndpoints(this.#endpoints, known);
    const at = all.findIndex(({ name }) => name === this.#kept?.endpoint.name);
    const hasTurn = this.#pollsLeft-- > 0;
    if (!hasTurn) this.#pollsLeft = POLLS_PER_ENDPOINT;
    const first = at + (hasTurn || at < 0 ? 0 : 1);
    const from = Math.max(0, first);
    return [...all.slice(from), ...all.slice(0, from)].slice(0, CANDIDATES_MAX);
  }

  async #query(endpoint: NodeAddress, signal: AbortSignal): Promise<Topology> {
    if (this.#kept?.endpoint.name !== endpoint.name || !this.#kept.queries.isOpen) {
      this.#kept?.queries.close();
      const queries = new ConfigQueries(endpoint, this.#access, this.#runtime);
      this.#kept = { endpoint, queries };
    }
    return this.#kept.queries.topology(signal);
  }
}
