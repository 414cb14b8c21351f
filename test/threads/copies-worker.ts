/** One of several threads of a node that take the states of one primary. */
import { parentPort, workerData } from 'node:worker_threads';
import { BufferView, ByteSink } from '../../src/base/index.ts';
import { type ItemState, newItemState, openStore, type StoreShare } from '../../src/store/index.ts';
import { valueText } from '../support/copy-node.ts';
import { Random } from '../support/random.ts';
import { isChecked } from './checked-value.ts';
import { keyAt, valueAt } from './copy-states.ts';

export interface CopiesJob {
  readonly share: StoreShare;
  readonly slots: Uint32Array;
  readonly thread: number;
  readonly threads: number;
  readonly keys: readonly string[];
  /** The states have the read numbers 1 … `states`, and each thread takes its part of them. */
  readonly states: number;
  readonly seed: number;
}

export interface CopiesResult {
  /** The highest read number that the thread took, by key. */
  readonly taken: ReadonlyMap<string, number>;
  readonly refusals: number;
  /** What a read found that is no value of its key with its number. */
  readonly wrong: readonly string[];
}

/** How far a state may come out of its order. */
const DISORDER = 30;

function fill(state: ItemState, key: string, number: number): void {
  const view = new BufferView();
  const value = valueAt(key, number);
  state.keySource = Buffer.from(key);
  state.keyBytes = key.length;
  state.readLow = number;
  state.casLow = number;
  state.exists = value !== undefined;
  view.show(Buffer.from(value ?? ''));
  state.value = view;
  state.valueBytes = view.bytes.length;
}

function run({ share, slots, thread, threads, keys, states, seed }: CopiesJob): CopiesResult {
  const random = new Random(seed + thread);
  const copies = openStore(share, thread).copies(slots);
  const count = Math.floor(states / threads);
  const numbers = Array.from({ length: count }, (_, nth) => nth * threads + thread + 1);
  const places = new Map(numbers.map((number) => [number, number + random.int(0, DISORDER)]));
  numbers.sort((a, b) => places.get(a)! - places.get(b)!);
  const taken = new Map<string, number>();
  const wrong: string[] = [];
  const state = newItemState();
  const sink = new ByteSink(64);
  let refusals = 0;
  for (const number of numbers) {
    const key = keyAt(keys, number);
    fill(state, key, number);
    if (copies.take(state) === 'refused') refusals++;
    else taken.set(key, Math.max(number, taken.get(key) ?? 0));
    const other = random.pick(keys);
    sink.at = 0;
    copies.read(Buffer.from(other), 0, other.length, state, sink);
    if (!state.exists) continue;
    const value = valueText(state);
    const isRight = isChecked(other, value) && value.includes(` ${other} ${state.casLow} `);
    if (!isRight) wrong.push(`${other} ${state.casLow}: ${value.slice(0, 100)}`);
  }
  return { taken, refusals, wrong };
}

parentPort?.postMessage(run(workerData as CopiesJob));
