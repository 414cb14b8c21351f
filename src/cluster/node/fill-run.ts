import type { CodedError } from '../../base/index.ts';
import { KIND, StateKeys } from '../../protocol/peer.ts';
import { type ItemCopies, KEY_VERDICT, type KeyVisitor, type KeyWalk } from '../../store/index.ts';
import { type PeerIdentity, peerKey } from '../thread/adopted.ts';
import { type ChangeGroup, ChangeGroups } from '../thread/change-groups.ts';
import type { DeliveryParts, StateLink } from '../thread/delivery-parts.ts';
import { KeyBatch, type Keys } from '../thread/key-batch.ts';
import { PeerDelivery } from '../thread/peer-delivery.ts';
import type { Timers } from '../thread/timers.ts';
import { AccessAges, type AccessBand, isInBand } from './access-bands.ts';
import type { FastWalking } from './fast-walking.ts';
import { FillPacer } from './fill-pacer.ts';
import type { FillPlan } from './fill-plan.ts';
import type { FillShare } from './fill-share.ts';
import { KeyCollector } from './key-collector.ts';
import { StateCollector } from './state-collector.ts';

/** The states that are sent before the fill looks at its pace. */
const KEYS_PER_ROUND = 64;
/** A round ends after so many steps, or this time: it delays a client no longer. */
const STEPS_PER_ROUND = 2000;
const ROUND_MS_MAX = 0.25;
/** The steps between two looks at the time. */
const STEPS_PER_LOOK = 16;
/** With fewer items the order does not matter; of more, so many tell the ages of all. */
const ORDERED_ITEMS_MIN = 10_000;
/** A receiver that has no memory for so many states, one after the other, gets no more of them. */
const STATES_WITHOUT_MEMORY_MAX = 512;
/** How long a fill that waits for replies needs to see that it has to stop. */
const STOP_LOOK_MS = 5;

export type FillOutcome = 'done' | 'stopped' | 'failed';

/** Visits the next groups of buckets; `full`: what was collected must be sent first. */
type Step = () => 'full' | 'done';
type Taken = Parameters<NonNullable<DeliveryParts['taken']>>;

interface FillParts {
  readonly plan: FillPlan;
  /** Begins a walk over the store. */
  walkKeys(): KeyWalk;
  /** Absent: JavaScript visits all items. */
  readonly fastWalk?: FastWalking | undefined;
  /** About how many items the store has. */
  readonly items: number;
  /** On the clock of the store. */
  nowSeconds(): number;
  readonly copies: Pick<ItemCopies, 'read' | 'raiseSequence'>;
  readonly timers: Timers;
  readonly share: FillShare;
  /** See FillPacer; undefined if nobody knows. */
  delayMs(): number | undefined;
  /** Runs it soon, after what else the thread has to do. */
  soon(run: () => void): void;
  linkTo(peer: PeerIdentity): StateLink;
}

/**
 * Sends the items of this member to the receivers that may lack them, those that were used last
 * first: walks over the store, and sends each key as its state is then. It stops for a receiver
 * that has no memory left for items that were used earlier than its own.
 */
export class FillRun {
  readonly #parts: FillParts;
  readonly #pacer: FillPacer;
  readonly #groups = new ChangeGroups();
  readonly #deliveries: readonly PeerDelivery[];
  /** Undefined: JavaScript visits all items. */
  readonly #collector: StateCollector | undefined;
  readonly #full = new Set<string>();
  /** By receiver: the states that it had no memory for, since it took one. */
  readonly #withoutMemory = new Map<string, number>();
  #batches: (KeyBatch | undefined)[] = [];
  #noted = 0;
  #waiting = 0;
  #failure: CodedError | undefined;
  #wake: (() => void) | undefined;

  constructor(parts: FillParts) {
    this.#parts = parts;
    const { plan, copies, timers, linkTo, fastWalk } = parts;
    this.#collector = fastWalk && StateCollector.of(fastWalk, plan);
    this.#pacer = new FillPacer({ nowMs: () => timers.nowMs(), delayMs: parts.delayMs });
    this.#deliveries = plan.now.topology.members.map((member) => {
      const delivery = {
        kind: KIND.fill,
        copies,
        timers,
        version: () => plan.now.topology.version,
        reached: () => {},
        sent: (bytes: number) => parts.share.sent(0, bytes),
        taken: (...taken: Taken) => this.#taken(...taken),
      };
      return new PeerDelivery(
        member,
        lazyLink(() => linkTo(member)),
        delivery,
      );
    });
  }

  async run(): Promise<FillOutcome> {
    const { walkKeys, share } = this.#parts;
    const bands = await this.#bands();
    for (const [nth, band] of bands.entries()) {
      const walk = walkKeys();
      const step = this.#stepOf(walk, band);
      share.walks(bands.length, nth);
      await this.#work(
        () => walk.isDone,
        () => this.#round(walk, step),
      );
    }
    while (this.#waiting > 0 && this.#isOn) await this.#nextReply();
    return this.#end();
  }

  get #isOn(): boolean {
    return !this.#parts.share.isStopping && this.#failure === undefined;
  }

  /** One band if the order does not matter. */
  async #bands(): Promise<readonly AccessBand[]> {
    const { walkKeys, items, nowSeconds } = this.#parts;
    const ages = new AccessAges(nowSeconds());
    if (items < ORDERED_ITEMS_MIN) return ages.bands();
    const walk = walkKeys();
    let counted = 0;
    const count: KeyVisitor = (_bytes, _start, _end, access) => {
      ages.add(access);
      counted++;
      return KEY_VERDICT.keep;
    };
    const countGroup: Step = () => {
      walk.step(Infinity, count);
      return 'done';
    };
    // Groups are in the order of hashes, so the first ones are a sample.
    await this.#work(
      () => walk.isDone || counted >= ORDERED_ITEMS_MIN,
      () => this.#visit(walk, countGroup),
    );
    return ages.bands();
  }

  /** Works in rounds until it is done, with rests in between. */
  async #work(isDone: () => boolean, round: () => void): Promise<void> {
    const { share, timers } = this.#parts;
    while (!isDone() && this.#isOn) {
      const startMs = timers.nowMs();
      round();
      const endMs = timers.nowMs();
      while (this.#waiting > 0 && !share.isStopping) await this.#nextReply();
      await this.#rest(this.#pacer.restMs(startMs, endMs));
    }
  }

  /** Takes steps until the round has ended. */
  #visit(walk: KeyWalk, step: Step): void {
    const { timers } = this.#parts;
    const untilMs = timers.nowMs() + ROUND_MS_MAX;
    for (let steps = 1; !walk.isDone && steps <= STEPS_PER_ROUND; steps++) {
      if (step() === 'full' || this.#noted >= KEYS_PER_ROUND) return;
      if (steps % STEPS_PER_LOOK === 0 && timers.nowMs() >= untilMs) return;
    }
  }

  #end(): FillOutcome {
    const isStopped = this.#parts.share.isStopping;
    for (const delivery of this.#deliveries) delivery.drop();
    if (isStopped) return 'stopped';
    return this.#failure === undefined ? 'done' : 'failed';
  }

  /** Sends the next keys. */
  #round(walk: KeyWalk, step: Step): void {
    this.#visit(walk, step);
    this.#parts.share.visited(walk.visitedGroups, walk.groups);
    if (this.#noted > 0 || (this.#collector?.count ?? 0) > 0) this.#send();
  }

  /** A step visits the items of the band in the next groups. */
  #stepOf(walk: KeyWalk, band: AccessBand): Step {
    const keys = new KeyCollector(walk);
    const collector = this.#collector;
    if (collector === undefined) return () => this.#noteGroup(keys, band);
    return () => {
      const end = collector.step(walk, band);
      return end === 'slow' ? this.#noteGroup(keys, band) : end;
    };
  }

  /** Notes the keys of the band in the next group. */
  #noteGroup(keys: KeyCollector, band: AccessBand): 'done' {
    keys.next();
    for (let nth = 0; nth < keys.count; nth++) {
      if (isInBand(band, keys.accessOf(nth))) this.#noteKey(keys, nth);
    }
    return 'done';
  }

  #noteKey(keys: KeyCollector, nth: number): void {
    const { bytes } = keys;
    const start = keys.startOf(nth);
    const end = keys.endOf(nth);
    for (const member of this.#parts.plan.receiversOf(bytes, start, end)) {
      if (!this.#isFull(member)) this.#note(member, bytes, start, end);
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
    this.#noted = 0;
    const batches = this.#batches;
    this.#batches = [];
    for (const [member, keys] of batches.entries()) {
      if (keys !== undefined) this.#deliver(member, keys, group);
    }
    this.#collector?.take((members, states, count) => {
      const keys = new StateKeys(states, count);
      for (const member of members) {
        if (!this.#isFull(member)) this.#deliver(member, keys, group, states);
      }
    });
    group.settle();
  }

  #deliver(member: number, keys: Keys, group: ChangeGroup, states?: Buffer): void {
    this.#parts.share.sent(keys.count, 0);
    this.#deliveries[member]!.deliver(keys, group, states);
  }

  #rest(ms: number): Promise<void> {
    const { timers, soon } = this.#parts;
    return new Promise((resolve) => {
      if (ms > 0) timers.setTimer(resolve, ms);
      else soon(resolve);
    });
  }

  #taken(peer: PeerIdentity, states: number, withoutMemory: number): void {
    const key = peerKey(peer);
    const before = withoutMemory < states ? 0 : (this.#withoutMemory.get(key) ?? 0);
    this.#withoutMemory.set(key, before + withoutMemory);
    if (before + withoutMemory >= STATES_WITHOUT_MEMORY_MAX) this.#full.add(key);
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
