import {
  diffTopology,
  type KnownNode,
  type NodeAddress,
  type Placement,
  type PreviousPlacement,
  recordPlacement,
} from '../../topology/index.ts';
import { CacheError } from '../base/errors.ts';
import { distributionOf, nodesOf } from '../base/nodes.ts';
import { Operation } from '../connection/operation.ts';
import type { ClientRuntime, ClientTimer } from '../connection/runtime.ts';
import type { NodeSource, ResolvedOptions } from '../option-tables/resolved-options.ts';
import { replyOf } from './attempt.ts';
import { ClusterNode, type ClusterNodeEvents, type ClusterNodeOptions } from './cluster-node.ts';
import { type Composition, composeRoute, type RouteEvents } from './compose.ts';
import { InFlightCopies } from './in-flight-copies.ts';
import { multiGet } from './multi-get.ts';
import { ReadRepair } from './read-repair.ts';
import { FailoverWrites } from './stale-keys.ts';
import type { Target } from './target.ts';
import { TopologyEpoch } from './topology-epoch.ts';
import { WaitingTarget } from './waiting-target.ts';

export interface ClusterViewEvents extends RouteEvents {
  up: ClusterNodeEvents['up'];
  down(node: string, reason: CacheError): void;
  failed: ClusterNodeEvents['failed'];
}

/**
 * The cluster as one client sees it: its nodes, and the route to each key. A new topology takes
 * effect between two operations: nodes in both topologies keep their connections, nodes that left
 * settle their pending operations, and an operation in flight ends at the node that received it.
 */
export class ClusterView {
  /** Whether more than one node may serve a key, so that CAS ids need the tag of their node. */
  readonly tagsCas: boolean;
  readonly #options: ResolvedOptions;
  readonly #runtime: ClientRuntime;
  readonly #events: ClusterViewEvents;
  readonly #copies = new InFlightCopies();
  readonly #readRepair: ReadRepair;
  readonly #failoverWrites = new FailoverWrites();
  readonly #waitingTarget: WaitingTarget;
  readonly #gutterNodes: readonly ClusterNode[];
  #nodes: readonly ClusterNode[] = [];
  #placement: Placement | undefined;
  #previousPlacements: readonly PreviousPlacement[] = [];
  /** The epoch of the topology in force. */
  #epoch: TopologyEpoch;
  /** The nodes that left and still have pending operations. */
  readonly #leaving = new Set<Promise<void>>();
  #graceTimer: ClientTimer | undefined;
  #isClosed = false;
  #everyNodeAnswers: boolean;

  constructor(
    options: ResolvedOptions,
    source: NodeSource,
    runtime: ClientRuntime,
    events: ClusterViewEvents,
  ) {
    this.#options = options;
    this.#runtime = runtime;
    this.#events = events;
    // The nodes of a cluster of slabring have their CAS ids in common.
    this.#everyNodeAnswers = source === 'cluster';
    this.tagsCas = source === 'changing' || options.replicas > 1 || options.failover !== 'fail';
    this.#readRepair = new ReadRepair(this.#copies, runtime, options.deadlineMs);
    const waitingTarget = new WaitingTarget(options.maxPendingPerNode, runtime);
    this.#waitingTarget = waitingTarget;
    this.#epoch = new TopologyEpoch(
      () => [],
      () => () => waitingTarget,
    );
    this.#gutterNodes = gutterAddressesOf(options).map((node) => this.#createNode(node));
  }

  /** Whether each node answers for every key. */
  get everyNodeAnswers(): boolean {
    return this.#everyNodeAnswers;
  }

  /** From the next topology on the nodes are those of a cluster of slabring. */
  becomeCluster(): void {
    this.#everyNodeAnswers = true;
  }

  targetOf(key: string): Target {
    return this.#epoch.targetOf(key);
  }

  /** The nodes that own keys, then the gutter nodes. */
  get nodes(): readonly ClusterNode[] {
    return this.#gutterNodes.length === 0 ? this.#nodes : [...this.#nodes, ...this.#gutterNodes];
  }

  /** Waits for the first topology; rejects with ERR_DISCOVERY if the deadline passes first. */
  async whenNodesKnown(deadlineMs: number): Promise<readonly ClusterNode[]> {
    if (this.#placement === undefined) {
      await new Promise((resolve, reject) => {
        const handler = { onReply: () => undefined };
        const wait = { verb: 'noop' } as const;
        this.#waitingTarget.send(
          new Operation(wait, this.#runtime, deadlineMs, handler, resolve, reject),
        );
      });
    }
    return this.nodes;
  }

  /** The name of the node that owns the key. */
  ownerOf(key: string): string {
    const { nodes, distribution } = this.#placementFor(key);
    return nodes[distribution.ownerOf(key)]!.name;
  }

  replicasOf(key: string): readonly ClusterNode[] {
    return replicasAmong(this.#placementFor(key), this.#nodes, this.#options.replicas)(key);
  }

  /** The names of the nodes that hold the replicas of the key, the owner first. */
  replicaNamesOf(key: string): readonly string[] {
    const { nodes, distribution } = this.#placementFor(key);
    return distribution.ownersOf(key, this.#options.replicas).map((at) => nodes[at]!.name);
  }

  /**
   * Replaces the topology.
   * @throws {CacheError} ERR_ARGUMENT if the distribution refuses the nodes; then the topology
   * stays as it is.
   */
  update(nodes: readonly KnownNode[]): void {
    if (this.#isClosed) return;
    const replaced = this.#placement;
    const distribution = distributionOf(this.#options.distribution, nodes);
    const diff = diffTopology(replaced?.nodes ?? [], nodes);
    const kept = new Set(diff.kept.map(({ after }) => after.name));
    const nodesByName = new Map(this.#nodes.map((node) => [node.name, node]));
    for (const [name, node] of nodesByName) if (!kept.has(name)) this.#removeNode(node);
    this.#nodes = nodes.map((node) => {
      return kept.has(node.name) ? nodesByName.get(node.name)! : this.#createNode(node);
    });
    this.#placement = { nodes, distribution };
    if (replaced !== undefined && diff.placementChanged) this.#recordPlacement(replaced);
    this.#reroute();
    this.#waitingTarget.release((operation) => this.#resend(operation));
  }

  /** Lets pending operations settle, each by its deadline, then closes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#graceTimer?.cancel();
    this.#waitingTarget.release((operation) => operation.fail('ERR_CLOSED', undefined));
    await Promise.all([...this.nodes.map((node) => node.close()), ...this.#leaving]);
  }

  #placementFor(key: string): Placement {
    if (this.#placement === undefined) throw new CacheError('ERR_DISCOVERY', { key });
    return this.#placement;
  }

  #createNode(node: KnownNode): ClusterNode {
    return new ClusterNode(node, nodeOptionsOf(this.#options, this.tagsCas), this.#runtime, {
      up: (name, isMember) => this.#events.up(name, isMember),
      down: (name, reason) => this.#events.down(name, reason),
      failed: (error, kind) => this.#events.failed(error, kind),
      isEveryNodeDown: () => this.#nodes.every(({ isDown }) => isDown),
    });
  }

  #removeNode(node: ClusterNode): void {
    const closed = node.leave().finally(() => this.#leaving.delete(closed));
    this.#leaving.add(closed);
  }

  #recordPlacement(replaced: Placement): void {
    const graceSeconds = this.#options.previousOwner?.graceSeconds ?? 0;
    this.#previousPlacements = recordPlacement(
      this.#previousPlacements,
      replaced,
      this.#runtime.now(),
      graceSeconds,
    );
    if (this.#previousPlacements.length === 0) return;
    this.#graceTimer?.cancel();
    this.#graceTimer = this.#runtime.setTimer(() => this.#endGrace(), graceSeconds * 1000);
    this.#graceTimer.unref();
  }

  #endGrace(): void {
    this.#previousPlacements = [];
    this.#reroute();
  }

  /** Begins a new epoch. */
  #reroute(): void {
    const placement = this.#placement!;
    const replicasOf = replicasAmong(placement, this.#nodes, this.#options.replicas);
    this.#copies.invalidateAll();
    const epoch = new TopologyEpoch(replicasOf, (begun) => {
      const composition: Composition = {
        placement,
        nodes: this.#nodes,
        gutterNodes: this.#gutterNodes,
        everyNodeAnswers: this.everyNodeAnswers,
        previousPlacements: this.#previousPlacements,
        epoch: begun,
        copies: this.#copies,
        readRepair: this.#readRepair,
        failoverWrites: this.#failoverWrites,
        clock: this.#runtime,
        events: this.#events,
      };
      return composeRoute(composition, this.#options);
    });
    this.#epoch.supersede(epoch);
    this.#epoch = epoch;
  }

  /** Sends an operation that waited for the topology; its keys now have several targets. */
  #resend(operation: Operation): void {
    const { request } = operation;
    if (request.verb === 'get-many') {
      const targetsOf = (key: string): readonly Target[] => [this.targetOf(key)];
      multiGet(operation, request, { targetsOf, retryMisses: false });
    } else if ('key' in request) {
      this.targetOf(request.key).send(operation);
    } else if (request.verb === 'noop') {
      operation.complete(replyOf('done'), '');
    } else {
      this.targetOf('').send(operation);
    }
  }
}

function replicasAmong(
  { distribution }: Placement,
  nodes: readonly ClusterNode[],
  replicas: number,
): (key: string) => readonly ClusterNode[] {
  return (key) => distribution.ownersOf(key, replicas).map((at) => nodes[at]!);
}

function gutterAddressesOf({ failover }: ResolvedOptions): readonly NodeAddress[] {
  return typeof failover === 'string' ? [] : nodesOf(failover.gutter);
}

function nodeOptionsOf(options: ResolvedOptions, tagsCas: boolean): ClusterNodeOptions {
  return {
    ...options,
    tagsCas,
    silenceMs: options.deadlineMs,
    maxPending: options.maxPendingPerNode,
    maxPendingBytes: options.maxPendingBytesPerNode,
    connectionCount: options.connectionsPerNode,
  };
}
