import {
  CLUSTER_ENTRY,
  decodeClusterConfig,
  TOPOLOGY_ENTRY,
  topologyFlags,
} from '../../protocol/client.ts';
import {
  answers,
  type ClusterTopology,
  decodeTopology,
  type KnownNode,
  type NodeAddress,
  type NodeSpec,
  parseAddress,
  readNodes,
  type Topology,
} from '../../topology/index.ts';
import { AskConnection } from '../connection/ask-connection.ts';
import { mayBeBinary } from '../connection/ask-once.ts';
import { Exchange, type NodeReply, type SingleRequest } from '../connection/exchange.ts';
import { type ClientRuntime, machineRuntime } from '../connection/runtime.ts';
import {
  type EndpointAccess,
  lacksConfig,
  lacksEntry,
  REPLY_BYTES_MAX,
  refusalOf,
} from './config-endpoint.ts';
import { topologyOf } from './elasticache.ts';

/**
 * Asks one node for the whole topology of its cluster of slabring; undefined if it is in none.
 * @throws {NoReply} when the node closes the connection, or sends something else than a reply.
 * @throws the error of the socket or of the login, or the reason of `signal`.
 */
export async function memberTopology(
  node: NodeAddress,
  access: EndpointAccess,
  signal: AbortSignal,
): Promise<ClusterTopology | undefined> {
  const queries = new ConfigQueries(node, access, machineRuntime);
  try {
    return await queries.clusterTopology(signal);
  } finally {
    queries.close();
  }
}

/** The queries of one node, on one connection, or on a second one if the node is binary only. */
export class ConfigQueries {
  readonly #endpoint: NodeAddress;
  readonly #access: EndpointAccess;
  readonly #runtime: ClientRuntime;
  #connection: AskConnection;
  #dialect: 'classic' | 'binary' = 'classic';
  /** Whether the node has answered something, so that its dialect is known. */
  #isKnown = false;
  /** A node without the whole topology is not asked for it again. */
  #hasTopology = true;
  /** The last topology of the node, which it does not send again. */
  #last: ClusterTopology | undefined;

  constructor(endpoint: NodeAddress, access: EndpointAccess, runtime: ClientRuntime) {
    this.#endpoint = endpoint;
    this.#access = access;
    this.#runtime = runtime;
    this.#connection = this.#connect();
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  close(): void {
    this.#connection.close();
  }

  /** The address that the connection was made to. */
  get remote(): AskConnection['remote'] {
    return this.#connection.remote;
  }

  /** The whole topology of a cluster of slabring; undefined if the node has none. */
  async clusterTopology(signal: AbortSignal): Promise<ClusterTopology | undefined> {
    if (!this.#hasTopology) return undefined;
    const last = this.#last;
    const rest = last === undefined ? '' : ` ${topologyFlags(last.version)}`;
    const reply = await this.#ask(TOPOLOGY_ENTRY, signal, rest);
    if (reply.status === 'value' && reply.value.length === 0 && last !== undefined) return last;
    this.#hasTopology = reply.status === 'value';
    this.#last = this.#hasTopology ? decodeTopology(reply.value.toString()) : undefined;
    return this.#last;
  }

  async topology(signal: AbortSignal): Promise<Topology> {
    const topology = await this.clusterTopology(signal);
    if (topology !== undefined) return placementOf(topology);
    const reply = await this.#ask(CLUSTER_ENTRY, signal);
    if (reply.status === 'value') return topologyOf(decodeClusterConfig(reply.value), 'host');
    throw lacksConfig();
  }

  async #ask(key: string, signal: AbortSignal, rest = ''): Promise<NodeReply> {
    const reply = await this.#askOrReconnect({ verb: 'config-get', key, rest }, signal);
    this.#isKnown = true;
    if (reply.status === 'value' || lacksEntry(reply)) return reply;
    throw new Error(refusalOf(reply));
  }

  async #askOrReconnect(request: SingleRequest, signal: AbortSignal): Promise<NodeReply> {
    try {
      return await this.#connection.ask(this.#exchange(request), signal);
    } catch (error) {
      if (this.#isKnown || !mayBeBinary(error)) throw error;
      this.#dialect = 'binary';
      this.#connection = this.#connect();
      return this.#connection.ask(this.#exchange(request), signal);
    }
  }

  #exchange(request: SingleRequest): Exchange {
    return new Exchange(request, this.#dialect, this.#access.login);
  }

  #connect(): AskConnection {
    const options = { tls: this.#access.tls, replyBytesMax: REPLY_BYTES_MAX };
    return new AskConnection(this.#endpoint, options, this.#runtime);
  }
}

/** The nodes that answer, with their weights. */
function placementOf({ version, members }: ClusterTopology): Topology {
  const specs = members.filter(answers).map(({ address, weight }): NodeSpec => {
    return { ...(parseAddress(address) as { host: string; port: number }), weight };
  });
  const nodes: readonly KnownNode[] = readNodes(specs);
  return { version, nodes };
}
