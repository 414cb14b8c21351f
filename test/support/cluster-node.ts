import { expect } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import type { NodeGrants } from '../../src/cluster/grants/node-grants.ts';
import { EventJournal } from '../../src/cluster/node/event-journal.ts';
import type { FillOrder } from '../../src/cluster/node/fill-keeper.ts';
import type { FillOutcome } from '../../src/cluster/node/fill-run.ts';
import { FillShare } from '../../src/cluster/node/fill-share.ts';
import { NodeCluster } from '../../src/cluster/node/node-cluster.ts';
import type { ThreadOrder } from '../../src/cluster/thread/orders.ts';
import { type ClusterTopology, decodeTopology } from '../../src/topology/index.ts';
import { CopyNode } from './copy-node.ts';
import { ManualTimers } from './manual-timers.ts';
import { settleAll } from './settle-all.ts';

const self = { name: 'web-1', incarnation: 1001 };
/** The keys that tests store. */
export const keys = Array.from({ length: 400 }, (_, nth) => `key-${nth}`);

/** A fill that runs until the test ends it. */
interface HeldFill {
  readonly order: FillOrder;
  readonly share: FillShare;
  end(outcome: FillOutcome): void;
}

/** A NodeCluster on a real store, whose threads and fills do what the test says. */
export class TestNode {
  readonly node = new CopyNode();
  readonly timers = new ManualTimers();
  readonly orders: ThreadOrder[] = [];
  readonly fills: HeldFill[] = [];
  readonly renewals: string[] = [];
  readonly reports: number[] = [];
  /** Orders of these kinds wait until `release`. */
  readonly heldKinds = new Set<ThreadOrder['kind']>();
  readonly #held: (() => void)[] = [];
  /** Whether another member may still answer for keys of this one. */
  isUndecided = false;
  /** Whether the node has the first grants; without them it decides nothing. */
  mayDecide = true;
  readonly #begun = Promise.withResolvers<void>();
  /** Whether a fill ends by itself when it has to. */
  fillsStop = true;
  readonly cluster: NodeCluster;

  constructor() {
    const { store, copies } = this.node;
    this.cluster = new NodeCluster({
      self,
      peerPort: 1,
      readsCopies: false,
      timers: this.timers,
      copies,
      walkKeys: () => store.walkKeys(),
      order: (order) => this.#order(order),
      soon: (run) => void setImmediate(run),
      runFill: (order) => this.#fill(order),
      journal: new EventJournal({ self, log: silentLogger }),
      adopted: () => {},
      renew: (reason) => void this.renewals.push(reason),
      grants: this.#grants(),
    });
    this.cluster.onReport(() => void this.reports.push(this.cluster.report().adopted));
  }

  #grants(): NodeGrants {
    const mayDecide = () => this.mayDecide;
    return {
      adopting: () => {},
      released: () => Promise.resolve(),
      stopped: () => Promise.resolve(),
      running: [],
      asked: () => ({ isPromised: true, adopted: 0, released: 0 }),
      silent: [],
      hears: () => true,
      adoptedOf: () => 0,
      begun: () => this.#begun.promise,
      get mayDecide() {
        return mayDecide();
      },
    };
  }

  /** The first grants have come. */
  grant(): void {
    this.mayDecide = true;
    this.#begun.resolve();
  }

  async #order(order: ThreadOrder): Promise<readonly number[]> {
    this.orders.push(order);
    if (this.heldKinds.has(order.kind)) {
      await new Promise<void>((resolve) => this.#held.push(resolve));
    }
    return [order.kind === 'decide' && !this.isUndecided ? order.version : 0];
  }

  release(): void {
    this.heldKinds.clear();
    for (const resolve of this.#held.splice(0)) resolve();
  }

  async #fill(order: FillOrder): Promise<FillOutcome> {
    const share = new FillShare(order.share);
    const ended = Promise.withResolvers<FillOutcome>();
    this.fills.push({ order, share, end: ended.resolve });
    const look = (): void => {
      if (share.isStopping && this.fillsStop) ended.resolve('stopped');
      else this.timers.setTimer(look, 10);
    };
    look();
    return ended.promise;
  }

  /** The kinds of all orders, with their versions. */
  get steps(): readonly string[] {
    return this.orders.map((order) => {
      const version =
        order.kind === 'adopt' ? decodeTopology(order.topology).version : versionOf(order);
      return `${order.kind} ${version}`;
    });
  }

  /** Waits until the report shows what the test expects. */
  async until(isReached: () => boolean): Promise<void> {
    for (let turn = 0; turn < 5000 && !isReached(); turn++) {
      this.timers.advance(20);
      await settleAll();
    }
    expect(isReached()).toBe(true);
  }

  async adopt(next: ClusterTopology): Promise<void> {
    this.cluster.adopt(next);
    await this.until(() => this.cluster.report().clean === next.version);
  }

  keysThere(): readonly string[] {
    return keys.filter((key) => this.node.read(key).exists);
  }
}

const versionOf = (order: ThreadOrder): number | '' => ('version' in order ? order.version : '');
