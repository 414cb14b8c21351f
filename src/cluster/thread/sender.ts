import { assert, type CodedError } from '../../base/index.ts';
import type { KeptChanges } from '../../server/index.ts';
import type { BegunSlots, ItemCopies } from '../../store/index.ts';
import type { Group } from '../../topology/index.ts';
import { type Adopted, type PeerIdentity, peerKey, peersOf } from './adopted.ts';
import { ChangeGroups } from './change-groups.ts';
import type { DeliveryCounts, DeliveryParts, StateLink } from './delivery-parts.ts';
import { heldReceivers } from './held-receivers.ts';
import { KeptStates } from './kept-states.ts';
import { KeyBatch } from './key-batch.ts';
import { NotedChanges } from './noted-changes.ts';
import { PeerDelivery } from './peer-delivery.ts';
import { holds } from './roles.ts';

/** In the mode `async` replies wait once so many batches to one receiver have no reply. */
const UNANSWERED_MAX = 256;

type Acknowledge = (error?: CodedError) => void;

/** What was changed between `prepare` and `adopt`. */
interface HeldChanges {
  readonly keys: KeyBatch;
  readonly slots: BegunSlots;
  readonly acknowledged: Acknowledge;
}

interface SenderParts extends Omit<DeliveryParts, 'version' | 'counts'> {
  readonly copies: Pick<ItemCopies, 'read' | 'drawReadNumber' | 'raiseSequence' | 'changes'>;
  /** The link to the member at this index of the topology that is being adopted. */
  linkTo(member: number): StateLink;
}

/**
 * Sends what a thread changes to the receivers of the keys.
 *
 * The threads of a node adopt a topology one after the other. If a thread sent to a new receiver
 * while another one does not know it yet, a delete of the other one would be missed there. So all
 * threads `prepare` first: from there on a thread holds its changes until it adopts, and it adopts
 * when all have prepared.
 */
export class Sender {
  /** Whether a change must be told: some key of this member has receivers, or may soon. */
  isNoting = false;
  /** Whether nobody may read a change before all holders have it: `isNoting` in the mode `sync`. */
  hidesChanges = false;
  /** Whether all changes are held: this thread has prepared, and others may have adopted. */
  isHolding = false;
  /** Of all receivers, also of former ones. */
  readonly counts: DeliveryCounts = { sent: 0, resent: 0, refused: 0 };
  readonly #parts: SenderParts;
  readonly #deliveryParts: DeliveryParts;
  readonly #groups = new ChangeGroups();
  /** By incarnation. */
  #deliveries = new Map<string, PeerDelivery>();
  /** By member of the adopted topology. */
  #byMember: readonly (PeerDelivery | undefined)[] = [];
  #adopted: Adopted | undefined;
  #held: HeldChanges[] = [];
  #heldKeys = new KeyBatch();
  /** What the receivers are to get at the end of this input. */
  #noted = new NotedChanges();
  /** The receivers of all keys of this member, if all have the same. */
  #soleReceivers: readonly number[] | undefined;
  /** The slots of changes that a lost receiver may lack: they stay open until it is replaced. */
  readonly #unsure = new Set<number>();
  readonly #kept: KeptStates;

  constructor(parts: SenderParts) {
    const { copies } = parts;
    this.#parts = parts;
    this.#kept = new KeptStates(copies);
    this.#deliveryParts = {
      ...parts,
      copies: {
        read: (...state) => this.#kept.read(...state),
        raiseSequence: (high, low) => copies.raiseSequence(high, low),
      },
      version: () => this.#version,
      counts: this.counts,
    };
  }

  /** Whether changes wait for `seal`. */
  get hasChanges(): boolean {
    return !this.#noted.isEmpty || this.#heldKeys.count > 0 || this.#parts.copies.changes.hasBegun;
  }

  get #version(): number {
    return this.#adopted?.topology.version ?? 0;
  }

  #groupOf(bytes: Buffer, start: number, end: number): Group {
    return this.#adopted!.groups.groupOf(bytes, start, end);
  }

  #holds(...key: readonly [bytes: Buffer, start: number, end: number]): boolean {
    return holds(this.#groupOf(...key), this.#adopted!.self);
  }

  /** A request is about to change the key, of which this member is the primary. */
  changing(bytes: Buffer, start: number, end: number): void {
    if (this.hidesChanges) this.#parts.copies.changes.begin(bytes, start, end);
  }

  /** A request may have changed the key: the receivers get its state at the end of this input. */
  changed({ receivers }: Group, bytes: Buffer, start: number, end: number): void {
    this.changing(bytes, start, end);
    if (this.isHolding) this.#heldKeys.add(bytes, start, end);
    else if (this.isNoting) this.#noted.add(receivers, bytes, start, end);
  }

  /** Whether the fast path may set values, and then tell `changedFast`. */
  get takesFast(): boolean {
    return this.isNoting && !this.isHolding;
  }

  /** The fast path has changed keys of this member; it has counted them if changes are hidden. */
  changedFast(changes: KeptChanges): void {
    const { count } = changes;
    const { changes: open } = this.#parts.copies;
    if (this.hidesChanges) {
      for (let nth = 0; nth < count; nth++) open.begunFast(changes.hashOf(nth));
    }
    if (this.#soleReceivers !== undefined) this.#noted.addAll(this.#soleReceivers, changes);
    else {
      for (let nth = 0; nth < count; nth++) {
        const start = nth === 0 ? 0 : changes.keyEnd(nth - 1);
        const { receivers } = this.#groupOf(changes.keys, start, changes.keyEnd(nth));
        this.#noted.addOne(receivers, changes, nth);
      }
    }
  }

  /**
   * Sends what was changed. True: the output must wait for `acknowledged`, which is called after
   * this call has returned.
   */
  seal(acknowledged: Acknowledge): boolean {
    if (this.isHolding) return this.#hold(acknowledged);
    if (this.#noted.isEmpty) {
      this.#endBegun();
      return false;
    }
    const isWaiting = this.#isSync || this.#isFull();
    this.#flush(this.#version, this.#takeBegun(), isWaiting ? acknowledged : undefined);
    return isWaiting;
  }

  /** From here on, changes are held until `adopt`. */
  prepare(): void {
    assert(this.#noted.isEmpty, 'each input seals its changes');
    this.isHolding = true;
    this.#setNoting(true);
  }

  /** Sends to the receivers of this topology from here on, and sends what was held. */
  adopt(adopted: Adopted): void {
    const previous = this.#adopted;
    assert(!this.hasChanges, 'each input seals its changes');
    this.#adopted = adopted;
    this.isHolding = false;
    this.#soleReceivers = adopted.groups.soleReceivers(adopted.self);
    this.#kept.drop((...key) => this.#groupOf(...key).primary === adopted.self);
    this.#follow(adopted);
    this.#setNoting(
      adopted.groups.some(
        (primary, receiverCount) => primary === adopted.self && receiverCount > 0,
      ),
    );
    for (const { keys, slots, acknowledged } of this.#held.splice(0)) {
      for (let nth = 0; nth < keys.count; nth++) {
        const start = keys.startOf(nth);
        const end = keys.endOf(nth);
        this.#noted.add(
          heldReceivers(adopted, previous, keys.bytes, start, end),
          keys.bytes,
          start,
          end,
        );
      }
      this.#flush(previous?.topology.version ?? 0, slots, acknowledged);
    }
    if (!this.#byMember.some((delivery) => delivery?.isLost)) this.#endUnsure();
  }

  /** How long the oldest change has waited for this receiver, in milliseconds; 0 for none. */
  lagMs(peer: PeerIdentity): number {
    return Math.round(this.#deliveries.get(peerKey(peer))?.lagMs ?? 0);
  }

  /** The node drops the items that it does not hold: keeps what it may have to send again. */
  keep(): void {
    for (const delivery of this.#deliveries.values()) {
      delivery.keep((...key) => this.#holds(...key) || this.#kept.keep(...key));
    }
  }

  /** Resolves once all changes from before `version` was adopted are acknowledged. */
  async drained(version: number): Promise<void> {
    await this.#groups.drained(version);
    if (version === this.#version) this.#kept.clear();
  }

  /** Nothing waits any longer: replies fail with this error. */
  end(error: CodedError): void {
    for (const delivery of this.#deliveries.values()) delivery.drop(error);
    for (const { acknowledged } of this.#held.splice(0)) acknowledged(error);
  }

  #hold(acknowledged: Acknowledge): boolean {
    if (this.#heldKeys.count === 0) {
      this.#endBegun();
      return false;
    }
    this.#held.push({ keys: this.#heldKeys, slots: this.#takeBegun(), acknowledged });
    this.#heldKeys = new KeyBatch();
    return true;
  }

  #flush(version: number, slots: BegunSlots, acknowledged: Acknowledge | undefined): void {
    const noted = this.#noted;
    const group = this.#groups.begin(version, (error) => {
      if (slots.length > 0) this.#ended(slots, noted, error);
      acknowledged?.(error);
    });
    this.#noted = new NotedChanges();
    noted.each((member, keys, states) => this.#byMember[member]?.deliver(keys, group, states));
    // A group without deliveries ends here, but its replies may not leave inside of `seal`.
    queueMicrotask(() => group.settle());
  }

  /** All receivers have the changes, or are members no more; with an error one of them is lost. */
  #ended(slots: BegunSlots, noted: NotedChanges, error?: CodedError): void {
    const { changes } = this.#parts.copies;
    if (error !== undefined) {
      // One count for each slot suffices, so this does not grow.
      for (const slot of slots) {
        if (this.#unsure.has(slot)) changes.end([slot]);
        else this.#unsure.add(slot);
      }
      return;
    }
    changes.end(slots);
    noted.each((_, keys) => changes.settle(keys));
  }

  #endUnsure(): void {
    this.#parts.copies.changes.end(this.#unsure);
    this.#unsure.clear();
  }

  /** Ends what was begun and has changed nothing. */
  #endBegun(): void {
    this.#parts.copies.changes.end(this.#takeBegun());
  }

  #takeBegun(): BegunSlots {
    return this.#parts.copies.changes.take();
  }

  get #isSync(): boolean {
    return this.#adopted?.topology.replication === 'sync';
  }

  #setNoting(isNoting: boolean): void {
    this.isNoting = isNoting;
    this.hidesChanges = isNoting && this.#isSync;
    this.#parts.copies.changes.isMarking = this.hidesChanges;
  }

  #isFull(): boolean {
    return this.#byMember.some((delivery) => (delivery?.unitCount ?? 0) >= UNANSWERED_MAX);
  }

  /** Has a delivery to each incarnation that runs, and drops the others. */
  #follow(adopted: Adopted): void {
    const { members } = adopted.topology;
    const running = new Set(peersOf(adopted).map(peerKey));
    const before = this.#deliveries;
    this.#deliveries = new Map();
    this.#byMember = members.map((member, at) => {
      const key = peerKey(member);
      if (!running.has(key)) return undefined;
      const link = this.#parts.linkTo(at);
      const delivery = before.get(key) ?? new PeerDelivery(member, link, this.#deliveryParts);
      before.delete(key);
      this.#deliveries.set(key, delivery);
      return delivery;
    });
    for (const delivery of before.values()) delivery.drop();
  }
}
