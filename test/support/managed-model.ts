/** What ElastiCache's API should answer: a model of clusters, groups and snapshots. */
import { ServerlessModel } from './managed-serverless.ts';
import type { ManagedWorld } from './managed-world.ts';

interface ModelCluster {
  state: 'available' | 'busy' | 'deleting' | 'restore-failed';
  /** Without those that go. */
  nodes: number;
  pendingNodes: number | undefined;
  hasOtherPending: boolean;
  group: string;
}

interface ChangeFacts {
  readonly immediately: boolean;
  /** Whether the cluster is modifying, and a step fails. */
  readonly isStuck: boolean;
}

type Values = Readonly<Record<string, string>>;

const DEFAULT_GROUP = 'default.memcached1.6';
const IMMEDIATE: Values = { cache_memlimit: '0', watch: '1' };

export class ManagedModel {
  readonly clusters = new Map<string, ModelCluster>();
  readonly groups = new Map<string, Values>();
  readonly snapshots = new Map<string, string>();
  readonly serverless = new ServerlessModel();

  /** Why a cluster takes no change; undefined if it does. */
  whyNot(id: string): string | undefined {
    const cluster = this.clusters.get(id);
    if (cluster === undefined) return 'CacheClusterNotFound';
    return cluster.state === 'available' ? undefined : 'InvalidCacheClusterState';
  }

  create(id: string, nodes: number, group: string | undefined, from: string | undefined): string {
    const whyNot = from === undefined ? undefined : this.whyNoSource(from);
    if (whyNot !== undefined) return whyNot;
    if (group !== undefined && !this.groups.has(group)) return 'CacheParameterGroupNotFound';
    if (this.clusters.has(id)) return 'CacheClusterAlreadyExists';
    this.clusters.set(id, {
      state: 'busy',
      nodes,
      pendingNodes: undefined,
      hasOtherPending: false,
      group: group ?? DEFAULT_GROUP,
    });
    return '200';
  }

  /** Why a cluster takes no other change; one that fails takes one that begins now. */
  #whyNotChanged(id: string, { isStuck, immediately }: ChangeFacts): string | undefined {
    return isStuck && immediately ? undefined : this.whyNot(id);
  }

  /** @param ids how many nodes the request names, all of them nodes of the cluster. */
  modifyNodes(id: string, wanted: number, ids: number, facts: ChangeFacts): string {
    const whyNot = this.#whyNotChanged(id, facts);
    if (whyNot !== undefined) return whyNot;
    const cluster = this.clusters.get(id)!;
    const most = Math.max(cluster.nodes, cluster.pendingNodes ?? 0);
    if (wanted === cluster.nodes) cluster.pendingNodes = undefined;
    else if (wanted < most && ids !== most - wanted) return 'InvalidParameterValue';
    else if (wanted >= most && ids > 0) return 'InvalidParameterCombination';
    else cluster.pendingNodes = wanted;
    if (facts.immediately) this.#apply(cluster);
    return '200';
  }

  modifyType(id: string, facts: ChangeFacts): string {
    const whyNot = this.#whyNotChanged(id, facts);
    if (whyNot !== undefined) return whyNot;
    const cluster = this.clusters.get(id)!;
    cluster.hasOtherPending = true;
    if (facts.immediately) this.#apply(cluster);
    return '200';
  }

  #apply(cluster: ModelCluster): void {
    if (cluster.pendingNodes === undefined && !cluster.hasOtherPending) return;
    cluster.nodes = cluster.pendingNodes ?? cluster.nodes;
    cluster.pendingNodes = undefined;
    cluster.hasOtherPending = false;
    cluster.state = 'busy';
  }

  useGroup(id: string, group: string): string {
    const whyNot = this.whyNot(id);
    if (whyNot !== undefined) return whyNot;
    if (!this.groups.has(group)) return 'CacheParameterGroupNotFound';
    const cluster = this.clusters.get(id)!;
    if (this.#differ(this.#valuesOf(cluster.group), this.#valuesOf(group))) cluster.state = 'busy';
    cluster.group = group;
    return '200';
  }

  setGroup(name: string, values: Values): string {
    const before = this.groups.get(name);
    if (before === undefined) return 'CacheParameterGroupNotFound';
    this.groups.set(name, values);
    if (!this.#differ(before, values)) return '200';
    for (const cluster of this.clusters.values()) {
      if (cluster.group === name && cluster.state === 'available') cluster.state = 'busy';
    }
    return '200';
  }

  deleteGroup(name: string): string {
    if (!this.groups.has(name)) return 'CacheParameterGroupNotFound';
    const isUsed = [...this.clusters.values()].some(({ group }) => group === name);
    if (isUsed) return 'InvalidCacheParameterGroupState';
    this.groups.delete(name);
    return '200';
  }

  #valuesOf = (name: string): Values => this.groups.get(name) ?? {};

  #differ(a: Values, b: Values): boolean {
    return Object.entries(IMMEDIATE).some(
      ([name, value]) => (a[name] ?? value) !== (b[name] ?? value),
    );
  }

  take(id: string, name: string): string {
    const whyNot = this.whyNot(id);
    if (whyNot !== undefined) return whyNot;
    if (this.snapshots.has(name)) return 'SnapshotAlreadyExistsFault';
    this.snapshots.set(name, 'creating');
    this.clusters.get(id)!.state = 'busy';
    return '200';
  }

  /**
   * @param last the name of the last snapshot.
   * @param isStuck whether a step of the cluster fails.
   */
  delete(id: string, last: string | undefined, isStuck: boolean): string {
    const state = this.clusters.get(id)?.state;
    const mayGo = state === 'restore-failed' || (isStuck && last === undefined);
    const whyNot = mayGo ? undefined : this.whyNot(id);
    if (whyNot !== undefined) return whyNot;
    if (last !== undefined && this.snapshots.has(last)) return 'SnapshotAlreadyExistsFault';
    if (last !== undefined) this.snapshots.set(last, 'creating');
    this.clusters.get(id)!.state = 'deleting';
    return '200';
  }

  whyNoSource(name: string): string | undefined {
    const status = this.snapshots.get(name);
    if (status === undefined) return 'SnapshotNotFoundFault';
    return status === 'available' ? undefined : 'InvalidSnapshotState';
  }

  copy(from: string, to: string): string {
    const whyNot = this.whyNoSource(from);
    if (whyNot !== undefined) return whyNot;
    if (this.snapshots.has(to)) return 'SnapshotAlreadyExistsFault';
    this.snapshots.set(to, 'available');
    return '200';
  }

  /** @param isRestored whether a cluster still gets its items. */
  deleteSnapshot(name: string, isRestored: boolean): string {
    const status = this.snapshots.get(name);
    if (status === undefined) return 'SnapshotNotFoundFault';
    if (status === 'creating' || isRestored) return 'InvalidSnapshotState';
    this.snapshots.delete(name);
    return '200';
  }

  /**
   * Takes over how far the reconciler is; returns what it may not have done.
   * @param isDone whether nothing is left to do.
   */
  follow({ api: { state } }: ManagedWorld, isDone: boolean): readonly string[] {
    const faults = [...this.serverless.follow(state, isDone)];
    for (const [id, cluster] of this.clusters) {
      const status = state.get('cluster', id)?.status;
      const isResting = status === 'available' || status === 'restore-failed';
      if (cluster.state === 'deleting') {
        if (status === undefined) this.clusters.delete(id);
        else if (status !== 'deleting') faults.push(`${id} is deleted, and became ${status}`);
      } else if (status === undefined) faults.push(`${id} is gone`);
      else if (cluster.state !== 'busy' && status !== cluster.state)
        faults.push(`${id} was ${cluster.state}, and became ${status}`);
      else if (isResting) cluster.state = status;
      if (isDone && !isResting && status !== undefined) faults.push(`${id} stays ${status}`);
    }
    for (const name of this.snapshots.keys()) {
      this.snapshots.set(name, state.get('snapshot', name)?.status ?? 'gone');
    }
    return faults;
  }
}
