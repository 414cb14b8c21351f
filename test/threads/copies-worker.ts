/** One of several threads of a node that take the states of one primary, or of a primary. */
import { parentPort, workerData } from 'node:worker_threads';
import { BufferView, ByteSink } from '../../src/base/index.ts';
import { type ItemState, newItemState, type StoreShare } from '../../src/store/index.ts';
import { valueText } from '../support/copy-node.ts';
import { Random } from '../support/random.ts';
import { SessionHarness } from '../support/session-harness.ts';
import { isChecked } from './checked-value.ts';
import { keyAt, valueAt } from './copy-states.ts';

export interface CopiesJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly threads: number;
  readonly keys: readonly string[];
  /** The states have the read numbers 1 … `states`, and each thread takes its part of them. */
  readonly states: number;
  readonly seed: number;
  readonly role: 'primary' | 'receiver';
}

export interface CopiesResult {
  /** The highest read number that the thread took, by key. */
  readonly taken: ReadonlyMap<string, number>;
  readonly refusals: number;
  /** What a read found that is no value of its key with its number. */
  readonly wrong: readonly string[];
  /** The read number and the CAS id of each state that a primary read, by key. */
  readonly reads: ReadonlyMap<string, readonly (readonly [number: number, cas: number])[]>;
}

/** How far a state may come out of its order. */
const DISORDER = 30;

const job = workerData as CopiesJob;
const random = new Random(job.seed + job.thread);
const harness = new SessionHarness(job.share, job.thread);
const copies = harness.store.copies();
const state = newItemState();
const sink = new ByteSink(64);

function read(key: string): ItemState {
  sink.at = 0;
  copies.read(Buffer.from(key), 0, key.length, state, sink);
  return state;
}

function take(key: string, number: number): boolean {
  const view = new BufferView();
  const value = valueAt(key, number);
  state.keySource = Buffer.from(key);
  state.keyStart = 0;
  state.keyBytes = key.length;
  state.readLow = number;
  state.casLow = number;
  state.exists = value !== undefined;
  view.show(Buffer.from(value ?? ''));
  state.value = view;
  state.valueStart = 0;
  state.valueBytes = view.bytes.length;
  return copies.take(state) !== 'refused';
}

/** The numbers of this thread, a little out of their order. */
function ownNumbers(): readonly number[] {
  const { states, threads, thread } = job;
  const count = Math.floor(states / threads);
  const numbers = Array.from({ length: count }, (_, nth) => nth * threads + thread + 1);
  const places = new Map(numbers.map((number) => [number, number + random.int(0, DISORDER)]));
  return numbers.toSorted((a, b) => places.get(a)! - places.get(b)!);
}

function receive(): CopiesResult {
  const taken = new Map<string, number>();
  const wrong: string[] = [];
  let refusals = 0;
  for (const number of ownNumbers()) {
    const key = keyAt(job.keys, number);
    if (take(key, number)) taken.set(key, Math.max(number, taken.get(key) ?? 0));
    else refusals++;
    const other = random.pick(job.keys);
    if (!read(other).exists) continue;
    const value = valueText(state);
    const isRight = isChecked(other, value) && value.includes(` ${other} ${state.casLow} `);
    if (!isRight) wrong.push(`${other} ${state.casLow}: ${value.slice(0, 100)}`);
  }
  return { taken, refusals, wrong, reads: new Map() };
}

/** Changes keys that other threads change, too, and reads their states. */
function change(): CopiesResult {
  const reads = new Map(job.keys.map((key) => [key, [] as (readonly [number, number])[]]));
  for (let nth = 0; nth < job.states / job.threads; nth++) {
    const key = random.pick(job.keys);
    harness.send(`set ${key} 0 0 1\r\nv\r\n`);
    const { readLow, casLow } = read(key);
    reads.get(key)!.push([readLow, casLow]);
  }
  return { taken: new Map(), refusals: 0, wrong: [], reads };
}

parentPort?.postMessage(job.role === 'receiver' ? receive() : change());
