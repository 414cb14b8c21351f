import { afterEach, beforeEach } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { EtcdClient } from '../../src/cluster/membership/etcd/etcd-client.ts';
import { EtcdMembership } from '../../src/cluster/membership/etcd/etcd-membership.ts';
import type {
  ChangeCause,
  MainCluster,
  MemberReport,
} from '../../src/cluster/node/main-cluster.ts';
import type { PeerIdentity } from '../../src/cluster/thread/adopted.ts';
import type { ClusterTopology } from '../../src/topology/index.ts';
import { EtcdServer } from './etcd.ts';
import { NOTHING_MOVED } from './nothing-moved.ts';
import { waitUntil } from './wait.ts';

export const LEASE_MS = 1000;

/** A member without items: it reports at once that it has done what a topology asks for. */
class EmptyMember implements MainCluster {
  /** Members reach it where its clients do. */
  readonly peerPort = 0;
  readonly adopted: ClusterTopology[] = [];
  readonly #identity: EtcdMembership['identity'];
  /** A member that lags reports nothing new. */
  lags = false;
  unreachable: readonly string[] = [];
  /** The members that it does not hear. */
  unheard: readonly string[] = [];
  #reported = 0;
  #listener = (): void => undefined;

  constructor(identity: EtcdMembership['identity']) {
    this.#identity = identity;
  }

  get newest(): ClusterTopology | undefined {
    return this.adopted.at(-1);
  }

  /** Why the members of the cluster have changed, as the member was told: `by: reason`. */
  readonly causes: string[] = [];
  /** Whether etcd could be reached, each time that this changed. */
  readonly reached: boolean[] = [];

  adopt(topology: ClusterTopology, cause?: ChangeCause): void {
    this.causes.push(`${cause?.by}: ${cause?.reason}`);
    this.adopted.push(topology);
    if (!this.lags) this.#reported = topology.version;
    this.tell();
  }

  tell(): void {
    this.#listener();
  }

  hears({ name }: PeerIdentity): boolean {
    return !this.unheard.includes(name);
  }

  adoptedOf(): number {
    return 0;
  }

  membershipReached(isReached: boolean): void {
    if (this.reached.at(-1) !== isReached) this.reached.push(isReached);
  }

  report(): MemberReport {
    const version = this.#reported;
    const versions = { adopted: version, complete: version, clean: version };
    return { ...this.#identity, ...versions, ...NOTHING_MOVED, unreachable: this.unreachable };
  }

  onReport(listener: () => void): void {
    this.#listener = listener;
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** A node of the cluster `web`. */
export class TestNode {
  readonly name: string;
  readonly member: EmptyMember;
  renewal: string | undefined;
  /** The incarnations that have ended in order. */
  readonly ended: number[] = [];
  readonly #membership: EtcdMembership;

  constructor(name: string, membership: EtcdMembership) {
    this.name = name;
    this.#membership = membership;
    this.member = new EmptyMember(membership.identity);
    membership.onEnded(({ incarnation }) => this.ended.push(incarnation));
    void membership.renewal.then(({ reason }) => {
      this.renewal = reason;
    });
  }

  get topology(): ClusterTopology | undefined {
    return this.member.newest;
  }

  /** The states that it sees, such as `a serving, b down`. */
  get states(): string {
    const members = this.topology?.members ?? [];
    return members.map(({ name, state }) => `${name} ${state}`).join(', ');
  }

  get incarnation(): number {
    return this.#membership.identity.incarnation;
  }

  get secret(): string {
    return this.#membership.identity.secret.toString('hex');
  }

  follow(): void {
    this.#membership.follow(this.member);
  }

  sees(states: string): Promise<unknown> {
    return waitUntil(`${this.name} sees "${states}", not "${this.states}"`, () => {
      return this.states === states;
    });
  }

  close(): Promise<void> {
    return this.#membership.close();
  }
}

/** An etcd for each test, and nodes that end with it. */
export interface EtcdCluster {
  readonly etcd: () => EtcdServer;
  readonly client: () => EtcdClient;
  /** Starts a node at this port of 127.0.0.1, which it never opens. */
  start(name: string, port: number): Promise<TestNode>;
  /** Starts nodes a, b and c; resolves when each sees that all serve. */
  startThree(): Promise<[TestNode, TestNode, TestNode]>;
}

export function etcdClusterForEachTest(): EtcdCluster {
  let etcd: EtcdServer;
  let client: EtcdClient;
  const open: TestNode[] = [];
  beforeEach(async () => {
    etcd = await EtcdServer.start();
    client = new EtcdClient({ endpoints: [etcd.address] });
  });
  afterEach(async () => {
    for (const node of open.splice(0)) await node.close();
    client?.close();
    await etcd?.dispose();
  });
  const start = async (name: string, port: number): Promise<TestNode> => {
    const node = await startNode(etcd.address, name, port);
    open.push(node);
    return node;
  };
  const startThree = () => startAll(start);
  return { etcd: () => etcd, client: () => client, start, startThree };
}

async function startNode(endpoint: string, name: string, port: number): Promise<TestNode> {
  const membership = await EtcdMembership.open({
    endpoints: [endpoint],
    attemptMs: 500,
    settings: { cluster: 'web', replicas: 2, replication: 'sync' },
    self: { name, address: `127.0.0.1:${port}`, peerHost: '127.0.0.1', weight: 1, zone: '' },
    listenHost: '127.0.0.1',
    ttl: LEASE_MS / 1000,
    grantMs: 2000,
    readsCopies: false,
    secret: undefined,
    publishes: true,
    log: silentLogger,
  });
  const node = new TestNode(name, membership);
  node.follow();
  return node;
}

async function startAll(start: EtcdCluster['start']): Promise<[TestNode, TestNode, TestNode]> {
  const nodes = await Promise.all([start('a', 11), start('b', 12), start('c', 13)]);
  const states = (node: TestNode) => node.states.split(', ').sort().join(', ');
  for (const node of nodes) {
    await waitUntil(`${node.name} sees three members`, () => {
      return states(node) === 'a serving, b serving, c serving';
    });
  }
  return nodes as [TestNode, TestNode, TestNode];
}
