import { CodedError } from '../../base/index.ts';
import { type ClusterSeat, type KeptChanges, PLACE } from '../../server/index.ts';
import type { ItemCopies } from '../../store/index.ts';
import { isAtRest } from '../../topology/index.ts';
import type { Adopted } from './adopted.ts';
import type { ClusterShare } from './cluster-share.ts';
import type { Handover } from './handover.ts';
import type { Sender } from './sender.ts';
import type { Timers } from './timers.ts';
import type { TopologyView } from './topology-view.ts';

/** How long a request waits until this node may answer for its keys. */
export const HANDOVER_MS_MAX = 2000;
/** As above, before the end of the handover of its first topology: all nodes start then. */
export const START_MS_MAX = 10_000;

type Acknowledge = (error?: CodedError) => void;

interface SeatParts {
  readonly view: TopologyView;
  readonly handover: Pick<
    Handover,
    'isOver' | 'isStarting' | 'isUndecided' | 'settled' | 'inherits' | 'isInherited'
  >;
  readonly sender: Pick<
    Sender,
    | 'changing'
    | 'changed'
    | 'changedFast'
    | 'takesFast'
    | 'seal'
    | 'isNoting'
    | 'hidesChanges'
    | 'hasChanges'
  >;
  readonly copies: { readonly changes: Pick<ItemCopies['changes'], 'isOpen'> };
  readonly share: Pick<ClusterShare, 'mayAnswerUntilMs'>;
  readonly timers: Timers;
  readonly readsCopies: boolean;
  /** The clock of `mayAnswerUntilMs`. */
  sharedMs(): number;
  readonly forward: ClusterSeat['forward'];
  readonly throttle?: ClusterSeat['throttle'];
  readonly flushAll: ClusterSeat['flushAll'];
}

/** The seat of the sessions of one thread, for clients and for peers. */
export class ThreadSeat implements ClusterSeat {
  readonly forward: ClusterSeat['forward'];
  readonly throttle: ClusterSeat['throttle'];
  readonly flushAll: ClusterSeat['flushAll'];
  readonly #parts: SeatParts;
  /** Whether an item without the flag `copy` is one of a key of this node. */
  #isClean = false;
  /** Whether the copies that this node has are as new as its topology says. */
  #mayReadCopies = false;
  /** Whether this node is the primary of all keys. */
  #isAlone = false;
  /** Takes the replies to requests of peers whose changes wait for `seal`. */
  #takeHeld: (() => Acknowledge) | undefined;
  /** How often a request has waited for keys that another member may still have answered. */
  undecidedWaits = 0;

  constructor(parts: SeatParts) {
    this.#parts = parts;
    this.forward = parts.forward;
    this.throttle = parts.throttle;
    this.flushAll = parts.flushAll;
  }

  get version(): number {
    return this.#parts.view.version;
  }

  get fast(): ClusterSeat['fast'] {
    const { handover, sender } = this.#parts;
    if (!this.#isClean || !handover.isOver) return 'off';
    if (sender.hidesChanges && handover.inherits) return 'off';
    if (sender.takesFast) return sender.hidesChanges ? 'hiddenSets' : 'keptSets';
    if (sender.isNoting) return 'readHits';
    return this.#isAlone ? 'all' : 'hits';
  }

  /** Whether changes wait for `seal`. */
  get hasChanges(): boolean {
    return this.#parts.sender.hasChanges;
  }

  /** The thread adopts this topology, in which this node is the primary of some key no more. */
  adopt({ topology, groups, self }: Adopted, losesPrimary: boolean): void {
    if (losesPrimary) this.#isClean = false;
    // A change of the nodes takes no role from a member before that has adopted a topology with the
    // change under way. So by a topology at rest a member reads only what it still holds.
    this.#mayReadCopies =
      this.#parts.readsCopies && isAtRest(topology) && topology.members[self]?.state === 'serving';
    this.#isAlone = !groups.some((primary) => primary !== self);
  }

  /** The store has only what this node holds at this version. */
  clean(version: number): void {
    if (version === this.version) this.#isClean = true;
  }

  locate(bytes: Buffer, start: number, end: number): number {
    const { view, handover } = this.#parts;
    if (view.current === undefined) return PLACE.undecided;
    const { groups, self } = view.current;
    const { primary } = groups.groupOf(bytes, start, end);
    if (primary !== self) return primary === -1 ? PLACE.nobody : primary;
    if (primary === -1) return PLACE.nobody;
    const isMine = handover.isOver || !handover.isUndecided(bytes, start, end);
    return isMine ? PLACE.here : PLACE.undecided;
  }

  settled(): Promise<void> {
    this.undecidedWaits++;
    const { timers, view, handover } = this.#parts;
    return new Promise((resolve, reject) => {
      const isStarting = view.current === undefined || handover.isStarting;
      const msMax = isStarting ? START_MS_MAX : HANDOVER_MS_MAX;
      const timer = timers.setTimer(() => reject(lateError()), msMax);
      const settle = (end: () => void): void => {
        timer.cancel();
        end();
      };
      if (view.current === undefined) view.whenAdopted(1, () => settle(resolve));
      else
        handover.settled().then(
          () => settle(resolve),
          (error: CodedError) => settle(() => reject(error)),
        );
    });
  }

  changing(bytes: Buffer, start: number, end: number): void {
    this.#parts.sender.changing(bytes, start, end);
  }

  read(bytes: Buffer, start: number, end: number): void {
    const { sender, copies, handover } = this.#parts;
    if (!sender.hidesChanges) return;
    const isUnsure =
      copies.changes.isOpen(bytes, start, end) || handover.isInherited(bytes, start, end);
    if (isUnsure && this.#isPrimary(bytes, start, end)) this.changed(bytes, start, end);
  }

  holdsCopy(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#mayReadCopies) return false;
    const { groups, self } = this.#parts.view.current!;
    return groups.groupOf(bytes, start, end).receivers.includes(self);
  }

  changed(bytes: Buffer, start: number, end: number): void {
    const { view, sender } = this.#parts;
    if (!sender.isNoting || view.current === undefined) return;
    sender.changed(view.current.groups.groupOf(bytes, start, end), bytes, start, end);
  }

  changedFast(changes: KeptChanges): void {
    this.#parts.sender.changedFast(changes);
  }

  /** A key that was read can be one of which this node has a copy. */
  #isPrimary(bytes: Buffer, start: number, end: number): boolean {
    const { current } = this.#parts.view;
    return (
      current !== undefined && current.groups.groupOf(bytes, start, end).primary === current.self
    );
  }

  /**
   * The next `seal` takes the changes of these replies, too, whichever input calls it: so it calls
   * `take` once, and then what that returns as it calls its own `acknowledged`.
   */
  join(take: () => Acknowledge): void {
    this.#takeHeld = take;
  }

  seal(acknowledged: Acknowledge): boolean {
    const { sender } = this.#parts;
    const held = this.#takeHeld?.();
    this.#takeHeld = undefined;
    if (held === undefined) return sender.seal(acknowledged);
    const isWaiting = sender.seal((error) => {
      acknowledged(error);
      held(error);
    });
    if (!isWaiting) held();
    return isWaiting;
  }

  mayAnswer(): boolean {
    const { share, sharedMs } = this.#parts;
    const untilMs = share.mayAnswerUntilMs;
    return untilMs === Number.POSITIVE_INFINITY || sharedMs() < untilMs;
  }
}

function lateError(): CodedError {
  const text = 'the node that had this key before has not handed it over in time';
  return new CodedError('ERR_HANDOVER', text);
}
