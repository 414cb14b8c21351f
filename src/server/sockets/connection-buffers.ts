import { Carry } from './carry.ts';
import type { BufferHolder, ThreadBuffers } from './thread-buffers.ts';
import { READ_BUFFER_BYTES } from './transport.ts';

/** What the buffers of a connection need of it. */
interface BufferOwner {
  /** The memory of the connection beside its carry. */
  readonly otherBytes: () => number;
  /** What the session needs in one piece; 0 if it needs nothing special. */
  readonly wantedBytes: () => number;
  readonly isWaiting: () => boolean;
  /** The carry has the room for which the connection has paused. */
  readonly admitted: () => void;
  readonly expelled: (reason: 'memory') => void;
}

/** The carry of one connection, and the memory of the connection within the node's budget. */
export class ConnectionBuffers implements BufferHolder {
  readonly carry = new Carry();
  heldKib = 0;
  /** Whether the connection pauses until the carry may grow. */
  awaitsRoom = false;
  readonly #buffers: ThreadBuffers;
  readonly #owner: BufferOwner;
  /** The bytes that ThreadBuffers has counted. */
  #countedBytes = 0;
  #isExpelled = false;

  constructor(buffers: ThreadBuffers, owner: BufferOwner) {
    this.#buffers = buffers;
    this.#owner = owner;
  }

  /** Tells the budget when the memory of the connection has changed. */
  count(): void {
    const bytes = this.carry.bytes.length + this.#owner.otherBytes();
    if (bytes === this.#countedBytes || this.#isExpelled) return;
    this.#countedBytes = bytes;
    this.#buffers.hold(this, bytes);
  }

  /** Makes room for the next read; returns false if the connection must pause for it. */
  makeRoom(): boolean {
    const growth = this.carry.growthFor(this.#moreBytes);
    if (growth === 0) return true;
    this.awaitsRoom = !this.#buffers.admitsOrPauses(this, growth);
    if (this.awaitsRoom) return false;
    this.#grow();
    return true;
  }

  admit(): void {
    this.awaitsRoom = false;
    if (!this.#owner.isWaiting()) return;
    this.#grow();
    this.#owner.admitted();
  }

  #grow(): void {
    this.carry.grow(this.#moreBytes);
    this.count();
  }

  expel(reason: 'memory'): void {
    this.stop();
    this.#owner.expelled(reason);
  }

  /** The connection is about to close: its memory counts no more. */
  stop(): void {
    this.#isExpelled = true;
  }

  /** The connection has closed. */
  release(): void {
    this.carry.clear();
    this.#buffers.release(this);
  }

  /** What the carry should have room for beside what it has. */
  get #moreBytes(): number {
    return Math.max(READ_BUFFER_BYTES, this.#owner.wantedBytes() - this.carry.length);
  }
}
