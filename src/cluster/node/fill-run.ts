import type { CodedError } from '../../base/index.ts';
import type { ItemCopies, KeyWalk } from '../../store/index.ts';
import { type PeerIdentity, peerKey } from '../thread/adopted.ts';
import { type ChangeGroup, ChangeGroups } from '../thread/change-groups.ts';
import { KeyBatch } from '../thread/key-batch.ts';
import { PeerDelivery, type StateLink } from '../thread/peer-delivery.ts';
import type { Timers } from '../thread/timers.ts';
import type { FillPlan } from './fill-plan.ts';
import type { FillShare } from './fill-share.ts';
import { KeyCollector } from './key-collector.ts';

/** The states that are sent before the fill looks at its pace. */
const KEYS_PER_ROUND = 128;
/** Groups of buckets without a key to send end a round, too. */
const GROUPS_PER_ROUND = 2000;
const ROUNDS_WAITING_MAX = 2;
/**
 * After a round the fill rests for as long as the round took, and at least this time: so it takes
 * at most half of a core of this node, and of a receiver what one busy client takes.
 */
const REST_MS_MIN = 1;
/** How long a fill that waits for replies needs to see that it has to stop. */
const STOP_LOOK_MS = 5;

export type FillOutcome = 'done' | 'stopped' | 'failed';

interface FillParts {
  readonly plan: FillPlan;
  readonly walk: KeyWalk;
  readonly copies: Pick<ItemCopies, 'read' | 'raiseSequence'>;
  readonly timers: Timers;
  readonly share: FillShare;
  linkTo(peer: PeerIdentity): StateLink;
}

/**
 * Sends the items of this member to the receivers that may lack them: walks over the store, and
 * sends each key as its state is then. It stops for a receiver that has no memory left.
 */
export class FillRun {
  readonly #parts: FillParts;
  readonly #collector: KeyCollector;
  readonly #groups = new ChangeGroups();
  readonly #deliveries: readonly PeerDelivery[];
  readonly #full = new Set<string>();
  #batches: (KeyBatch | undefined)[] = [];
  #noted = 0;
  #waiting = 0;
  #failure: CodedError | undefined;
  #wake: (() => void) | undefined;

  constructor(parts: FillParts) {
    this.#parts = parts;
    this.#collector = new KeyCollector(parts.walk);
    const { plan, copies, timers, linkTo } = parts;
    this.#deliveries = plan.now.topology.members.map((member) => {
      const delivery = {
        copies,
        timers,
        version: () => plan.now.topology.version,
        reached: () => {},
        sent: (bytes: number) => parts.share.sent(0, bytes),
        outOfMemory: (peer: PeerIdentity) => void this.#full.add(peerKey(peer)),
      };
      return new PeerDelivery(
        member,
        lazyLink(() => linkTo(member)),
        delivery,
      );
    });
  }

  async run(): Promise<FillOutcome> {
    const { walk, share, timers } = this.#parts;
    while (!walk.isDone && !share.isStopping && this.#failure === undefined) {
      const startMs = timers.nowMs();
      this.#round();
      const tookMs = timers.nowMs() - startMs;
      await this.#rest(Math.max(REST_MS_MIN, tookMs));
      while (this.#waiting >= ROUNDS_WAITING_MAX && !share.isStopping) await this.#nextReply();
    }
    while (this.#waiting > 0 && !share.isStopping) await this.#nextReply();
    return this.#end();
  }

  #end(): FillOutcome {
    const isStopped = this.#parts.share.isStopping;
    for (const delivery of this.#deliveries) delivery.drop();
    if (isStopped) return 'stopped';
    return this.#failure === undefined ? 'done' : 'failed';
  }

  /** Sends the next keys. */
  #round(): void {
    const { walk, share } = this.#parts;
    for (let groups = 0; groups < GROUPS_PER_ROUND && this.#noted < KEYS_PER_ROUND; groups++) {
      if (walk.isDone) break;
      this.#collector.next();
      this.#noteAll();
    }
    share.visited(walk.visitedGroups, walk.groups);
    if (this.#noted > 0) this.#send();
  }

  #noteAll(): void {
    const { bytes, count } = this.#collector;
    for (let nth = 0; nth < count; nth++) {
      const start = this.#collector.startOf(nth);
      const end = this.#collector.endOf(nth);
      for (const member of this.#parts.plan.receiversOf(bytes, start, end)) {
        if (!this.#isFull(member)) this.#note(member, bytes, start, end);
      }
    }
  }

  #note(member: number, bytes: Buffer, start: number, end: number): void {
    const batch = this.#batches[member] ?? new KeyBatch();
    this.#batches[member] = batch;
    batch.add(bytes, start, end);
    this.#noted++;
  }

  #isFull(member: number): boolean {
    const { members } = this.#parts.plan.now.topology;
    return this.#full.size > 0 && this.#full.has(peerKey(members[member]!));
  }

  #send(): void {
    this.#waiting++;
    const group = this.#groups.begin(0, (error) => {
      this.#waiting--;
      this.#failure ??= error;
      this.#wake?.();
    });
    this.#parts.share.sent(this.#noted, 0);
    this.#noted = 0;
    const batches = this.#batches;
    this.#batches = [];
    for (const [member, keys] of batches.entries()) this.#deliver(member, keys, group);
    group.settle();
  }

  #deliver(member: number, keys: KeyBatch | undefined, group: ChangeGroup): void {
    if (keys !== undefined) this.#deliveries[member]!.deliver(keys, group);
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.timers.setTimer(resolve, ms));
  }

  /** Resolves at the next acknowledgement, and soon when the fill has to stop. */
  #nextReply(): Promise<void> {
    const { timers } = this.#parts;
    return new Promise((resolve) => {
      const timer = timers.setTimer(() => resolve(), STOP_LOOK_MS);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** Opens the link with the first batch: many members need none. */
function lazyLink(open: () => StateLink): StateLink {
  let link: StateLink | undefined;
  return {
    send: (kind, version, payload, settle) => {
      link ??= open();
      link.send(kind, version, payload, settle);
    },
  };
}
