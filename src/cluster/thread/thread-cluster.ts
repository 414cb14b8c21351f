import { CodedError } from '../../base/index.ts';
import type { PeerView, ThreadNumber } from '../../commands/index.ts';
import type { CreateThreadCluster, ThreadCluster, ThreadClusterHost } from '../../node/index.ts';
import { KIND } from '../../protocol/peer.ts';
import type { ClusterSeat } from '../../server/index.ts';
import type { ItemCopies } from '../../store/index.ts';
import { decodeTopology } from '../../topology/index.ts';
import type { PeerIdentity } from '../peers/identity.ts';
import { type PeerMachine, peerMachine } from '../peers/machine.ts';
import type { PeerService } from '../peers/peer-connection.ts';
import { PeerListener } from '../peers/peer-listener.ts';
import { adoptedBy, type PeerIdentity as MemberIdentity, peerKey } from './adopted.ts';
import { ClusterFlush } from './cluster-flush.ts';
import { ClusterShare } from './cluster-share.ts';
import { EcpuMeter } from './ecpu-meter.ts';
import { EcpuShare } from './ecpu-share.ts';
import { Execution } from './execution.ts';
import { ForwardService } from './forward-service.ts';
import { Forwarder } from './forwarder.ts';
import { Handover } from './handover.ts';
import { MarkSender } from './mark-sender.ts';
import { MarkService } from './mark-service.ts';
import type { ThreadNotice, ThreadOrder } from './orders.ts';
import { type PeerRoute, PeerRoutes } from './peer-routes.ts';
import { peerService } from './peer-service.ts';
import { Pings } from './pings.ts';
import { ThreadSeat } from './seat.ts';
import { Sender } from './sender.ts';
import { StateService } from './state-service.ts';
import { systemThread } from './thread-delays.ts';
import { machineTimers, type Timers } from './timers.ts';
import { TopologyView } from './topology-view.ts';

/** What the main thread passes to each worker thread, beside the ClusterShare. */
export interface ThreadArgument {
  /** The bytes of the secret become a Uint8Array on their way to the thread. */
  readonly identity: Omit<PeerIdentity, 'secret'> & { readonly secret: Uint8Array };
  /** Where the threads listen for peers; port 0: the kernel chooses. */
  readonly peerHost: string;
  readonly peerPort: number;
  /** Whether this node answers gets by copies of keys of other nodes. */
  readonly readsCopies: boolean;
  /** The memory of an EcpuShare: the threads meter what clients use. */
  readonly ecpu?: SharedArrayBuffer | undefined;
}

/** What one thread has done since it has started, and its links. */
export interface ThreadReport {
  readonly numbers: Readonly<Record<ThreadNumber, number>>;
  readonly peers: readonly PeerView[];
}

/** What several parts of a thread use. */
interface CommonParts {
  readonly copies: ItemCopies;
  readonly timers: Timers;
  sharedMs(): number;
  readonly view: TopologyView;
  readonly handover: Handover;
  linkTo(peer: MemberIdentity): PeerRoute['link'] | undefined;
}

/** The cluster of one worker thread: it answers, forwards, sends changes and serves its peers. */
export class MemberThread implements ThreadCluster {
  readonly seat: ThreadSeat;
  readonly #host: ThreadClusterHost;
  readonly #argument: ThreadArgument;
  readonly #self: PeerIdentity;
  readonly #share: ClusterShare;
  readonly #view: TopologyView;
  readonly #handover = new Handover();
  readonly #routes: PeerRoutes;
  readonly #copies: ItemCopies;
  readonly #sender: Sender;
  readonly #marks: MarkSender;
  readonly #flush: ClusterFlush;
  readonly #pings: Pings;
  readonly #forwarder: Forwarder;
  readonly #meter: EcpuMeter | undefined;
  readonly #forwards: ForwardService;
  readonly #listener: PeerListener;

  constructor(host: ThreadClusterHost, argument: ThreadArgument, machine: PeerMachine) {
    const { itemBytesMax, log, store } = host;
    const timers = machineTimers(machine);
    const self = { ...argument.identity, secret: Buffer.from(argument.identity.secret) };
    this.#host = host;
    this.#argument = argument;
    this.#self = self;
    this.#share = new ClusterShare(host.share);
    this.#view = new TopologyView(timers);
    const onUp = (peer: MemberIdentity): void => this.#forwarder.reached(peerKey(peer));
    this.#routes = new PeerRoutes({ identity: self, machine, log, onUp });
    const common: CommonParts = {
      copies: store.copies(),
      timers,
      sharedMs: () => machine.sharedMs(),
      view: this.#view,
      handover: this.#handover,
      linkTo: (peer) => this.#routes.to(peer)?.link,
    };
    this.#copies = common.copies;
    this.#copies.changes.fast = host.fastCopies;
    this.#sender = this.#newSender(common);
    this.#marks = new MarkSender({ ...common, sequence: () => common.copies.sequence() });
    this.#flush = new ClusterFlush({
      ...common,
      clock: store.clock,
      isAdopting: () => this.#sender.isHolding,
    });
    const { ecpu } = argument;
    this.#meter = ecpu && new EcpuMeter(new EcpuShare(ecpu), machine);
    this.#pings = new Pings({
      ...common,
      version: () => this.#view.version,
      grants: (peer) => this.#tell({ kind: 'ping', ...peer }),
    });
    this.seat = this.#newSeat(common);
    const execution = new Execution(host.peerSession(this.seat), this.seat);
    const { seat } = this;
    const routes = this.#routes;
    this.#forwarder = new Forwarder({ ...common, routes, seat, execution, itemBytesMax });
    this.#forwards = new ForwardService(this.#view, execution);
    this.#listener = new PeerListener(self, this.#newService(common), { machine, log });
  }

  /** Listens for peers. The first thread lets the kernel choose the port; the others share it. */
  async start(): Promise<void> {
    const { peerHost, peerPort } = this.#argument;
    const isFirst = this.#share.peerPort === 0;
    const port = isFirst ? peerPort : this.#share.peerPort;
    this.#share.peerPort = await this.#listener.listen(peerHost, port, isFirst);
  }

  /** Answers an order of the main thread. */
  adopt(argument: unknown): unknown {
    const order = argument as ThreadOrder;
    switch (order.kind) {
      case 'prepare':
        return this.#sender.prepare();
      case 'adopt':
        return this.#adopt(order);
      case 'marks':
        return this.#handover.know(order.marks);
      case 'decide':
        this.#handover.decide(order.version, order.marks, order.running);
        return this.#handover.overVersion;
      case 'drain':
        return this.#sender.drained(order.version);
      case 'keep':
        return this.#sender.keep();
      case 'mark':
        return this.#mark(order.version, order.complete);
      case 'complete':
        return this.#handover.completed(order.version);
      case 'clean':
        return this.seat.clean(order.version);
      case 'ping':
        return this.#host.thread === 0 ? this.#pings.ask(order) : undefined;
      case 'number':
        return systemThread();
    }
  }

  /** What this thread has forwarded, executed for other members and sent to receivers. */
  report(): ThreadReport {
    const { counts: forwards, parkedCount } = this.#forwarder;
    const { servedCount, disagreementCount } = this.#forwards;
    const { counts: changes } = this.#sender;
    const numbers = {
      forwards_sent: forwards.sent,
      forwards_retried: forwards.retried,
      forwards_failed: forwards.failed,
      forwards_waiting: parkedCount,
      forwards_served: servedCount,
      forward_disagreements: forwards.disagreements + disagreementCount,
      undecided_waits: this.seat.undecidedWaits,
      changes_sent: changes.sent,
      changes_resent: changes.resent,
      changes_refused: changes.refused,
      ecpu_used: Math.round(this.#meter?.used ?? 0),
      throttled_waits: this.#meter?.waits ?? 0,
    };
    return { numbers, peers: this.#routes.views((peer) => this.#sender.lagMs(peer)) };
  }

  async end(): Promise<void> {
    const stopped = new CodedError('ERR_STOPPING', 'this node stops');
    this.#listener.close();
    this.#meter?.end();
    this.#forwarder.close();
    this.#sender.end(stopped);
    this.#marks.end();
    this.#flush.end();
    this.#handover.end();
    this.#view.end();
    this.#routes.close();
  }

  #adopt({ topology, groups, losesPrimary }: Extract<ThreadOrder, { kind: 'adopt' }>): void {
    const adopted = adoptedBy(decodeTopology(topology), this.#self, groups);
    this.#routes.follow(adopted);
    this.#view.adopt(adopted);
    this.#copies.endFill();
    this.#handover.adopt(adopted);
    this.#sender.adopt(adopted);
    this.#marks.follow(adopted);
    this.seat.adopt(adopted, losesPrimary);
    this.#view.wake();
    this.#forwarder.adopted();
    this.#flush.adopted();
  }

  /** One thread of the node sends its marks. */
  #mark(version: number, complete: number): void {
    const adopted = this.#view.current;
    if (this.#host.thread === 0 && adopted !== undefined) {
      this.#marks.send(version, complete, adopted);
    }
  }

  #newSender({ copies, timers, view, linkTo }: CommonParts): Sender {
    return new Sender({
      copies,
      timers,
      linkTo: (member) => linkTo(view.memberAt(member)!)!,
      reached: ({ name, incarnation }, isReached) => {
        const { thread } = this.#host;
        this.#tell({ kind: 'reached', name, incarnation, thread, isReached }).catch(() => {});
      },
    });
  }

  #newSeat(common: CommonParts): ThreadSeat {
    const forward: ClusterSeat['forward'] = (...request) => this.#forwarder.forward(...request);
    return new ThreadSeat({
      ...common,
      sender: this.#sender,
      readsCopies: this.#argument.readsCopies,
      share: this.#share,
      forward: this.#meter?.metered(forward) ?? forward,
      throttle: this.#meter,
      flushAll: (exptime, settle) => this.#flush.flushAll(exptime, settle),
    });
  }

  #newService(common: CommonParts): PeerService {
    const states = new StateService({ ...common, fast: this.#host.fastCopies });
    const marks = new MarkService({
      ...common,
      marked: (mark) => this.#tell({ kind: 'marked', ...mark }),
    });
    return peerService(
      new Map([
        [KIND.forward, (frame, from) => this.#forwards.take(frame, from)],
        [KIND.states, (frame, from) => states.receive(frame, from)],
        [KIND.fill, (frame, from) => states.receive(frame, from)],
        [KIND.mark, (frame, from) => marks.receive(frame, from)],
        [KIND.ping, (frame, from) => this.#pings.receive(frame, from)],
        [KIND.flush, (frame, from) => this.#flush.receive(frame, from)],
      ]),
    );
  }

  #tell(notice: ThreadNotice): Promise<unknown> {
    return this.#host.tell(notice);
  }
}

const createThreadCluster: CreateThreadCluster = (host, argument) =>
  new MemberThread(host, argument as ThreadArgument, peerMachine());
export default createThreadCluster;
