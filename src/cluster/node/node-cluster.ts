import type { ItemCopies, KeyWalk } from '../../store/index.ts';
import type { ClusterTopology } from '../../topology/index.ts';
import type { NodeGrants } from '../grants/node-grants.ts';
import { type Adopted, adoptedBy, isSame, type PeerIdentity } from '../thread/adopted.ts';
import { type Mark, Marks } from '../thread/marks.ts';
import { adoptOrder, type ThreadNotice, type ThreadOrder } from '../thread/orders.ts';
import { roleChanges } from '../thread/roles.ts';
import type { Timers } from '../thread/timers.ts';
import { cleanStore, cleanVerdict, firstVerdict } from './clean-walk.ts';
import type { EventJournal } from './event-journal.ts';
import type { FastWalking } from './fast-walking.ts';
import { FillKeeper, type FillKeeperParts } from './fill-keeper.ts';
import { LostReceivers } from './lost-receivers.ts';
import type { ChangeCause, MainCluster, MemberReport, QueuedTopology } from './main-cluster.ts';
import { MovePace } from './move-pace.ts';
import { skipNumbers } from './number-floor.ts';
import { reasonToRenew } from './renewal.ts';

/** The topologies that are kept, to know which receivers lack nothing. */
const PAST_MAX = 8;

interface NodeClusterParts {
  readonly self: PeerIdentity;
  readonly peerPort: number;
  /** Whether the nodes of the cluster answer gets by copies of keys of other nodes. */
  readonly readsCopies: boolean;
  readonly timers: Timers;
  readonly copies: Pick<ItemCopies, 'raiseSequence' | 'skipSequence' | 'changes'>;
  walkKeys(): KeyWalk;
  /** Absent: JavaScript visits all items. */
  readonly fastWalk?: FastWalking | undefined;
  /** Sends an order to all worker threads; resolves with their answers. */
  order(order: ThreadOrder): Promise<unknown>;
  /** Runs it soon, after what else the thread has to do. */
  soon(run: () => void): void;
  readonly runFill: FillKeeperParts['run'];
  readonly journal: EventJournal;
  /** Absent if the membership sees the ends of processes. */
  readonly grants?: NodeGrants | undefined;
  /** All threads have adopted it. */
  adopted(topology: ClusterTopology): void;
  /**
   * This incarnation can go on no more: it has missed a topology, or is down in one. The process
   * must start again, as another incarnation.
   */
  renew(reason: string): void;
}

/**
 * The cluster on the main thread of a node: adopts one topology after the other in all threads,
 * keeps the store to what this member holds, and has receivers filled.
 */
export class NodeCluster implements MainCluster {
  readonly #parts: NodeClusterParts;
  readonly #marks = new Marks();
  readonly #fill: FillKeeper;
  readonly #lost = new LostReceivers();
  #queue: QueuedTopology[] = [];
  /** The version that was asked for last. */
  #newest = 0;
  #adopting: Promise<void> | undefined;
  #cleaning: Promise<void> = Promise.resolve();
  /** The adopted topologies, the newest one first. */
  #past: readonly Adopted[] = [];
  #adopted = 0;
  #clean = 0;
  #complete = 0;
  #listener: () => void = () => {};
  #onNext: () => void = () => {};
  /** The version for which all keys are decided. */
  #decided = 0;
  /** The topology whose fill has not begun. */
  #due: Adopted | undefined;
  #isEnded = false;
  readonly #pace = new MovePace();

  constructor(parts: NodeClusterParts) {
    this.#parts = parts;
    const { self, timers, runFill } = parts;
    this.#fill = new FillKeeper({
      ...{ self, timers, run: runFill },
      completed: (version) => {
        this.#complete = version;
        this.#parts.order({ kind: 'complete', version }).catch(ignoreEnd);
        this.#listener();
      },
    });
  }

  get peerPort(): number {
    return this.#parts.peerPort;
  }

  onReport(listener: () => void): void {
    this.#listener = listener;
  }

  report(): MemberReport {
    const { name, incarnation } = this.#parts.self;
    return {
      name,
      incarnation,
      adopted: this.#adopted,
      complete: this.#lost.isBlocking
        ? Math.min(this.#complete, this.#adopted - 1)
        : this.#complete,
      clean: this.#clean,
      keysMoved: this.#fill.keysSent,
      bytesMoved: this.#fill.bytesSent,
      keysLeft: this.#fill.keysLeft,
      ...this.#pace.now,
      unreachable: [...this.#lost.names, ...(this.#parts.grants?.silent ?? [])],
    };
  }

  hears(member: PeerIdentity): boolean {
    return this.#parts.grants?.hears(member) ?? true;
  }

  adoptedOf(member: PeerIdentity): number {
    return this.#parts.grants?.adoptedOf(member) ?? 0;
  }

  /** Called once a second: the report says how far a fill is. */
  sampled(): void {
    if (this.#pace.sample(this.#fill, this.#parts.timers.nowMs())) this.#listener();
  }

  membershipReached(isReached: boolean): void {
    this.#parts.journal.membershipReached(isReached);
  }

  adopt(topology: ClusterTopology, cause?: ChangeCause): void {
    this.#queue.push({ topology, cause });
    this.#newest = topology.version;
    this.#onNext();
    this.#adopting ??= this.#adoptAll().finally(() => {
      this.#adopting = undefined;
    });
  }

  /** A member that has gone cannot answer any more. */
  runningChanged(): void {
    this.#decide([], () => this.#adopted).catch(ignoreEnd);
  }

  /** The report has changed by what the grants have found out. */
  silenceChanged(): void {
    this.#listener();
  }

  /** Answers what a thread tells. */
  async told(notice: ThreadNotice): Promise<unknown> {
    if (notice.kind === 'ping') return this.#parts.grants?.asked(notice);
    if (notice.kind === 'reached') return this.#reached(notice);
    const { name, incarnation, version, complete } = notice;
    const mark = { name, incarnation, version, complete };
    if (!this.#marks.add(mark)) return undefined;
    // During the first adoption too (version 0): its own order may have left without this mark.
    return this.#decide([mark], () => this.#adopted);
  }

  /** All threads know the marks before the first of them answers for a key that they free. */
  async #decide(marks: readonly Mark[], version: () => number): Promise<void> {
    const { grants, order } = this.#parts;
    await order({ kind: 'marks', marks });
    await grants?.released();
    if (grants === undefined || grants.mayDecide) return this.#decideNow(marks, version);
    // A newer topology does not wait for the first grants: their givers may be down in it.
    void grants.begun().then(() => this.#decideNow(marks, version).catch(ignoreEnd));
  }

  async #decideNow(marks: readonly Mark[], version: () => number): Promise<void> {
    const { order, grants } = this.#parts;
    const running = grants?.running ?? [];
    const decided = await order({ kind: 'decide', version: version(), marks, running });
    this.#decided = Math.max(this.#decided, Math.min(...(decided as readonly number[])));
    this.#fillIfDecided();
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    this.#queue = [];
    this.#onNext();
    await this.#fill.stop();
    await this.#adopting?.catch(() => {});
    await this.#cleaning.catch(() => {});
  }

  #reached(notice: Extract<ThreadNotice, { kind: 'reached' }>): void {
    const { thread, isReached } = notice;
    if (this.#lost.reached(notice, isReached, thread)) {
      this.#parts.journal.reached(notice, isReached);
    }
    this.#listener();
  }

  async #adoptAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#adopt(next);
    }
  }

  async #adopt({ topology, cause }: QueuedTopology): Promise<void> {
    const { self, renew, grants, journal } = this.#parts;
    grants?.adopting(topology);
    const reason = reasonToRenew(topology, this.#past[0], self);
    if (reason !== undefined) {
      this.#queue = [];
      return renew(reason);
    }
    // What this node held long ago must be gone before it may become a receiver of it again.
    await this.#cleaning.catch(ignoreEnd);
    await this.#fill.stop();
    const before = this.#past[0];
    const now = adoptedBy(topology, self);
    if (before === undefined) await cleanStore(now.groups, firstVerdict(now), this.#parts);
    await this.#adoptInThreads(now, before);
    this.#past = [now, ...this.#past].slice(0, PAST_MAX);
    this.#adopted = topology.version;
    this.#lost.follow(now);
    journal.adopted(now, before, cause);
    this.#parts.adopted(topology);
    this.#listener();
    const drained = this.#parts.order({ kind: 'drain', version: topology.version });
    void this.#mark(topology.version, drained).catch(ignoreEnd);
    // A newer topology does not wait for a receiver of earlier changes, which may be down in it.
    const settled = Promise.all([drained, grants?.stopped()]);
    this.#cleaning = Promise.race([settled, this.#nextTopology()]).then(() =>
      this.#cleanUp(now, before),
    );
    this.#cleaning.catch(ignoreEnd);
  }

  async #adoptInThreads(now: Adopted, before: Adopted | undefined): Promise<void> {
    const { order, copies, timers, grants, readsCopies } = this.#parts;
    const { version } = now.topology;
    // By promises of this member one that has gone may still read its copies: it needs all changes.
    if (readsCopies) await grants?.released();
    const { gainsPrimary } = roleChanges(before, now);
    await order({ kind: 'prepare' });
    await order(adoptOrder(now, before));
    if (gainsPrimary) skipNumbers(copies, version, timers.unixMs());
    this.#marks.prune([now, ...this.#past]);
    await this.#decide(this.#marks.list, () => version);
  }

  /** Resolves once a newer topology waits. */
  #nextTopology(): Promise<void> {
    if (this.#queue.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onNext = resolve;
    });
  }

  /** Tells the other members once all changes of the topologies before are acknowledged. */
  async #mark(version: number, drained: Promise<unknown>): Promise<void> {
    await drained;
    await this.#parts.order({ kind: 'mark', version, complete: this.#complete });
  }

  async #cleanUp(now: Adopted, before: Adopted | undefined): Promise<void> {
    const { version } = now.topology;
    const { losesKeys, losesPrimary, gainsPrimary } = roleChanges(before, now);
    if (losesKeys) await this.#parts.order({ kind: 'keep' });
    if (losesKeys || losesPrimary || gainsPrimary) {
      await cleanStore(now.groups, cleanVerdict(now), this.#parts);
    }
    await this.#parts.order({ kind: 'clean', version });
    this.#clean = version;
    this.#listener();
    this.#due = now;
    this.#fillIfDecided();
  }

  /** Before the marks of all old primaries have come, a fill would read old states. */
  #fillIfDecided(): void {
    const now = this.#due;
    if (now === undefined || now.topology.version > this.#decided) return;
    this.#due = undefined;
    if (this.#isEnded || now.topology.version !== this.#newest) return;
    this.#fill.start(now, this.#past.slice(1), (peer) => this.#completeOf(peer));
  }

  #completeOf(peer: PeerIdentity): number {
    if (isSame(peer, this.#parts.self)) return this.#complete;
    return this.#marks.completeOf(peer);
  }
}

/** Orders fail only when the node stops, or when a bug has ended a thread: the node says that. */
const ignoreEnd = (): void => {};
