/**
 * The same requests to a session in a cluster and to one alone: the same bytes must come back, in
 * the same order, wherever the keys are and in whatever order the other nodes reply.
 */
import { expect, test } from 'vitest';
import { DIALECT } from '../../src/protocol/index.ts';
import { PLACE } from '../../src/server/session/cluster-seat.ts';
import { STATE } from '../../src/server/session/states.ts';
import { OP, packetsOf } from '../support/binary-wire.ts';
import { ClusterConnection, ROOM } from '../support/cluster-connection.ts';
import { ManualSeat } from '../support/manual-seat.ts';
import { Random, testSeed } from '../support/random.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';
import { binaryRequest, textRequest } from './cluster-requests.ts';

const CASES = Number(process.env['CLUSTER_CASES'] ?? 60);
const OTHER_NODES = 3;
/** A connection that sends nothing in so many turns waits for something. */
const IDLE_TURNS = 20;
const NEVER = 2 ** 31;
const STEPS_MAX = 200_000;
const TIMEOUT_MS = 600_000;
const seed = testSeed();

/** Only a node knows its CAS ids. */
function withoutCas(replies: string, isText: boolean): string {
  if (isText) return replies.replaceAll(/^(VALUE \S+ \d+ \d+) \d+(?=\r\n)/gm, '$1 #');
  const bytes = Buffer.from(replies, 'latin1');
  const { packets, rest } = packetsOf(bytes);
  return JSON.stringify([packets.map((parts) => ({ ...parts, cas: 0 })), rest], (_, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
}

/** What a session alone replies. */
function repliesAlone(input: Buffer): string {
  const { reply } = new SessionHarness(testShare(ROOM), 0).feedAll(input);
  return reply;
}

/** Which keys are where, and what the cluster does while a case runs. */
class Schedule {
  readonly seat = new ManualSeat();
  readonly cluster = new ClusterConnection(this.seat, OTHER_NODES);
  readonly #random: Random;
  readonly #places = new Map<string, number>();
  readonly #undecided = new Set<string>();
  readonly #copies = new Map<string, string>();

  constructor(random: Random) {
    this.#random = random;
    const here = random.pick([0, 0.3, 0.7]);
    const undecidedTimes = random.pick([3, 20, NEVER]);
    // The fast path does not ask where keys are.
    if (undecidedTimes === NEVER) this.seat.fast = random.pick(['off', 'readHits', 'hits']);
    const waitTimes = random.pick([1, 3, NEVER]);
    this.seat.homeOf = (key) => this.#homeOf(key, here);
    this.seat.placeOf = (key) => {
      const home = this.#homeOf(key, here);
      return this.#undecided.has(key) ? PLACE.undecided : home;
    };
    this.seat.mustWait = () => random.oneIn(waitTimes);
    this.seat.onSeal = (changes) => {
      for (const key of changes) this.#copies.set(key, this.#stateOf(key));
      // A key whose value arrives stays here: see cluster-routing.test.ts for one that moves.
      const isReceiving = this.cluster.connection.session.state === STATE.receiving;
      if (!isReceiving && random.oneIn(undecidedTimes))
        this.#undecided.add(`key${random.int(0, 11)}`);
      if (random.oneIn(30)) this.seat.version++;
    };
  }

  #homeOf(key: string, here: number): number {
    let place = this.#places.get(key);
    if (place === undefined) {
      const isHere = this.#random.fraction() < here;
      place = isHere ? PLACE.here : this.#random.int(1, OTHER_NODES);
      this.#places.set(key, place);
    }
    return place;
  }

  /** One thing happens; returns whether anything could. */
  async step(hasInput: () => boolean, feed: () => void): Promise<boolean> {
    const random = this.#random;
    const { seat, cluster } = this;
    const possible = [
      ...(cluster.takesInput && hasInput() ? [feed] : []),
      ...(seat.forwarded.length > 0
        ? [() => cluster.execute(random.pick(seat.forwarded).member)]
        : []),
      ...(seat.replies.length > 0 ? [() => takeRandom(random, seat.replies)!()] : []),
      ...(seat.acknowledgements.length > 0
        ? [() => takeRandom(random, seat.acknowledgements)!()]
        : []),
      ...(seat.decisions.length > 0 ? [() => this.#decide()] : []),
      ...(seat.flushes.length > 0 ? [() => takeRandom(random, seat.flushes)!()] : []),
      ...(cluster.isBlocked ? [() => cluster.drain()] : []),
    ];
    if (random.oneIn(8)) cluster.isReading = false;
    if (possible.length === 0) return this.#hasYielded();
    random.pick(possible)();
    await cluster.settle();
    return true;
  }

  /** Gives the connection its turns; returns whether it has used them. */
  async #hasYielded(): Promise<boolean> {
    const { cluster } = this;
    const { length } = cluster.received;
    for (let turn = 0; turn < IDLE_TURNS; turn++) {
      await cluster.settle();
      if (cluster.received.length > length || cluster.isBlocked) return true;
    }
    return false;
  }

  #decide(): void {
    this.#undecided.clear();
    takeRandom(this.#random, this.seat.decisions)!.resolve();
  }

  /** The state of an item here, read without a change. */
  #stateOf(key: string): string {
    const undecided = [...this.#undecided];
    this.#undecided.clear();
    const line = Buffer.from(`mg ${key} v f t u\r\n`);
    const reply = this.cluster.nodes[0]!.answer(DIALECT.meta, 'readonly', line).toString('latin1');
    for (const one of undecided) this.#undecided.add(one);
    return reply;
  }

  /** Each key here whose state differs from what was sent at the last report of a change. */
  get unreported(): readonly string[] {
    this.#undecided.clear();
    return [...this.#places]
      .filter(([, place]) => place === PLACE.here)
      .map(([key]) => key)
      .filter((key) => this.#stateOf(key) !== (this.#copies.get(key) ?? 'EN\r\n'));
  }
}

function takeRandom<T>(random: Random, list: T[]): T | undefined {
  return list.splice(random.int(0, list.length - 1), 1)[0];
}

async function runCase(random: Random, isText: boolean): Promise<void> {
  const count = random.pick([3, 20, 80]);
  const requests = Array.from({ length: count }, () =>
    isText ? Buffer.from(textRequest(random), 'latin1') : binaryRequest(random),
  );
  const input = Buffer.concat(requests);
  const schedule = new Schedule(random);
  const pieceBytes = random.pick([7, 200, 65_536, 65_536]);
  let at = 0;
  const hasInput = (): boolean => at < input.length;
  const feed = (): void => {
    const bytes = input.length > 100_000 ? 65_536 : random.int(1, pieceBytes);
    const end = Math.min(input.length, at + bytes);
    schedule.cluster.send(input.subarray(at, end));
    at = end;
  };
  let steps = 0;
  while (await schedule.step(hasInput, feed)) expect(++steps, 'steps').toBeLessThan(STEPS_MAX);
  expect(at, 'bytes sent').toBe(input.length);
  const expected = withoutCas(repliesAlone(input), isText);
  const received = withoutCas(schedule.cluster.received, isText);
  if (received !== expected) expect(shortened(received)).toBe(shortened(expected));
  expect(schedule.cluster.end).toBe('open');
  const flushes = (bytes: Buffer): boolean =>
    bytes.includes('flush_all') || (!isText && (bytes[1] === OP.flush || bytes[1] === OP.flushq));
  // The fast path reports no changes: it writes only if nobody needs to know them.
  if (schedule.seat.fast !== 'hits' && !requests.some(flushes)) {
    expect(schedule.unreported).toEqual([]);
  }
}

const shortened = (text: string): string => text.replaceAll(/([abc])\1{50,}/g, '$1…');

test(
  `a session in a cluster replies as one alone (seed ${seed})`,
  async () => {
    for (let nth = 0; nth < CASES; nth++) {
      const random = new Random(seed).fork(nth);
      try {
        await runCase(random, nth % 3 !== 0);
      } catch (error) {
        throw new Error(`case ${nth} of seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
  },
  TIMEOUT_MS,
);
