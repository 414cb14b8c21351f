import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { machineClock } from '../../base/index.ts';
import { packageVersion } from '../../node/index.ts';
import {
  ID_BYTES,
  SnapshotEncoder,
  type SnapshotFacts,
  type SnapshotItem,
  type SnapshotReceiver,
} from '../../ops/index.ts';
import type { Distribution } from '../../topology/index.ts';

/**
 * Sends each item of a snapshot to the node that owns its key, as a snapshot for that node. It has
 * a section for each section of the file, so every node gets the last CAS ids of all nodes.
 */
export class RestoreRoutes implements SnapshotReceiver {
  readonly #distribution: Distribution;
  readonly #requests: readonly Writable[];
  readonly #id = randomBytes(ID_BYTES);
  #section = -1;
  #encoders: readonly SnapshotEncoder[] = [];
  #large: SnapshotEncoder | undefined;

  constructor(distribution: Distribution, requests: readonly Writable[]) {
    this.#distribution = distribution;
    this.#requests = requests;
  }

  facts({ lastCas }: SnapshotFacts): void {
    this.#begin(lastCas);
  }

  item(item: SnapshotItem, bytes: Buffer, keyAt: number, valueAt: number): void {
    this.begin(item, bytes, keyAt);
    this.piece(bytes, valueAt, valueAt + item.valueBytes);
  }

  begin(item: SnapshotItem, bytes: Buffer, keyAt: number): void {
    const owner = this.#distribution.ownerOf(bytes.subarray(keyAt, keyAt + item.keyBytes));
    // The header of a damaged file may be missing.
    if (this.#encoders.length === 0) this.#begin(0);
    this.#large = this.#encoders[owner]!;
    this.#large.beginItem(item, bytes, keyAt);
  }

  piece(bytes: Buffer, start: number, end: number): void {
    this.#large?.addPiece(bytes, start, end);
  }

  commit(): void {
    this.#large = undefined;
  }

  drop(): void {
    this.#large?.dropItem();
    this.#large = undefined;
  }

  /** Resolves once all nodes have taken enough of what was sent. */
  async drained(): Promise<void> {
    const full = this.#requests.filter(({ writableNeedDrain }) => writableNeedDrain);
    await Promise.all(full.map((request) => once(request, 'drain')));
  }

  finish(): void {
    if (this.#encoders.length === 0) this.#begin(0);
    for (const encoder of this.#encoders) encoder.finish();
    for (const request of this.#requests) request.end();
  }

  #begin(lastCas: number): void {
    for (const encoder of this.#encoders) encoder.finish();
    const created = Math.floor(machineClock.nowMs() / 1000);
    const program = packageVersion();
    const facts = { created, program, node: '', items: 0, lastCas, options: {} };
    const name = { id: this.#id, section: ++this.#section };
    this.#encoders = this.#requests.map((request) => {
      const write = (bytes: Buffer) => void request.write(Buffer.from(bytes));
      return new SnapshotEncoder(write, facts, 'none', name);
    });
  }
}
