import type { ByteSink } from '../../base/index.ts';
import {
  type Frame,
  KIND,
  PEER_STATUS,
  putRefusal,
  REFUSAL,
  StatesReader,
} from '../../protocol/peer.ts';
import {
  type ItemCopies,
  type ItemState,
  LOOK_AHEAD_KEYS_MAX,
  type LookAhead,
  newItemState,
} from '../../store/index.ts';
import type { PeerPayload } from '../peers/frame-output.ts';
import { type Adopted, mayRun, type PeerIdentity } from './adopted.ts';
import type { Handover } from './handover.ts';
import { LOST_MS } from './peer-delivery.ts';
import { holds } from './roles.ts';
import type { Timers } from './timers.ts';
import type { TopologyView } from './topology-view.ts';

/** The batches of one thread that wait until it has adopted their topology, in bytes. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;

const NONE: readonly Adopted[] = [];

/**
 * The clocks of two nodes agree if a batch seems to have been on its way for so long: after that
 * its receiver is lost, so the batch counts no more.
 */
const TRAVEL_MS_MAX = LOST_MS;
/** Clocks that agree differ by so little. */
const SKEW_MS_MAX = 100;

/** The peer that has sent a frame. */
export interface FrameSource extends PeerIdentity {
  reply(id: number, status: number, version: number, payload?: PeerPayload): void;
}

interface StateServiceParts {
  readonly copies: Pick<ItemCopies, 'take' | 'lookAhead'>;
  readonly timers: Timers;
  readonly view: TopologyView;
  readonly handover: Handover;
  /** Absent: JavaScript takes all states. */
  readonly fast?: FastTaking | undefined;
}

/** The fast path of the thread: see FastCopies. */
interface FastTaking {
  readonly taken: number;
  takeStates(bytes: Buffer, start: number, end: number): number;
}

/** After so many tries in a row that took nothing, JavaScript takes the rest of a batch alone. */
const BARREN_TRIES_MAX = 2;

/**
 * Takes the states that primaries send. A batch of a newer topology waits until this thread has
 * adopted that. A batch of an older one is taken until the mark of its sender says that the sender
 * has finished the changes of that topology; one of a member that is down never is.
 *
 * Until the mark of the sender for the present topology, a batch may have keys that this member has
 * lost: of changes that began before the sender adopted it. They are acknowledged and not taken, if
 * this member does not hold them in one of the topologies since. It has dropped them, and hears no
 * more of them, so they would be old when it becomes their primary.
 */
export class StateService {
  readonly #parts: StateServiceParts;
  readonly #reader = new StatesReader();
  readonly #state = newItemState();
  readonly #see: LookAhead['add'];
  #waitingBytes = 0;

  constructor(parts: StateServiceParts) {
    this.#parts = parts;
    const { lookAhead } = parts.copies;
    this.#see = (...key) => lookAhead.add(...key);
  }

  /** Answers a batch, once. */
  receive(frame: Frame, from: FrameSource): void {
    const { view } = this.#parts;
    if (frame.version <= view.version) this.#answer(frame, from);
    else if (this.#waitingBytes + frame.payloadBytes > WAITING_BYTES_MAX) this.#refuse(frame, from);
    else this.#answerLater(frame.copy(), from);
  }

  #answerLater(kept: Frame, from: FrameSource): void {
    this.#waitingBytes += kept.payloadBytes;
    this.#parts.view.whenAdopted(kept.version, (isAdopted) => {
      this.#waitingBytes -= kept.payloadBytes;
      if (isAdopted) this.#answer(kept, from);
      else this.#refuse(kept, from);
    });
  }

  #refuse({ id }: Frame, from: FrameSource): void {
    from.reply(id, PEER_STATUS.newer, this.#parts.view.version);
  }

  #answer(frame: Frame, from: FrameSource): void {
    const { handover, view } = this.#parts;
    const topology = view.current?.topology;
    const mark = handover.markOf(from);
    const mayTake = mark <= frame.version && topology !== undefined && mayRun(topology, from);
    const since = mark === view.version ? NONE : view.since(frame.version);
    if (!mayTake || since === undefined) this.#refuse(frame, from);
    else {
      const take = (sink: ByteSink): void => this.#take(frame, since, sink);
      from.reply(frame.id, PEER_STATUS.ok, view.version, take);
    }
  }

  /** Takes the states of a batch, and appends its refusals to the reply. */
  #take(frame: Frame, since: readonly Adopted[], sink: ByteSink): void {
    const { copies, timers } = this.#parts;
    const state = this.#state;
    const isFill = frame.kind === KIND.fill;
    this.#reader.open(frame);
    const shift = secondsAhead(timers.unixMs() - this.#reader.sentMs);
    const isFast = this.#parts.fast !== undefined && !isFill && since.length === 0;
    let barrenTries = isFast ? 0 : BARREN_TRIES_MAX;
    for (let ahead = 0; ; ahead--) {
      if (barrenTries < BARREN_TRIES_MAX) {
        barrenTries = this.#takeFast(frame, this.#parts.fast!) > 0 ? 0 : barrenTries + 1;
      } else if (ahead <= 0) ahead = this.#lookAhead();
      if (!this.#reader.next(state)) return;
      if (!since.every((adopted) => holdsKey(adopted, state))) continue;
      if (state.expiry !== 0) state.expiry = Math.max(1, state.expiry + shift);
      const taken = copies.take(state, isFill);
      if (taken === 'done') continue;
      const reason = taken === 'refused' ? REFUSAL.older : REFUSAL.noMemory;
      putRefusal(sink, this.#reader.index, reason, state.slotHigh, state.slotLow);
    }
  }

  /** Takes the simple states that come next; returns how many. */
  #takeFast({ bytes, end }: Frame, fast: FastTaking): number {
    const next = fast.takeStates(bytes, this.#reader.at, end);
    this.#reader.skip(fast.taken, next);
    return fast.taken;
  }

  /** Loads the items of the next states into the cache; returns of how many. */
  #lookAhead(): number {
    const { lookAhead } = this.#parts.copies;
    lookAhead.clear();
    const count = this.#reader.skim(LOOK_AHEAD_KEYS_MAX, this.#see);
    lookAhead.load();
    return count;
  }
}

function holdsKey({ groups, self }: Adopted, { keySource, keyStart, keyBytes }: ItemState) {
  return holds(groups.groupOf(keySource, keyStart, keyStart + keyBytes), self);
}

/**
 * By how many seconds the clock of this node is ahead of the sender's. If both agree, an item
 * expires at the same time at both; otherwise, up to a second earlier here: a client that has seen
 * it expire does not see it again, however often its primary changes.
 */
function secondsAhead(travelMs: number): number {
  const agree = travelMs >= -SKEW_MS_MAX && travelMs <= TRAVEL_MS_MAX;
  return agree ? 0 : Math.floor(travelMs / 1000);
}
