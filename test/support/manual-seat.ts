import { CodedError } from '../../src/base/index.ts';
import { singlesOf } from '../../src/cluster/thread/single-forward.ts';
import {
  type ClusterSeat,
  type ForwardedRun,
  type KeptChanges,
  PLACE,
} from '../../src/server/session/cluster-seat.ts';

/** A request on its way to a member. */
export interface Forwarded {
  readonly member: number;
  readonly dialect: ForwardedRun['dialect'];
  readonly role: ForwardedRun['role'];
  readonly bytes: Buffer;
  readonly settle: (reply: Buffer | CodedError) => void;
}

/**
 * A cluster of this node and others. Its test decides where keys are, when the other nodes execute
 * what they get, when their replies arrive, and when changes are acknowledged.
 */
export class ManualSeat implements ClusterSeat {
  version = 1;
  fast: ClusterSeat['fast'] = 'off';
  throttle: ClusterSeat['throttle'];
  /** Where a key is: a PLACE or a member. */
  placeOf: (key: string) => number = () => PLACE.here;
  /** The same as the other members see it. */
  homeOf: (key: string) => number = (key) => this.placeOf(key);
  /** Whether the output of this input has to wait. */
  mustWait: () => boolean = () => false;
  hasLease = true;
  hasChanges = false;
  /** The keys that sessions have reported since the last seal. */
  changes: string[] = [];
  /** What else sessions have reported: the keys that they are about to change, or have read. */
  told: string[] = [];
  onSeal: (changes: readonly string[]) => void = () => {};
  sealCount = 0;
  readonly forwarded: Forwarded[] = [];
  readonly replies: (() => void)[] = [];
  readonly acknowledgements: ((error?: CodedError) => void)[] = [];
  readonly decisions: PromiseWithResolvers<void>[] = [];
  readonly flushes: ((error?: CodedError) => void)[] = [];
  flushStores: () => void = () => {};

  locate(bytes: Buffer, start: number, end: number): number {
    return this.placeOf(bytes.toString('latin1', start, end));
  }

  settled(): Promise<void> {
    const decision = Promise.withResolvers<void>();
    this.decisions.push(decision);
    return decision.promise;
  }

  forward(member: number, run: ForwardedRun): void {
    for (const single of singlesOf(run)) {
      const { dialect, role, bytes } = single;
      const settle = (reply: Buffer | CodedError): void => {
        if (reply instanceof CodedError) single.fail(reply);
        else single.settle(reply);
      };
      this.forwarded.push({ member, dialect, role, bytes, settle });
    }
  }

  /** Whether this node may answer the key by its copy. */
  copyOf: (key: string) => boolean = () => false;

  holdsCopy(bytes: Buffer, start: number, end: number): boolean {
    return this.copyOf(bytes.toString('latin1', start, end));
  }

  changing(bytes: Buffer, start: number, end: number): void {
    this.told.push(`changing ${bytes.toString('latin1', start, end)}`);
  }

  read(bytes: Buffer, start: number, end: number): void {
    this.told.push(`read ${bytes.toString('latin1', start, end)}`);
  }

  changed(bytes: Buffer, start: number, end: number): void {
    this.changes.push(bytes.toString('latin1', start, end));
  }

  changedFast(changes: KeptChanges): void {
    for (let nth = 0; nth < changes.count; nth++) {
      this.changed(changes.keys, nth === 0 ? 0 : changes.keyEnd(nth - 1), changes.keyEnd(nth));
    }
  }

  seal(acknowledged: (error?: CodedError) => void): boolean {
    this.sealCount++;
    this.onSeal(this.changes.splice(0));
    const waits = this.mustWait();
    if (waits) this.acknowledgements.push(acknowledged);
    return waits;
  }

  mayAnswer(): boolean {
    return this.hasLease;
  }

  flushAll(_exptime: number, settle: (error?: CodedError) => void): void {
    this.flushes.push((error) => {
      if (error === undefined) this.flushStores();
      settle(error);
    });
  }
}
