import type { BlockHeader } from './block-header.ts';

/** The totals as a message carries them. */
export type TotalsView = ReturnType<SnapshotTotals['view']>;

/** What a reader found in a file of snapshots, and what is missing. */
export class SnapshotTotals {
  /** Snapshots that have begun: the file of a cluster has one for each node. */
  snapshots = 0;
  /** Whole blocks, items, and bytes of their keys and values. */
  blocks = 0;
  items = 0;
  bytes = 0;
  /** What whole blocks say is in the file, but is damaged or missing. */
  missingBlocks = 0;
  missingItems = 0;
  missingBytes = 0;
  /** Snapshots without their end: more may be missing than is counted. */
  cutSnapshots = 0;
  damagedHeaders = 0;
  /** Bytes of the file that belong to nothing whole. */
  skippedBytes = 0;
  /** The number of the next block of the current snapshot. */
  nextBlock = 0;
  #isOpen = false;
  /** The highest block, and the items and bytes up to its end, that a header has named. */
  #blocksKnown = 0;
  #itemsKnown = 0;
  #bytesKnown = 0;
  /** What was whole of the current snapshot. */
  #blocksRead = 0;
  #itemsAtStart = 0;
  #bytesAtStart = 0;

  get isComplete(): boolean {
    return (
      this.missingBlocks === 0 &&
      this.missingItems === 0 &&
      this.cutSnapshots === 0 &&
      this.damagedHeaders === 0 &&
      this.skippedBytes === 0
    );
  }

  view() {
    const { snapshots, blocks, items, bytes, isComplete } = this;
    const { missingBlocks, missingItems, missingBytes } = this;
    const { cutSnapshots, damagedHeaders, skippedBytes } = this;
    return {
      snapshots,
      blocks,
      items,
      bytes,
      isComplete,
      missingBlocks,
      missingItems,
      missingBytes,
      cutSnapshots,
      damagedHeaders,
      skippedBytes,
    };
  }

  /** Begins the next snapshot of the file. */
  begin(): void {
    this.#close(false);
    this.snapshots++;
    this.#isOpen = true;
    this.nextBlock = 0;
    this.#blocksKnown = 0;
    this.#itemsKnown = 0;
    this.#bytesKnown = 0;
    this.#blocksRead = 0;
    this.#itemsAtStart = this.items;
    this.#bytesAtStart = this.bytes;
  }

  /** A whole header; its payload may be damaged. */
  sawBlock({ isEnd, number, items, itemsBefore, bytesAfter }: BlockHeader): void {
    this.#blocksKnown = Math.max(this.#blocksKnown, isEnd ? number : number + 1);
    this.#itemsKnown = Math.max(this.#itemsKnown, itemsBefore + items);
    this.#bytesKnown = Math.max(this.#bytesKnown, bytesAfter);
  }

  /** A whole block. */
  readBlock({ isEnd, number }: BlockHeader): void {
    this.nextBlock = number + 1;
    if (isEnd) {
      this.#close(true);
      return;
    }
    this.blocks++;
    this.#blocksRead++;
  }

  /** All whole items of the file so far. */
  delivered(items: number, bytes: number): void {
    this.items = items;
    this.bytes = bytes;
  }

  finish(): void {
    this.#close(false);
  }

  #close(hasEnd: boolean): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (!hasEnd) this.cutSnapshots++;
    this.missingBlocks += this.#blocksKnown - this.#blocksRead;
    this.missingItems += this.#itemsKnown - (this.items - this.#itemsAtStart);
    const bytes = this.#bytesKnown - (this.bytes - this.#bytesAtStart);
    this.missingBytes += bytes;
  }
}
