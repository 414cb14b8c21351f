import { expect } from 'vitest';
import { ByteSink } from '../../src/base/index.ts';
import { type ItemState, KEY_VERDICT, type Taken } from '../../src/store/index.ts';
import { audit } from '../support/audit.ts';
import { CopyNode, markCopies, slotOfKey, valueText } from '../support/copy-node.ts';
import type { Random } from '../support/random.ts';
import type { StoreOptions } from '../support/session-harness.ts';

const WORD = 2 ** 32;

/** A state on its way to the receiver. */
interface Sent {
  readonly key: string;
  readonly state: ItemState;
}

/** What a client would see of a state, but for the time left. */
export function seen(state: ItemState): string {
  if (!state.exists) return 'absent';
  const { ownCas, casHigh, casLow, ownCasHigh, ownCasLow } = state;
  const cas = ownCas ? [ownCasHigh, ownCasLow] : [casHigh, casLow];
  const { clientFlags, isStale, isLeased, keyBinary } = state;
  return JSON.stringify({
    cas,
    clientFlags,
    isStale,
    isLeased,
    keyBinary,
    value: valueText(state),
  });
}

const numberOf = ({ high, low }: { high: number; low: number }): number => high * WORD + low;
const readNumber = ({ readHigh, readLow }: ItemState): number => readHigh * WORD + readLow;
const casNumber = ({ casHigh, casLow }: ItemState): number => casHigh * WORD + casLow;
const slotNumber = ({ slotHigh, slotLow }: ItemState): number => slotHigh * WORD + slotLow;

/**
 * A primary and a receiver with several threads each. The states of each thread arrive in their
 * order; those of different threads in any order, and any of them twice. The model of the receiver:
 * the highest read number of each slot, and of each key the state that was taken last.
 */
export class CopyPair {
  primary: CopyNode;
  receiver: CopyNode;
  refusals = 0;
  failures = 0;
  readonly #random: Random;
  readonly #options: Partial<StoreOptions>;
  readonly #queues: readonly Sent[][];
  readonly #slots = new Map<number, number>();
  readonly #taken = new Map<string, ItemState | undefined>();
  /** Of the receiver. */
  #flushedUpTo = 0;

  constructor(random: Random, threads: number, options: Partial<StoreOptions>) {
    this.#random = random;
    this.#options = { ...options, threads };
    this.#queues = Array.from({ length: threads }, () => []);
    this.primary = new CopyNode(this.#options);
    this.receiver = new CopyNode(this.#options);
  }

  /** Sends a request to the primary, and the state of its key from any thread. */
  change(key: string, request: string): void {
    this.primary.send(request);
    this.sync(key);
  }

  /** Sends the state that a key has now. */
  sync(key: string, thread = this.#random.int(0, this.#queues.length - 1)): void {
    const state = this.primary.read(key, new ByteSink(8), this.primary.threads[thread]!);
    this.#queues[thread]!.push({ key, state });
  }

  /** Lets the next state of any thread arrive. False if none is on its way. */
  deliver(): boolean {
    const waiting = this.#queues.flatMap((queue, thread) => (queue.length > 0 ? [thread] : []));
    if (waiting.length === 0) return false;
    const thread = this.#random.pick(waiting);
    const sent = this.#queues[thread]!.shift()!;
    this.#take(sent, thread);
    if (this.#random.oneIn(8)) this.#queues[this.#random.pick(waiting)]!.push(sent);
    return true;
  }

  deliverAll(): void {
    while (this.deliver());
  }

  /** Flushes both up to the highest number of either, with states on the way and in between. */
  flush(): void {
    const nodes = [this.primary, this.receiver];
    const highest = Math.max(...nodes.map(({ copies }) => numberOf(copies.sequence())));
    for (const node of this.#random.oneIn(2) ? nodes : nodes.toReversed()) {
      node.copies.flushUpTo(Math.floor(highest / WORD), highest % WORD);
      if (node === this.receiver) this.#forgetUpTo(highest);
      for (let nth = this.#random.int(0, 10); nth > 0; nth--) this.deliver();
    }
  }

  /**
   * The primary dies with the states that it has not sent, unless its receiver has taken none at
   * all. An empty node is the new receiver.
   */
  failOver(): void {
    if (this.#slots.size === 0) return;
    for (const queue of this.#queues) queue.length = 0;
    const drawn = readNumber(this.primary.read('any'));
    this.primary = this.receiver;
    this.primary.copies.skipSequence();
    expect(readNumber(this.primary.read('any'))).toBeGreaterThan(drawn);
    markCopies(this.primary.store, () => false);
    this.receiver = new CopyNode(this.#options);
    this.#slots.clear();
    this.#taken.clear();
    this.#flushedUpTo = 0;
    this.fill();
  }

  /** Sends all that the primary has. */
  fill(): void {
    const walk = this.primary.store.walkKeys();
    const keys: string[] = [];
    const visit = (bytes: Buffer, start: number, end: number) => {
      keys.push(bytes.toString('latin1', start, end));
      return KEY_VERDICT.keep;
    };
    while (!walk.isDone) walk.step(1000, visit);
    for (const key of keys) this.sync(key, 0);
  }

  /**
   * Checks, with no state on its way, that the receiver has what the primary has, or nothing;
   * nothing is right only if the item can have expired, or `mayMiss`.
   */
  check(keys: readonly string[], mayMiss: boolean): void {
    for (const key of keys) {
      const last = this.#taken.get(key);
      const own = this.primary.read(key);
      const copy = this.receiver.read(key);
      if (own.exists && last !== undefined) expect(seen(own), key).toBe(seen(last));
      if (copy.exists) {
        expect(seen(copy), key).toBe(last === undefined ? 'nothing' : seen(last));
        expect(this.receiver.isCopy(key), key).toBe(true);
      } else if (last?.exists === true && !mayMiss) expect(last.expiry, key).toBeGreaterThan(0);
    }
    for (const node of [this.primary, this.receiver]) expect(audit(node.parts)).toEqual([]);
  }

  #take({ key, state }: Sent, thread: number): void {
    const slot = slotOfKey(this.receiver.store, key);
    const highest = this.#slots.get(slot) ?? 0;
    const result = this.receiver.threads[thread]!.take(state);
    expect(result === 'refused', `${key}: ${readNumber(state)} after ${highest}`).toBe(
      readNumber(state) < highest,
    );
    if (result === 'refused') this.#sendAgain(key, state, highest);
    else this.#checkTaken(key, state, slot, result);
  }

  #sendAgain(key: string, state: ItemState, highest: number): void {
    this.refusals++;
    expect(slotNumber(state)).toBe(highest);
    this.primary.copies.raiseSequence(state.slotHigh, state.slotLow);
    this.sync(key);
  }

  #checkTaken(key: string, state: ItemState, slot: number, result: Taken): void {
    this.#slots.set(slot, readNumber(state));
    const copy = this.receiver.read(key);
    if (result === 'noMemory') {
      this.failures++;
      this.#taken.set(key, undefined);
      expect(copy.exists, key).toBe(false);
      return;
    }
    const { clock } = this.receiver.parts;
    const isExpired = state.expiry !== 0 && state.expiry <= clock.epoch() + clock.now();
    const isFlushed = state.exists && casNumber(state) <= this.#flushedUpTo;
    const isHidden = isFlushed || isExpired;
    this.#taken.set(key, isFlushed ? undefined : state);
    expect(seen(copy), key).toBe(isHidden ? 'absent' : seen(state));
    if (isHidden || !state.exists) return;
    expect(copy, key).toMatchObject({ expiry: state.expiry, hits: state.hits });
    expect(this.receiver.isCopy(key), key).toBe(true);
  }

  #forgetUpTo(highest: number): void {
    this.#flushedUpTo = highest;
    for (const [key, state] of this.#taken) {
      if (state !== undefined && casNumber(state) <= highest) this.#taken.set(key, undefined);
    }
  }
}
