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

  constructor(nth: number, timers: ManualTimers) {
    this.view = new TopologyView(timers);
    this.view.adopt(adoptedBy(topologyWith(3), memberWith(nth)));
    this.flush = new ClusterFlush({
      copies: this.node.copies,
      clock: this.node.store.clock,
      timers,
      view: this.view,
      handover: this.handover,
      isAdopting: () => this.isAdopting,
      linkTo: ({ name }) => this.links.get(name),
    });
    for (const other of [1, 2, 3]) this.links.set(`web-${other}`, new HeldLink(memberWith(nth)));
  }

  has(key: string): boolean {
    return this.node.read(key).exists;
  }
}

/** Three members; a test delivers the requests of a flush, which the first one begins. */
export class FlushCluster {
  readonly timers = new ManualTimers();
  members: readonly FlushMember[] = [1, 2, 3].map((nth) => new FlushMember(nth, this.timers));

  get first(): FlushMember {
    return this.members[0]!;
  }

  flushAll(exptime = 0): { count: number; error: CodedError | undefined } {
    const settled: { count: number; error: CodedError | undefined } = {
      count: 0,
      error: undefined,
    };
    this.first.flush.flushAll(exptime, (error) => {
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

  /** Delivers all requests of a member until nothing happens any more. */
  async deliverAll(from = this.first): Promise<void> {
    for (let round = 0; round < 20; round++) {
      await settleAll();
      for (const name of from.links.keys()) await this.deliver(name, from);
    }
  }
}
