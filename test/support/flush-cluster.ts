import type { CodedError } from '../../src/base/index.ts';
import { adoptedBy } from '../../src/cluster/thread/adopted.ts';
import { ClusterFlush } from '../../src/cluster/thread/cluster-flush.ts';
import { TopologyView } from '../../src/cluster/thread/topology-view.ts';
import { memberWith, topologyWith } from './cluster-topologies.ts';
import { CopyNode } from './copy-node.ts';
import { HeldLink } from './held-links.ts';
import { ManualTimers } from './manual-timers.ts';
import { settleAll } from './settle-all.ts';

/** One member with a store, which flushes others over held links. */
export class FlushMember {
  readonly node = new CopyNode();
  readonly view: TopologyView;
  readonly links = new Map<string, HeldLink>();
  readonly flush: ClusterFlush;
  readonly handover = { isOver: true };
  isAdopting = false;

  /** The member of this place, in a cluster of `count` members. */
  constructor(nth: number, timers: ManualTimers, count = 3) {
    this.view = new TopologyView(timers);
    this.view.adopt(adoptedBy(topologyWith(count), memberWith(nth)));
    this.flush = new ClusterFlush({
      copies: this.node.copies,
      clock: this.node.store.clock,
      timers,
      view: this.view,
      handover: this.handover,
      isAdopting: () => this.isAdopting,
      linkTo: ({ name }) => this.links.get(name),
    });
    for (let other = 1; other <= count; other++)
      this.links.set(`web-${other}`, new HeldLink(memberWith(nth)));
  }

  has(key: string): boolean {
    return this.node.read(key).exists;
  }
}

/** Members, three or up to nine; a test delivers the requests of their flushes. */
export class FlushCluster {
  readonly timers = new ManualTimers();
  members: readonly FlushMember[];

  constructor(count = 3) {
    const numbers = Array.from({ length: count }, (_, at) => at + 1);
    this.members = numbers.map((nth) => new FlushMember(nth, this.timers, count));
  }

  get first(): FlushMember {
    return this.members[0]!;
  }

  flushAll(exptime = 0, by = this.first): { count: number; error: CodedError | undefined } {
    const settled: { count: number; error: CodedError | undefined } = {
      count: 0,
      error: undefined,
    };
    by.flush.flushAll(exptime, (error) => {
      settled.count++;
      settled.error = error;
    });
    return settled;
  }

  /** Delivers the requests of a member to another one. */
  async deliver(name: string, from = this.first): Promise<void> {
    await settleAll();
    const { flush } = this.members[Number(name.slice(-1)) - 1]!;
    from.links.get(name)!.deliverAll({ receive: (...frame) => flush.receive(...frame) });
  }

  /** Delivers the requests that a member has sent until now, to all others. */
  async deliverSent(from: FlushMember): Promise<void> {
    for (const name of from.links.keys()) await this.deliver(name, from);
  }

  /** Delivers all requests of a member until nothing happens any more. */
  async deliverAll(from = this.first): Promise<void> {
    for (let round = 0; round < 20; round++) {
      await settleAll();
      await this.deliverSent(from);
    }
  }
}
