import { ByteSink } from '../../base/index.ts';
import type { KeptChanges } from '../../server/index.ts';
import { KeyBatch } from './key-batch.ts';

const STATES_BYTES_MIN = 4096;

/** Keys with their states, in the same order. */
class StateBatch {
  readonly keys = new KeyBatch();
  readonly states = new ByteSink(STATES_BYTES_MIN);
}

/** What one input has changed, for each receiver, which is an index of the topology. */
export class NotedChanges {
  isEmpty = true;
  /** The states of these keys are read when they are sent. */
  readonly #keys: (KeyBatch | undefined)[] = [];
  readonly #states: (StateBatch | undefined)[] = [];

  add(receivers: readonly number[], bytes: Buffer, start: number, end: number): void {
    for (const receiver of receivers) {
      const keys = this.#keys[receiver] ?? new KeyBatch();
      this.#keys[receiver] = keys;
      keys.add(bytes, start, end);
      this.isEmpty = false;
    }
  }

  /** Adds changes that all have the same receivers, which share one batch. */
  addAll(receivers: readonly number[], changes: KeptChanges): void {
    if (receivers.length === 0) return;
    const batch = this.#states[receivers[0]!] ?? new StateBatch();
    const bytes = changes.stateEnd(changes.count - 1);
    batch.keys.addAll(changes);
    batch.states.ensure(bytes);
    batch.states.putRange(changes.states, 0, bytes);
    for (const receiver of receivers) this.#states[receiver] = batch;
    this.isEmpty = false;
  }

  /** Adds change number `nth`. */
  addOne(receivers: readonly number[], changes: KeptChanges, nth: number): void {
    const start = nth === 0 ? 0 : changes.stateEnd(nth - 1);
    const end = changes.stateEnd(nth);
    for (const receiver of receivers) {
      const batch = this.#states[receiver] ?? new StateBatch();
      this.#states[receiver] = batch;
      batch.keys.append(changes.keys, nth === 0 ? 0 : changes.keyEnd(nth - 1), changes.keyEnd(nth));
      batch.states.ensure(end - start);
      batch.states.putRange(changes.states, start, end);
      this.isEmpty = false;
    }
  }

  /** Calls `visit` for each batch of each receiver; `states` has the states of its keys. */
  each(visit: (receiver: number, keys: KeyBatch, states?: Buffer) => void): void {
    for (const [receiver, batch] of this.#states.entries()) {
      if (batch === undefined) continue;
      visit(receiver, batch.keys, batch.states.bytes.subarray(0, batch.states.at));
    }
    for (const [receiver, keys] of this.#keys.entries()) {
      if (keys !== undefined) visit(receiver, keys);
    }
  }
}
