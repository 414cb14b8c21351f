import { type Logger, machineClock } from '../../../base/index.ts';
import { encodeTopology, type Member, memberOf } from '../../../topology/index.ts';
import type { Votes } from '../../grants/votes.ts';
import type { MainCluster } from '../../node/main-cluster.ts';
import { isSame, type PeerIdentity, peerKey } from '../../thread/adopted.ts';
import { type ClusterKeys, type ClusterState, encodeChange } from './cluster-keys.ts';
import { Complaints } from './complaints.ts';
import { type ClusterSettings, drive, isInTouch, membersAhead } from './drive.ts';
import type { EtcdClient } from './etcd-client.ts';
import { EtcdError } from './etcd-error.ts';
import type { Compare, EtcdKey } from './etcd-wire.ts';
import { encodeOrder, isVoid, type Replacement } from './orders.ts';
import type { DriveStep } from './ring-steps.ts';

/** Topologies that etcd keeps: a node that was away for more changes is filled again. */
export const HISTORY_MAX = 64;
/** Past changes that `slabring nodes list` shows. */
const CHANGES_MAX = 10;
/** After a failed request, or while members may still register. */
const RETRY_MS = 500;

interface DriverOptions {
  readonly client: EtcdClient;
  readonly keys: ClusterKeys;
  readonly settings: ClusterSettings;
  readonly votes: Votes;
  /** The name of this node. */
  readonly name: string;
  /** The lease of this node; undefined while it has none. */
  readonly lease: () => string | undefined;
  readonly member: Pick<MainCluster, 'hears' | 'adoptedOf'>;
  /** A process that lives registers within this time after etcd is back, in milliseconds. */
  readonly settleMs: number;
  readonly log: Logger;
}

/**
 * One node at a time is the driver: it holds a key under its lease, and writes the next topology
 * only while it holds it and the newest topology is the one that it knows. A driver that dies
 * leaves nothing half done: the next one computes the same step from the same facts.
 */
export class Driver {
  readonly #options: DriverOptions;
  #state: ClusterState | undefined;
  /** See `DriveFacts`. */
  readonly #adopted = new Map<string, number>();
  readonly #complaints = new Complaints();
  /** Since when the state has been followed without a break. */
  #followedMs = Number.POSITIVE_INFINITY;
  /** Since when no node has been the driver. */
  #vacantMs: number | undefined;
  /** The members for which it waits, since when, and whether the log says so. */
  #ahead = { names: '', sinceMs: 0, isTold: false };
  #isBusy = false;
  #idle: Promise<void> = Promise.resolve();
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /** The state in etcd has changed. */
  changed(state: ClusterState): void {
    if (this.#state === undefined) this.#followedMs = performance.now();
    this.#state = state;
    this.#noteAdopted(state);
    this.#complaints.note(state.nodes, performance.now());
    this.consider();
  }

  /** A process that is not registered any more has adopted what it has reported before. */
  #noteAdopted({ nodes, topologies }: ClusterState): void {
    for (const { report } of nodes) this.#noteVersion(report, report.adopted);
    const known = new Set([...topologies.values()].flatMap(({ members }) => members.map(peerKey)));
    for (const key of this.#adopted.keys()) if (!known.has(key)) this.#adopted.delete(key);
  }

  /** What a process has adopted never falls. */
  #noteVersion(process: PeerIdentity, version: number): void {
    const key = peerKey(process);
    if (version > (this.#adopted.get(key) ?? 0)) this.#adopted.set(key, version);
  }

  /** The state may be old: nothing is decided until it is known again. */
  lost(): void {
    this.#state = undefined;
  }

  /** Does the next step, if there is one; also after this node has got its lease. */
  consider(): void {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    this.#idle = this.#steps().finally(() => {
      this.#isBusy = false;
    });
  }

  /** Resolves when the present steps have been done. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Until the state has not changed during a step. */
  async #steps(): Promise<void> {
    let seen: ClusterState | undefined;
    do {
      seen = this.#state;
      try {
        if (seen !== undefined) await this.#step(seen);
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        this.#considerLater();
      }
    } while (seen !== this.#state && !this.#isClosed);
  }

  async #step(state: ClusterState): Promise<void> {
    const lease = this.#options.lease();
    if (lease === undefined) return;
    const { driver, newest } = state;
    const { settings, votes, member, name, settleMs } = this.#options;
    const hears = (other: Member): boolean => member.hears(other);
    const isUnfit = this.#complaints.areAny && newest !== undefined && !isInTouch(newest, hears);
    const isSettled = performance.now() - this.#followedMs >= settleMs;
    if (!isSettled || this.#complaints.areAny) this.#considerLater();
    if (driver === undefined) return this.#take(lease, isUnfit ? RETRY_MS : 0);
    this.#vacantMs = undefined;
    if (driver.value !== name || driver.lease !== lease) return;
    for (const other of newest?.members ?? []) this.#noteVersion(other, member.adoptedOf(other));
    const adopted = this.#adopted;
    this.#tellAhead(isSettled ? membersAhead({ ...state, adopted }).join(', ') : '');
    const step = drive({
      ...state,
      ...{ settings, votes, hears, isSettled, adopted },
      lateMs: (name) => this.#complaints.ageMs(name, performance.now()),
    });
    if (step !== undefined) await this.#write(step, state, driver);
    else if (isUnfit) await this.#leave(driver);
    else await this.#tidy(state);
  }

  /** Not at once: a new topology may reach other members before this node. */
  #tellAhead(names: string): void {
    const now = performance.now();
    if (names !== this.#ahead.names) this.#ahead = { names, sinceMs: now, isTold: false };
    if (names === '' || this.#ahead.isTold) return;
    this.#considerLater();
    if (now < this.#ahead.sinceMs + RETRY_MS) return;
    this.#ahead.isTold = true;
    const text =
      `etcd has lost topologies that ${names} may follow: the cluster changes nothing until they ` +
      'are back, have ended, or are removed (slabring nodes remove)';
    this.#options.log.warn({ members: names }, text);
  }

  /** Becomes the driver, unless another node does within this time. */
  async #take(lease: string, afterMs: number): Promise<void> {
    const now = performance.now();
    this.#vacantMs ??= now;
    if (now < this.#vacantMs + afterMs) return;
    const { client, keys, name } = this.#options;
    const nobody = { key: keys.driver, target: 'created', revision: 0 } as const;
    await client.transact([nobody], [{ put: keys.driver, value: name, lease }]);
  }

  /** A node that hears more members may become the driver. */
  async #leave({ created }: EtcdKey): Promise<void> {
    const { client, keys } = this.#options;
    const own = { key: keys.driver, target: 'created', revision: created } as const;
    await client.transact([own], [{ remove: keys.driver }]);
  }

  async #write(step: DriveStep, state: ClusterState, driver: EtcdKey): Promise<void> {
    const { client, keys, name, log } = this.#options;
    const { reason, topology, removal, order } = step;
    const { newest } = state;
    const { version } = topology;
    const atMs = Math.round(machineClock.nowMs());
    const by = order === undefined ? name : 'operator';
    const compare: readonly Compare[] = [
      { key: keys.driver, target: 'created', revision: driver.created },
      { key: keys.topology(version), target: 'created', revision: 0 },
      // A restored backup may lack the topology that this one follows.
      ...(newest === undefined ? [] : [exists(keys.topology(newest.version))]),
      ...(order === undefined ? [] : [unchanged(keys[order.kind](order.name), state)]),
    ];
    const { succeeded } = await client.transact(compare, [
      { put: keys.topology(version), value: encodeTopology(topology) },
      ...(removal === undefined
        ? []
        : [{ put: keys.removal(removal.name), value: encodeOrder(removal) }]),
      { put: keys.change(version), value: encodeChange({ version, reason, by, atMs }) },
      { remove: keys.topology(version - HISTORY_MAX) },
      { remove: keys.change(version - CHANGES_MAX) },
    ]);
    if (!succeeded) return;
    log.info({ version, reason }, `topology ${version}: ${reason}`);
    if (newest === undefined)
      log.info({}, 'the cluster begins with the nodes that have registered');
  }

  /**
   * Removes keys that are no longer needed: an order is done when its process neither is a member
   * nor wants to be one, and a process that has ended is forgotten when it is down.
   */
  async #tidy(state: ClusterState): Promise<void> {
    const { newest, nodes, ended, removals, restarts } = state;
    if (newest === undefined) return;
    const { client, keys } = this.#options;
    const isOver = (order: Replacement): boolean =>
      memberOf(newest, order.name)?.incarnation !== order.incarnation &&
      !nodes.some(({ report }) => isSame(report, order));
    const done = [
      ...removals
        .filter((one) => isOver(one) || isVoid(newest, one))
        .map((one) => keys.removal(one.name)),
      ...restarts.filter(isOver).map((one) => keys.restart(one.name)),
    ];
    for (const key of done) await client.transact([unchanged(key, state)], [{ remove: key }]);
    for (const { name, modified } of ended) {
      const key = keys.node(name);
      await client.transact([{ key, target: 'modified', revision: modified }], [{ remove: key }]);
    }
  }

  #considerLater(): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => this.consider(), RETRY_MS);
  }
}

const exists = (key: string): Compare => ({ key, target: 'exists' });

/** Holds while the order is as the state has it. */
const unchanged = (key: string, { orderRevisions }: ClusterState): Compare => {
  return { key, target: 'modified', revision: orderRevisions.get(key) ?? 0 };
};
