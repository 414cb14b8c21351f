import type { CodedError } from '../../base/index.ts';
import { Frame, KIND, PEER_STATUS, putMark, type SequenceNumber } from '../../protocol/peer.ts';
import type { PeerPayload } from '../peers/frame-output.ts';
import { type Adopted, type PeerIdentity, peerKey, peersOf } from './adopted.ts';
import type { Timers } from './timers.ts';

const RETRY_MS = 50;

/** What the sender of marks uses of a link. */
interface MarkLink {
  send(
    kind: typeof KIND.mark,
    version: number,
    payload: PeerPayload,
    settle: (reply: Frame | CodedError) => void,
  ): void;
}

interface MarkSenderParts {
  readonly timers: Timers;
  /** The sequence number that this node has drawn last. */
  sequence(): SequenceNumber;
  linkTo(peer: PeerIdentity): MarkLink | undefined;
}

/** Sends the newest mark of this node to each other member until that has acknowledged it. */
export class MarkSender {
  readonly #parts: MarkSenderParts;
  /** The peers that lack the mark. */
  readonly #missing = new Map<string, PeerIdentity>();
  /** The peers that have not replied to the newest one that was sent. */
  readonly #asked = new Map<string, number>();
  #version = 0;
  #complete = 0;
  #timer: { cancel(): void } | undefined;

  constructor(parts: MarkSenderParts) {
    this.#parts = parts;
  }

  /** `adopted` is the newest topology; it has the members that need the mark. */
  send(version: number, complete: number, adopted: Adopted): void {
    if (version <= this.#version) return;
    this.#version = version;
    this.#complete = complete;
    this.follow(adopted);
    for (const peer of peersOf(adopted)) this.#missing.set(peerKey(peer), peer);
    this.#sendMissing();
  }

  /** Peers that are not in this topology need no mark. */
  follow(adopted: Adopted): void {
    const running = new Set(peersOf(adopted).map(peerKey));
    for (const key of this.#missing.keys()) if (!running.has(key)) this.#missing.delete(key);
  }

  end(): void {
    this.#missing.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sendMissing(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [key, peer] of this.#missing) this.#sendTo(key, peer);
    if (this.#missing.size === 0) return;
    this.#timer = this.#parts.timers.setTimer(() => this.#sendMissing(), RETRY_MS);
  }

  #sendTo(key: string, peer: PeerIdentity): void {
    const version = this.#version;
    if (this.#asked.get(key) === version) return;
    this.#asked.set(key, version);
    const complete = this.#complete;
    const payload: PeerPayload = (sink) => putMark(sink, complete, this.#parts.sequence());
    const link = this.#parts.linkTo(peer);
    if (link === undefined) return void this.#asked.delete(key);
    link.send(KIND.mark, version, payload, (reply) => {
      if (this.#asked.get(key) === version) this.#asked.delete(key);
      const isTaken = reply instanceof Frame && reply.flags === PEER_STATUS.ok;
      if (isTaken && version === this.#version) this.#missing.delete(key);
    });
  }
}
