import type { CodedError, Logger } from '../../../base/index.ts';
import {
  type ClusterTopology,
  encodeTopology,
  formatAddress,
  type Member,
  memberOf,
} from '../../../topology/index.ts';
import { Votes } from '../../grants/votes.ts';
import type { MainCluster } from '../../node/main-cluster.ts';
import type { NodeFacts } from '../../node-messages.ts';
import type { PeerIdentity } from '../../thread/adopted.ts';
import { newIncarnation } from '../incarnation.ts';
import type { MemberIdentity, Membership, Renewal } from '../membership.ts';
import { adoptionOf } from './adoption.ts';
import {
  type ClusterKeys,
  type ClusterState,
  clusterKeys,
  decodeNode,
  encodeNode,
  readClusterState,
} from './cluster-keys.ts';
import type { ClusterSettings } from './drive.ts';
import { Driver, HISTORY_MAX } from './driver.ts';
import { EtcdClient, type EtcdOptions } from './etcd-client.ts';
import type { EtcdError } from './etcd-error.ts';
import { hasEnded } from './known-end.ts';
import type { Restart } from './orders.ts';
import { type EtcdState, PrefixFollower } from './prefix-follower.ts';
import { checkReachable } from './reachable.ts';
import { Registration } from './registration.ts';
import { clusterSecret } from './secret.ts';

interface EtcdMembershipOptions extends EtcdOptions {
  readonly settings: ClusterSettings;
  /** This node; its peer port is known when it follows. */
  readonly self: Pick<Member, 'name' | 'address' | 'weight' | 'zone'> & {
    readonly peerHost: string;
  };
  /** Where the node listens for other members. */
  readonly listenHost: string;
  /** The life of the lease in etcd, in seconds. */
  readonly ttl: number;
  /** See `Membership`. */
  readonly grantMs: number;
  /** Whether the nodes of the cluster answer gets by copies of keys of other nodes. */
  readonly readsCopies: boolean;
  /** Undefined: the first node writes a random one to etcd. */
  readonly secret: Buffer | undefined;
  readonly publishes: boolean;
  readonly log: Logger;
}

/** A process registers within this time after its lease could have ended, in milliseconds. */
const REGISTER_MS_MAX = 1000;

/** The membership of a node whose cluster is kept in etcd. It goes on without etcd. */
export class EtcdMembership implements Membership {
  readonly identity: MemberIdentity;
  readonly renewal: Promise<Renewal>;
  readonly grantMs: number;
  readonly #options: EtcdMembershipOptions;
  readonly #client: EtcdClient;
  readonly #keys: ClusterKeys;
  readonly peerHost: string;
  #resolveRenewal!: (renewal: Renewal) => void;
  /** The topologies that this node has adopted, in their order, at most HISTORY_MAX. */
  #known: readonly ClusterTopology[] = [];
  #parts: Parts | undefined;
  #isReachable = true;
  #hasLeft = false;
  #onEnded: (ended: PeerIdentity, inOrder: boolean) => void = () => {};
  /** Since when another process has had the name of this node. */
  #takenSinceMs: number | undefined;
  readonly #told = new Set<string>();

  private constructor(options: EtcdMembershipOptions, client: EtcdClient, secret: Buffer) {
    const { settings, self, publishes, grantMs } = options;
    this.grantMs = grantMs;
    this.#options = options;
    this.#client = client;
    this.#keys = clusterKeys(settings.cluster);
    this.peerHost = options.listenHost;
    const incarnation = newIncarnation();
    const { cluster } = settings;
    this.identity = { cluster, name: self.name, incarnation, secret, publishes };
    this.renewal = new Promise((resolve) => {
      this.#resolveRenewal = resolve;
    });
  }

  /**
   * Gets the secret of the cluster.
   * @throws {EtcdError} if etcd refuses or cannot be reached within a bounded time.
   */
  static async open(options: EtcdMembershipOptions): Promise<EtcdMembership> {
    const client = new EtcdClient(options);
    try {
      const keys = clusterKeys(options.settings.cluster);
      const secret = options.secret ?? (await clusterSecret(client, keys, options.log));
      return new EtcdMembership(options, client, secret);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  follow(member: MainCluster, facts?: () => NodeFacts): void {
    const { settings, ttl, readsCopies, log } = this.#options;
    const votes = new Votes({ readsCopies });
    const client = this.#client;
    const { name, incarnation } = this.identity;
    const registration = new Registration({
      client,
      key: this.#keys.node(name),
      ttl,
      value: () => {
        const report = member.report();
        const own = this.#member(member);
        return encodeNode({ member: own, report, facts: facts?.(), hasEnded: false });
      },
      ready: () =>
        member.peerPort === 0 || this.#isProxy
          ? Promise.resolve()
          : checkReachable(this.#member(member).peerAddress),
      lastValue: () => {
        const own = this.#member(member);
        const report = member.report();
        return encodeNode({ member: own, report, facts: undefined, hasEnded: true });
      },
      isOwn: (value) => isFree(value, incarnation),
      changed: (error) => this.#registered(error),
    });
    const settleMs = ttl * 1000 + REGISTER_MS_MAX;
    const lease = () => registration.lease;
    const keys = this.#keys;
    // Proxies come and go, and do not know with which settings the cluster should begin.
    const driver = this.#isProxy
      ? undefined
      : new Driver({ client, keys, settings, votes, name, lease, member, settleMs, log });
    const follower = new PrefixFollower(client, this.#keys.prefix, {
      changed: (state) => this.#changed(state),
      lost: (error) => this.#lost(error),
    });
    this.#parts = { member, registration, driver, follower };
    member.onReport(() => registration.update());
  }

  /** This process must begin again as a new one: the sentence says why. */
  renew(reason: string): void {
    this.#resolveRenewal({ reason });
  }

  /** May call the listener several times for each. */
  onEnded(listener: (ended: PeerIdentity, inOrder: boolean) => void): void {
    this.#onEnded = listener;
  }

  /** Ends the registration, so that the others need not wait for the end of the lease. */
  async close(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    parts?.driver?.close();
    await parts?.follower.stop();
    await parts?.registration.end();
    this.#client.close();
  }

  get #isProxy(): boolean {
    return this.#options.self.weight === 0;
  }

  #member({ peerPort }: MainCluster): Member {
    const { name, address, weight, zone, peerHost } = this.#options.self;
    // A member without a port for others is reached where its clients reach it.
    const peerAddress =
      peerPort === 0 ? address : formatAddress({ host: peerHost, port: peerPort });
    const { incarnation } = this.identity;
    return { name, address, peerAddress, weight, zone, incarnation, state: 'joining' };
  }

  #registered(error: CodedError | undefined): void {
    if (error === undefined) {
      this.#options.log.info({}, 'the node is registered in etcd');
      this.#parts?.driver?.consider();
      this.#takenSinceMs = undefined;
    } else if (error.code === 'ERR_NAME_TAKEN') {
      // The last process of the node may have ended without a word: its lease ends soon.
      this.#takenSinceMs ??= performance.now();
      const ms = performance.now() - this.#takenSinceMs;
      if (ms > 2 * this.#options.ttl * 1000 + REGISTER_MS_MAX) this.#tellOnce(error.message);
    } else if (this.#isReachable) {
      this.#tellOnce(error.message);
    }
  }

  #changed(state: EtcdState): void {
    if (!this.#isReachable) this.#options.log.info({}, 'etcd can be reached again');
    this.#isReachable = true;
    this.#parts?.member.membershipReached(true);
    const clusterState = readClusterState(this.#keys, state);
    for (const text of clusterState.malformed) this.#tellOnce(text);
    this.#adopt(clusterState);
    this.#tellEnded(clusterState);
    this.#parts?.driver?.changed(clusterState);
  }

  #tellEnded(state: ClusterState): void {
    for (const ended of state.ended) this.#onEnded(ended, true);
    for (const { members } of this.#known) {
      for (const member of members) if (hasEnded(member, state)) this.#onEnded(member, false);
    }
  }

  #lost(error: EtcdError): void {
    this.#parts?.driver?.lost();
    if (!this.#isReachable) return;
    this.#isReachable = false;
    this.#parts?.member.membershipReached(false);
    const text =
      'The node goes on with the topology that it has; no change is possible until then.';
    this.#options.log.warn({ code: error.code }, `${error.message} ${text}`);
  }

  #adopt(state: ClusterState): void {
    const { adopt, restore, renewal, restart } = adoptionOf(this.#known, state, this.identity);
    for (const topology of adopt) {
      const cause = state.changes.find(({ version }) => version === topology.version);
      this.#parts?.member.adopt(topology, cause);
    }
    this.#known = [...this.#known, ...adopt].slice(-HISTORY_MAX);
    if (restore.length > 0) void this.#restore(restore);
    if (renewal !== undefined) this.renew(`${renewal[0]!.toUpperCase()}${renewal.slice(1)}.`);
    if (restart !== undefined) this.#restart(restart);
    else this.#noteEnd(adopt.at(-1));
  }

  #restart({ name, memoryLimitBytes, isByService }: Restart): void {
    const memory = memoryLimitBytes === 0 ? undefined : memoryLimitBytes;
    const reason = `An operator restarts ${name}.`;
    this.#resolveRenewal({ reason, memoryLimitBytes: memory, isByService });
  }

  /** An operator has removed the node: its process goes on, and answers no client any more. */
  #noteEnd(topology: ClusterTopology | undefined): void {
    if (topology === undefined) return;
    const hasLeft = memberOf(topology, this.identity.name) === undefined;
    if (hasLeft && !this.#hasLeft) {
      const text = 'it holds no keys; end its process, or start it again to join again';
      this.#options.log.info({}, `${this.identity.name} has left the cluster: ${text}`);
    }
    this.#hasLeft = hasLeft;
  }

  /** Several nodes may write the same topologies: the first one does. */
  async #restore(topologies: readonly ClusterTopology[]): Promise<void> {
    const last = topologies.at(-1)!.version;
    this.#options.log.warn({}, `etcd has lost the topology ${last}: the node writes it again`);
    const compare = topologies.map(
      ({ version }) =>
        ({ key: this.#keys.topology(version), target: 'created', revision: 0 }) as const,
    );
    const changes = topologies.map((topology) => {
      return { put: this.#keys.topology(topology.version), value: encodeTopology(topology) };
    });
    // A failure breaks the follower, too, and it tries again.
    await this.#client.transact(compare, changes).catch(() => undefined);
  }

  /** A sentence that repeats is one line of the log. */
  #tellOnce(text: string): void {
    if (this.#told.has(text) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(text);
    this.#options.log.warn({}, text);
  }
}

/** Whether the key of a name is free for this process. */
function isFree(value: string, incarnation: number): boolean {
  try {
    const { member, hasEnded } = decodeNode(value);
    return hasEnded || member.incarnation === incarnation;
  } catch {
    return false;
  }
}

/** Different sentences that the log gets, at most. */
const TOLD_MAX = 100;

interface Parts {
  readonly member: MainCluster;
  readonly registration: Registration;
  /** Undefined in a proxy. */
  readonly driver: Driver | undefined;
  readonly follower: PrefixFollower;
}
