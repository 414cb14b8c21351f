import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';
import { answersAll, line, type NodeAt, TextConnection, value } from './text-connection.ts';
import { waitUntil } from './wait.ts';

export const COUNTERS = 40;
const WRONG_MAX = 20;
/** In `async` mode a node that dies may take changes of so long with it. */
const LOST_MS = 2000;
const FILL_BATCH = 500;
const RECONNECT_MS = 20;

/** What clients saw that may not happen, or may. */
export interface LoadCounts {
  reads: number;
  writes: number;
  increments: number;
  misses: number;
  /**
   * Reads of a value that is older than the last one that was acknowledged before the read, unless
   * its write got no reply: that one may take effect at any time.
   */
  stale: number;
  /** Increments that were acknowledged and are not in the counter. */
  lostIncrements: number;
  /** Counters that are above all increments that were sent. */
  extraIncrements: number;
  /** Replies with an error, and lost connections. */
  errors: number;
  /** Those while no disturbance was under way: see {@link ClusterLoad.rest}. */
  errorsAtRest: number;
  readonly messages: Set<string>;
  /** The first of the stale and missing values, and errors at rest, with what happened before. */
  readonly wrong: string[];
}

export interface LoadOptions {
  /** Of each value: its number, filled up. */
  readonly valueBytes?: number;
  /** Whether a node that dies may take its last changes with it. */
  readonly isAsync?: boolean;
  /** Whether the cluster is full: keys may be missing, and counters are not used. */
  readonly isFull?: boolean;
  /** So long each client rests after a reply; it does not if not said. */
  readonly restMs?: number;
}

/** What is acknowledged at one time: of keys and of counters. */
interface Acknowledged {
  readonly atMs: number;
  readonly keys: readonly number[];
  readonly counters: readonly number[];
}

/**
 * Readers, writers and counters on all nodes of a cluster, and what they may expect: a key has the
 * last acknowledged value, or one that was written later.
 */
export class ClusterLoad {
  readonly counts: LoadCounts = {
    reads: 0,
    writes: 0,
    increments: 0,
    misses: 0,
    stale: 0,
    lostIncrements: 0,
    extraIncrements: 0,
    errors: 0,
    errorsAtRest: 0,
    messages: new Set(),
    wrong: [],
  };
  readonly #ports: readonly NodeAt[];
  readonly #random: Random;
  /** By key: the number of the last value that was sent, and of the last acknowledged one. */
  readonly #sent: number[];
  readonly #acknowledged: number[];
  readonly #increments = new Array<number>(COUNTERS).fill(0);
  readonly #unsure = new Array<number>(COUNTERS).fill(0);
  /** Writes without a good reply, as `key number`. */
  readonly #unsureWrites = new Set<string>();
  readonly #options: LoadOptions;
  #past: Acknowledged[] = [];
  #isRunning = true;
  #isAtRest = true;
  /** Of the disturbances so far. */
  #count = 0;
  #event = 'the start';
  #eventMs = 0;
  #lastErrorMs = 0;
  #workers: Promise<void>[] = [];

  constructor(ports: readonly NodeAt[], keys: number, random: Random, options: LoadOptions = {}) {
    this.#ports = ports;
    this.#random = random;
    this.#options = options;
    this.#sent = new Array<number>(keys).fill(1);
    this.#acknowledged = new Array<number>(keys).fill(1);
  }

  get operations(): number {
    const { reads, writes, increments } = this.counts;
    return reads + writes + increments;
  }

  /** Waits until clients have had so many more replies. */
  async replies(count: number): Promise<void> {
    const until = this.operations + count;
    await waitUntil(
      `${count} replies after ${this.#event}`,
      () => this.operations >= until,
      60_000,
    );
  }

  /** From here on clients may see errors. Call it in the same turn as what disturbs them. */
  disturb(event: string): void {
    this.#isAtRest = false;
    this.#count++;
    this.#event = event;
    this.#eventMs = performance.now();
    this.#lastErrorMs = this.#eventMs;
    if (this.#options.isAsync === true) this.#allowLosses();
  }

  /** The cluster is whole again: no client sees errors. Returns for how long clients saw them. */
  rest(): number {
    this.#isAtRest = true;
    return this.#lastErrorMs - this.#eventMs;
  }

  /** Stores all keys and counters, once each node answers: it may wait for promises of others. */
  async fill(): Promise<void> {
    for (const at of this.#ports) {
      await waitUntil('the node answers', () => answersAll(at), 60_000);
    }
    const connection = this.#connect();
    for (let from = 0; from < this.#sent.length; from += FILL_BATCH) {
      const until = Math.min(this.#sent.length, from + FILL_BATCH);
      const keys = Array.from({ length: until - from }, (_, nth) => from + nth);
      await Promise.all(keys.map((key) => connection.send(this.#setOf(key, 1), line)));
    }
    for (let nth = 0; nth < COUNTERS; nth++) await connection.send(setOf(`c${nth}`, '0'), line);
    connection.close();
  }

  start(): void {
    const writers = Array.from({ length: 3 }, (_, nth) =>
      this.#work((c) => this.#write(c, nth, 3)),
    );
    const readers = Array.from({ length: 4 }, () => this.#work((c) => this.#read(c)));
    const counting = this.#options.isFull === true ? 0 : 2;
    const counters = Array.from({ length: counting }, () => this.#work((c) => this.#raise(c)));
    this.#workers = [...writers, ...readers, ...counters, this.#remember()];
  }

  /** Ends the load of a test that has failed. */
  end(): Promise<unknown> {
    this.#isRunning = false;
    return Promise.all(this.#workers);
  }

  /** Ends the load, and reads every key and counter. */
  async stop(): Promise<LoadCounts> {
    await this.end();
    const connection = this.#connect();
    const keys = [...this.#sent.keys()];
    for (let from = 0; from < keys.length; from += FILL_BATCH) {
      const batch = keys.slice(from, from + FILL_BATCH);
      await Promise.all(batch.map((key) => this.#readKey(connection, key)));
    }
    for (let nth = 0; nth < COUNTERS && this.#options.isFull !== true; nth++) {
      const found = Number(await connection.send(`get c${nth}\r\n`, value));
      const least = this.#increments[nth]!;
      this.counts.lostIncrements += Math.max(0, least - found);
      this.counts.extraIncrements += Math.max(0, found - least - this.#unsure[nth]!);
    }
    connection.close();
    return this.counts;
  }

  #connect = (): TextConnection => new TextConnection(this.#random.pick(this.#ports));

  async #work(step: (connection: TextConnection) => Promise<void>): Promise<void> {
    let connection = this.#connect();
    while (this.#isRunning) {
      const isAtRest = this.#isAtRest;
      const count = this.#count;
      await step(connection).catch((error: Error) =>
        this.#failed(error.message, isAtRest && count === this.#count),
      );
      if (this.#options.restMs !== undefined) await sleep(this.#options.restMs);
      if (!connection.isClosed) continue;
      await sleep(RECONNECT_MS);
      connection = this.#connect();
    }
    connection.close();
  }

  /** Each writer has keys of its own, so the order of its writes is known. */
  async #write(connection: TextConnection, nth: number, writers: number): Promise<void> {
    const slots = Math.floor(this.#sent.length / writers);
    const key = this.#random.int(0, slots - 1) * writers + nth;
    const number = ++this.#sent[key]!;
    this.#unsureWrites.add(`${key} ${number}`);
    const before = this.#count;
    const reply = await connection.send(this.#setOf(key, number), line);
    if (reply !== 'STORED') throw new Error(reply);
    this.counts.writes++;
    this.#unsureWrites.delete(`${key} ${number}`);
    if (this.#isHeldSince(before)) this.#acknowledged[key] = number;
  }

  #read(connection: TextConnection): Promise<void> {
    return this.#readKey(connection, this.#random.int(0, this.#sent.length - 1));
  }

  async #readKey(connection: TextConnection, key: number): Promise<void> {
    const least = this.#acknowledged[key]!;
    const reply = await connection.send(`get k${key}\r\n`, value);
    this.counts.reads++;
    const found = Number.parseInt(reply, 10);
    if (reply === '') {
      this.counts.misses++;
      if (this.#options.isFull !== true) this.#sawWrong(`k${key} is missing`);
    } else if (Number.isNaN(found)) throw new Error(reply);
    else if (
      found < Math.min(least, this.#acknowledged[key]!) &&
      !this.#unsureWrites.has(`${key} ${found}`)
    ) {
      this.counts.stale++;
      this.#sawWrong(`k${key} is ${found}, and ${least} was acknowledged`);
    }
  }

  async #raise(connection: TextConnection): Promise<void> {
    const nth = this.#random.int(0, COUNTERS - 1);
    this.#unsure[nth]!++;
    const before = this.#count;
    const reply = await connection.send(`incr c${nth} 1\r\n`, line);
    if (!/^\d+$/.test(reply)) throw new Error(reply);
    this.counts.increments++;
    if (!this.#isHeldSince(before)) return;
    this.#unsure[nth]!--;
    this.#increments[nth]!++;
  }

  /** Whether a change that was sent then survives the death of a node. */
  #isHeldSince(count: number): boolean {
    return this.#options.isAsync !== true || count === this.#count;
  }

  /** Remembers what was acknowledged, once a second. */
  async #remember(): Promise<void> {
    while (this.#isRunning && this.#options.isAsync === true) {
      const [keys, counters] = [[...this.#acknowledged], [...this.#increments]];
      this.#past.push({ atMs: performance.now(), keys, counters });
      const old = this.#past.findLastIndex(({ atMs }) => this.#isOld(atMs));
      this.#past = this.#past.slice(Math.max(0, old));
      await sleep(1000);
    }
  }

  #isOld = (atMs: number): boolean => performance.now() - atMs >= LOST_MS;

  /** Only what was acknowledged some time before the death must be there. */
  #allowLosses(): void {
    const past = this.#past.findLast(({ atMs }) => this.#isOld(atMs));
    for (const key of this.#acknowledged.keys()) this.#acknowledged[key] = past?.keys[key] ?? 1;
    for (const nth of this.#increments.keys()) {
      const kept = past?.counters[nth] ?? 0;
      this.#unsure[nth]! += this.#increments[nth]! - kept;
      this.#increments[nth] = kept;
    }
  }

  #setOf(key: number, number: number): string {
    return setOf(`k${key}`, `${number}`.padEnd(this.#options.valueBytes ?? 0));
  }

  #sawWrong(what: string): void {
    if (this.counts.wrong.length >= WRONG_MAX) return;
    const afterMs = Math.round(performance.now() - this.#eventMs);
    this.counts.wrong.push(`${what}, ${afterMs} ms after ${this.#event}`);
  }

  #failed(message: string, wasAtRest: boolean): void {
    this.counts.errors++;
    this.#lastErrorMs = performance.now();
    if (wasAtRest) {
      this.counts.errorsAtRest++;
      this.#sawWrong(message);
    }
    if (this.counts.messages.size < 20) this.counts.messages.add(message);
  }
}

const setOf = (key: string, data: string): string => `set ${key} 0 0 ${data.length}\r\n${data}\r\n`;
