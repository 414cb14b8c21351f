import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import { machineClock } from '../../base/index.ts';
import { packageVersion } from '../../node/index.ts';
import { SnapshotEncoder, type SnapshotItem, type SnapshotReceiver } from '../../ops/index.ts';
import type { Distribution } from '../../topology/index.ts';

/**
 * Sends each item of a snapshot to the node that owns its key, as a snapshot for that node.
 */
export class RestoreRoutes implements SnapshotReceiver {
  readonly #distribution: Distribution;
  readonly #requests: readonly ClientRequest[];
  readonly #encoders: readonly SnapshotEncoder[];
  #large: SnapshotEncoder | undefined;

  constructor(distribution: Distribution, requests: readonly ClientRequest[]) {
    const created = Math.floor(machineClock.nowMs() / 1000);
    const program = packageVersion();
    const facts = { created, program, node: '', items: 0, lastCas: 0, options: {} };
    this.#distribution = distribution;
    this.#requests = requests;
    this.#encoders = requests.map((request) => {
      const write = (bytes: Buffer) => void request.write(Buffer.from(bytes));
      return new SnapshotEncoder(write, facts, 'none');
    });
  }

  facts(): void {}

  item(item: SnapshotItem, bytes: Buffer, keyAt: number, valueAt: number): void {
    this.begin(item, bytes, keyAt);
    this.piece(bytes, valueAt, valueAt + item.valueBytes);
  }

  begin(item: SnapshotItem, bytes: Buffer, keyAt: number): void {
    const owner = this.#distribution.ownerOf(bytes.subarray(keyAt, keyAt + item.keyBytes));
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
    for (const encoder of this.#encoders) encoder.finish();
    for (const request of this.#requests) request.end();
  }
}
