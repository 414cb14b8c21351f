import type { ByteSink, CodedError } from '../../base/index.ts';
import {
  beginBatch,
  beginState,
  endState,
  Frame,
  KIND,
  MalformedFrame,
  PEER_STATUS,
  putBatch,
  REFUSAL,
  RefusalsReader,
} from '../../protocol/peer.ts';
import { newItemState } from '../../store/index.ts';
import type { PeerPayload } from '../peers/frame-output.ts';
import type { PeerIdentity } from './adopted.ts';
import type { ChangeGroup } from './change-groups.ts';
import {
  type DeliveryCounts,
  type DeliveryParts,
  lostError,
  type StateLink,
  type Unit,
} from './delivery-parts.ts';
import { everyKey, KeyBatch, type Keys } from './key-batch.ts';

/** A batch ends after the state with which it has this many bytes. */
const BATCH_BYTES = 64 * 1024;
/** While so many bytes have no reply, further keys wait, and their states are not read yet. */
const WINDOW_BYTES = 6 * 1024 * 1024;
/** A batch counts as at least so many bytes, so that batches are bounded too. */
const BATCH_BYTES_MIN = 2048;
const RETRY_MS = 50;
/** A receiver that has taken no change for so long, though one waits, is reported. */
export const UNREACHABLE_MS = 2000;
/**
 * After this time the receiver counts as lost: the changes that need it fail, until the topology
 * has another incarnation of it. So no more changes wait than a client makes in this time.
 */
export const LOST_MS = 10_000;

/**
 * Sends the states of keys to one incarnation of one receiver until it has acknowledged them. It
 * reads a state when it sends it: also when it sends it again, so a late state is never an old one.
 */
export class PeerDelivery {
  readonly #peer: PeerIdentity;
  readonly #link: StateLink;
  readonly #parts: DeliveryParts;
  readonly #units = new Set<Unit>();
  readonly #state = newItemState();
  readonly #refusals = new RefusalsReader();
  #failed: Unit[] = [];
  /** They wait for room in the window. */
  #queued: Unit[] = [];
  #unansweredBytes = 0;
  #timer: { cancel(): void } | undefined;
  /** When the receiver last took a change. */
  #takenMs = Number.NEGATIVE_INFINITY;
  #isUnreachable = false;
  #isLost = false;

  constructor(peer: PeerIdentity, link: StateLink, parts: DeliveryParts) {
    this.#peer = peer;
    this.#link = link;
    this.#parts = parts;
  }

  /** The batches that have no acknowledgement, also those that were not sent yet. */
  get unitCount(): number {
    return this.#units.size;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** The age of the oldest change without an acknowledgement, in milliseconds; 0 for none. */
  get lagMs(): number {
    return this.#units.size === 0 ? 0 : this.#parts.timers.nowMs() - this.#oldestMs();
  }

  /** `states`: the states of the keys now; else it reads them. */
  deliver(keys: Keys, group: ChangeGroup, states?: Buffer): void {
    group.open();
    const nowMs = this.#parts.timers.nowMs();
    const unit = { keys, first: 0, end: keys.count, group, sinceMs: nowMs, bytes: 0 };
    if (this.#isLost) group.settle(lostError(this.#peer));
    else if (this.#queued.length > 0) this.#queue(unit);
    else if (states === undefined || this.#isFull) this.#send(unit);
    else {
      const put = (sink: ByteSink): void => {
        unit.bytes = states.length;
        putBatch(sink, this.#parts.timers.unixMs(), states);
      };
      this.#sendPayload(put, unit);
      this.#watch();
    }
  }

  /** The changes of keys that cannot be kept fail. */
  keep(keep: Parameters<typeof everyKey>[3]): void {
    for (const unit of this.#units) {
      if (everyKey(unit.keys, unit.first, unit.end, keep)) continue;
      this.#units.delete(unit);
      unit.group.settle(lostError(this.#peer));
    }
  }

  /** The topology does not have this incarnation any more: nothing waits for it. */
  drop(error?: CodedError): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#failed = [];
    this.#queued = [];
    const units = [...this.#units];
    this.#units.clear();
    for (const { group } of units) group.settle(error);
    if (this.#isUnreachable) this.#parts.reached(this.#peer, true);
    this.#isUnreachable = false;
  }

  get #isFull(): boolean {
    return this.#unansweredBytes >= WINDOW_BYTES;
  }

  /** Sends the keys of the unit in batches, as far as the window has room. Its group is open. */
  #send({ keys, first, end, group, sinceMs }: Unit): void {
    for (let from = first; from < end; ) {
      const unit = { keys, first: from, end, group, sinceMs, bytes: 0 };
      if (this.#isFull) {
        this.#queue(unit);
        return;
      }
      this.#sendPayload((sink) => {
        const start = sink.at;
        unit.end = this.#write(sink, keys, from, end);
        unit.bytes = sink.at - start;
      }, unit);
      if (unit.end < end) group.open();
      from = unit.end;
    }
    this.#watch();
  }

  #queue(unit: Unit): void {
    this.#queued.push(unit);
    this.#units.add(unit);
    this.#watch();
  }

  #sendQueued(): void {
    while (this.#queued.length > 0 && !this.#isFull) {
      const unit = this.#queued.shift()!;
      if (this.#units.delete(unit)) this.#send(unit);
    }
  }

  /** A payload that is a function may shorten the unit. */
  #sendPayload(payload: PeerPayload, unit: Unit): void {
    this.#link.send(this.#parts.kind ?? KIND.states, this.#parts.version(), payload, (reply) =>
      this.#settled(unit, reply),
    );
    this.#parts.sent?.(unit.bytes);
    unit.bytes = Math.max(unit.bytes, BATCH_BYTES_MIN);
    this.#unansweredBytes += unit.bytes;
    this.#units.add(unit);
    this.#count('sent', unit.end - unit.first);
  }

  /** Appends states until the batch is large enough; returns the first key that is left. */
  #write(sink: ByteSink, keys: Keys, first: number, end: number): number {
    const start = sink.at;
    const state = this.#state;
    beginBatch(sink, this.#parts.timers.unixMs());
    for (let nth = first; nth < end; nth++) {
      const from = keys.startOf(nth);
      const to = keys.endOf(nth);
      const at = beginState(sink, keys.bytes, from, to);
      this.#parts.copies.read(keys.bytes, from, to, state, sink);
      endState(sink, at, state);
      if (sink.at - start >= BATCH_BYTES) return nth + 1;
    }
    return end;
  }

  #settled(unit: Unit, reply: Frame | CodedError): void {
    this.#unansweredBytes -= unit.bytes;
    if (!this.#units.has(unit)) return;
    const isTaken = reply instanceof Frame && reply.flags === PEER_STATUS.ok;
    const refused = isTaken ? this.#refusedOf(unit, reply) : 'all';
    if (refused === 'all') return void this.#failed.push(unit);
    if (this.#isUnreachable) this.#parts.reached(this.#peer, true);
    this.#isUnreachable = false;
    this.#takenMs = this.#parts.timers.nowMs();
    this.#units.delete(unit);
    if (refused === undefined) unit.group.settle();
    else {
      this.#count('refused', refused.count);
      this.#sendAgain({ ...unit, keys: refused, first: 0, end: refused.count });
    }
    this.#sendQueued();
  }

  #count(name: keyof DeliveryCounts, states: number): void {
    if (this.#parts.counts !== undefined) this.#parts.counts[name] += states;
  }

  #refusedOf(unit: Unit, reply: Frame): KeyBatch | 'all' | undefined {
    try {
      return this.#readRefusals(unit, reply);
    } catch (error) {
      if (error instanceof MalformedFrame) return 'all';
      throw error;
    }
  }

  /** The keys that must be sent again, with read numbers above those of the receiver. */
  #readRefusals({ keys, first, end }: Unit, reply: Frame): KeyBatch | undefined {
    let refused: KeyBatch | undefined;
    const refusals = this.#refusals;
    let withoutMemory = 0;
    refusals.open(reply);
    while (refusals.next()) {
      const nth = first + refusals.index;
      if (nth >= end) continue;
      if (refusals.reason === REFUSAL.noMemory) {
        withoutMemory++;
        continue;
      }
      this.#parts.copies.raiseSequence(refusals.slotHigh, refusals.slotLow);
      refused ??= new KeyBatch();
      refused.add(keys.bytes, keys.startOf(nth), keys.endOf(nth));
    }
    this.#parts.taken?.(this.#peer, end - first, withoutMemory);
    return refused;
  }

  /** While batches wait, looks again and again whether they must be sent again. */
  #watch(): void {
    this.#timer ??= this.#parts.timers.setTimer(() => this.#look(), RETRY_MS);
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#units.size === 0) return;
    const waitedMs = this.lagMs;
    if (waitedMs >= LOST_MS) this.#lose();
    else this.#sendFailed(waitedMs);
  }

  /** A batch that was sent again is among the newer ones. */
  #oldestMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { sinceMs } of this.#units) oldestMs = Math.min(oldestMs, sinceMs);
    return oldestMs;
  }

  #sendFailed(waitedMs: number): void {
    // A late receiver that goes on has much to take: a new process would have even more.
    const takenMs = this.#parts.timers.nowMs() - this.#takenMs;
    if (Math.min(waitedMs, takenMs) >= UNREACHABLE_MS) this.#report();
    for (const unit of this.#failed.splice(0)) {
      if (this.#units.delete(unit)) this.#sendAgain(unit);
    }
    this.#sendQueued();
    this.#watch();
  }

  #sendAgain(unit: Unit): void {
    this.#count('resent', unit.end - unit.first);
    this.#send(unit);
  }

  /** Once, until the receiver takes a change. */
  #report(): void {
    if (!this.#isUnreachable) this.#parts.reached(this.#peer, false);
    this.#isUnreachable = true;
  }

  /** The membership must know of it: only another incarnation is reached again. */
  #lose(): void {
    this.#report();
    this.#isLost = true;
    this.#failed = [];
    this.#queued = [];
    const units = [...this.#units];
    this.#units.clear();
    for (const { group } of units) group.settle(lostError(this.#peer));
  }
}
