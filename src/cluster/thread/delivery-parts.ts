import { CodedError } from '../../base/index.ts';
import type { Frame, KIND } from '../../protocol/peer.ts';
import type { ItemCopies } from '../../store/index.ts';
import type { PeerPayload } from '../peers/frame-output.ts';
import type { PeerIdentity } from './adopted.ts';
import type { ChangeGroup } from './change-groups.ts';
import type { Keys } from './key-batch.ts';
import type { Timers } from './timers.ts';

/** Changes of clients, or what a fill copies. */
type StateKind = typeof KIND.states | typeof KIND.fill;

/** What a delivery uses of a link. */
export interface StateLink {
  send(
    kind: StateKind,
    version: number,
    payload: PeerPayload,
    settle: (reply: Frame | CodedError) => void,
  ): void;
}

/** The states that were sent to receivers, each once for each time. */
export interface DeliveryCounts {
  sent: number;
  /** Those of them that were sent again: refused, or without an acknowledgement. */
  resent: number;
  /** The receiver had a newer state, so this one was read again. */
  refused: number;
}

export interface DeliveryParts {
  /** Default: changes. */
  readonly kind?: StateKind;
  readonly copies: Pick<ItemCopies, 'read' | 'raiseSequence'>;
  readonly timers: Timers;
  /** The topology that this thread has adopted. */
  version(): number;
  /** The receiver has not acknowledged for UNREACHABLE_MS, or does so again. */
  reached(peer: PeerIdentity, isReached: boolean): void;
  readonly counts?: DeliveryCounts;
  /** A batch of this many bytes was sent. */
  sent?(bytes: number): void;
  /** The receiver has answered a batch: how many of its states it had no memory for. */
  taken?(peer: PeerIdentity, states: number, withoutMemory: number): void;
}

/** A part of a batch that waits for its acknowledgement. */
export interface Unit {
  readonly keys: Keys;
  readonly first: number;
  readonly end: number;
  readonly group: ChangeGroup;
  readonly sinceMs: number;
  /** What it counts for while it has no reply. */
  bytes: number;
}

export function lostError({ name }: PeerIdentity): CodedError {
  const text = `The member ${name} holds the key too, and has not taken the change in time.`;
  return new CodedError('ERR_RECEIVER_LOST', `${text} The change may get lost; try again.`);
}
