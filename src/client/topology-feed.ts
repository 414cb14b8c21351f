import type { ConnectionOptions } from 'node:tls';
import type { KnownNode } from '../topology/index.ts';
import type { Discovery } from './base/discovery.ts';
import { CacheError } from './base/errors.ts';
import { callHandler } from './base/handlers.ts';
import { nodesOf } from './base/nodes.ts';
import type { ClientRuntime } from './connection/runtime.ts';
import { cluster } from './discovery/cluster.ts';
import { areMembers } from './discovery/member-search.ts';
import { mayFollowCluster, type ResolvedOptions } from './option-tables/resolved-options.ts';
import type { ClientOptions } from './option-types/client.ts';
import type { ClusterView } from './routing/cluster-view.ts';

/** Between two searches: a node that comes up may be what the first one lacked. */
const NEXT_SEARCH_MS = 10_000;

interface FeedEvents {
  /** The client follows another topology. */
  readonly nodes: (names: readonly string[]) => void;
  readonly error: (error: CacheError) => void;
}

/**
 * Gives a client its topologies: those of a discovery, or those of the cluster whose members the
 * nodes of its list turn out to be. Otherwise a list stays as it is.
 */
export class TopologyFeed {
  readonly #options: ClientOptions;
  readonly #resolved: ResolvedOptions;
  readonly #view: ClusterView;
  readonly #runtime: ClientRuntime;
  readonly #events: FeedEvents;
  readonly #closing = new AbortController();
  /** Undefined as long as the nodes are a list. */
  #discovery: Discovery | undefined;
  #search: Promise<void> | undefined;
  #nextSearchAt = 0;

  constructor(
    options: ClientOptions,
    resolved: ResolvedOptions,
    view: ClusterView,
    runtime: ClientRuntime,
    events: FeedEvents,
  ) {
    this.#options = options;
    this.#resolved = resolved;
    this.#view = view;
    this.#runtime = runtime;
    this.#events = events;
  }

  start(): void {
    const { nodes } = this.#options;
    if ('start' in nodes) this.#follow(nodes);
    else this.#view.update(nodesOf(nodes));
  }

  /** A node of the list says that it is a member of a cluster of slabring. */
  memberSeen(): void {
    const isDue = this.#search === undefined && this.#runtime.now() >= this.#nextSearchAt;
    if (this.#discovery !== undefined || !isDue || !mayFollowCluster(this.#options)) return;
    this.#search = this.#searchCluster().finally(() => {
      this.#search = undefined;
      this.#nextSearchAt = this.#runtime.now() + NEXT_SEARCH_MS;
    });
  }

  /** A node is down: there may be a newer topology. */
  refresh(): void {
    callHandler('refresh (discovery)', () => this.#discovery?.refresh());
  }

  async close(): Promise<void> {
    this.#closing.abort(new CacheError('ERR_CLOSED'));
    await Promise.all([this.#search, this.#discovery?.close()]);
  }

  async #searchCluster(): Promise<void> {
    const { nodes } = this.#options;
    if ('start' in nodes) return;
    const { tls, login, deadlineMs } = this.#resolved;
    const { signal } = this.#closing;
    const runtime = this.#runtime;
    const access = { ...(tls && { tls: tls as ConnectionOptions }), ...(login && { login }) };
    const isFound = await areMembers(nodesOf(nodes), { ...access, deadlineMs, runtime, signal });
    if (!isFound || signal.aborted) return;
    const discovery = cluster(nodes, { ...access, deadlineMs }, runtime);
    this.#view.becomeCluster();
    this.#follow(discovery);
  }

  #follow(discovery: Discovery): void {
    this.#discovery = discovery;
    discovery.start({
      topology: ({ nodes }) => this.#apply(nodes),
      error: (error) => this.#events.error(error),
    });
  }

  #apply(nodes: readonly KnownNode[]): void {
    try {
      this.#view.update(nodes);
      this.#events.nodes(nodes.map(({ name }) => name));
    } catch (error) {
      // The client cannot place keys on these nodes: the previous topology stays in force.
      if (!(error instanceof CacheError)) throw error;
      this.#events.error(error);
    }
  }
}
