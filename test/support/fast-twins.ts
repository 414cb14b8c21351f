import { PAUSE } from '../../src/server/session/states.ts';
import type { StoreShare, TunableName, WasmMemoryKind } from '../../src/store/index.ts';
import { CONTROL } from '../../src/store/memory/layout.ts';
import { LruMaintainer } from '../../src/store/upkeep/lru-maintainer.ts';
import { audit } from './audit.ts';
import { markCopies } from './copy-node.ts';
import { ManualClock } from './manual-clock.ts';
import { Random } from './random.ts';
import {
  type FeedResult,
  fastStore,
  SessionHarness,
  type StoreOptions,
  TEST_CONTROL,
  testShare,
} from './session-harness.ts';

const PAGE_BYTES = 1 << 20;
const BUCKET_BYTES = 4;
const NO_STRIPE = -1;
const PAGES_MAX = 8;

/** Tunables that may change while a store serves, and their values. */
const TUNABLE_VALUES: readonly (readonly [TunableName, readonly number[]])[] = [
  ['segmented', [0, 1, 1]],
  ['eviction', [0, 1]],
  ['tempLru', [0, 1]],
  ['tempTtl', [2, 61]],
  ['evictsToFree', [0, 1, 1, 1, 1, 1, 1, 1]],
];

interface TwinOptions {
  readonly kind: WasmMemoryKind;
  readonly store?: Partial<StoreOptions>;
  readonly requestsPerTurn?: number;
  /** Whether the index starts with few buckets, so that it grows. */
  readonly growsIndex?: boolean;
}

/** One of two stores that are told the same. */
class Twin {
  readonly share: StoreShare;
  readonly harness: SessionHarness;
  readonly events: string[] = [];
  readonly log = {
    watchedStreams: 0,
    cfd: 0,
    publish: (_: number, text: string) => void this.events.push(text),
  };
  readonly prefixes = {
    ...TEST_CONTROL.prefixes,
    enabled: false,
    count: (kind: number, source: Buffer, start: number, end: number): void =>
      void this.events.push(`prefix ${kind} ${source.toString('latin1', start, end)}`),
  };
  readonly #maintainer: LruMaintainer;

  constructor(options: TwinOptions, isFast: boolean) {
    const region = fastStore(options.kind);
    this.share = testShare(
      { ...region, ...(isFast ? {} : { wasmKinds: [] }), ...options.store },
      new ManualClock(),
    );
    const { requestsPerTurn = 1_000_000 } = options;
    this.harness = new SessionHarness(this.share, 0, {
      requestsPerTurn,
      log: this.log,
      control: { ...TEST_CONTROL, prefixes: this.prefixes },
      usesFastPath: isFast,
    });
    const { parts } = this.harness;
    if (options.growsIndex === true) parts.arena.control[CONTROL.buckets] = 4096;
    this.#maintainer = new LruMaintainer(parts);
  }

  /** What happens in a store beside the requests of its clients. */
  change(random: Random): void {
    const { parts } = this.harness;
    const { clock } = parts;
    const classId = (): number => random.int(1, parts.arena.sizeClasses.chunkBytes.length - 1);
    const kind = random.int(0, 17);
    if (kind < 6) clock.tick(clock.now() + random.pick([1, 1, 1, 2, 30]));
    else if (kind < 10) this.maintain();
    else if (kind < 12)
      parts.pageMover.move(parts.slabs.classWithMostPages(0), classId(), NO_STRIPE);
    else if (kind < 13) parts.pagePool.setLimit(random.int(1, PAGES_MAX));
    else if (kind < 16) {
      const [name, values] = random.pick(TUNABLE_VALUES);
      parts.tunables.set(name, random.pick(values));
    } else markCopies(this.harness.store, () => random.oneIn(3));
  }

  maintain(): void {
    this.#maintainer.step();
  }

  /** Switches on what the fast path does not do, or switches it off. */
  observe(random: Random): void {
    const { tuning } = this.harness.store;
    this.log.watchedStreams = random.pick([0, 0, 1, 0xffff]);
    this.prefixes.enabled = random.oneIn(3);
    if (random.oneIn(3)) tuning.enableSizeHistogram();
    else tuning.disableSizeHistogram();
  }

  observeNothing(): void {
    this.log.watchedStreams = 0;
    this.prefixes.enabled = false;
    this.harness.store.tuning.disableSizeHistogram();
  }

  /** The bytes of the store, without the buckets and pages that were never in use. */
  bytes(): readonly Buffer[] {
    const { memory, layout } = this.share;
    const { index, pagePool } = this.harness.parts;
    return [
      Buffer.from(memory, 0, layout.indexByte + index.bucketCount() * BUCKET_BYTES),
      Buffer.from(memory, layout.slabsByte, pagePool.touchedCount() * PAGE_BYTES),
    ];
  }
}

/** Two stores with the same requests: only one of them uses the fast path. */
export class Twins {
  readonly plain: Twin;
  readonly fast: Twin;
  /** How many requests the fast path has answered; a get counts once for each key. */
  fastRequests = 0;

  constructor(options: TwinOptions) {
    this.plain = new Twin(options, false);
    this.fast = new Twin(options, true);
    const fastPath = this.fast.harness.fastPath!;
    const run = fastPath.run.bind(fastPath);
    fastPath.run = (...args) => {
      run(...args);
      this.fastRequests += args[4] - fastPath.requestsLeft;
    };
  }

  /** Feeds `bytes[start, end)` to both; both must do the same. */
  feed(bytes: Buffer, start: number, end: number): FeedResult {
    const expected = this.plain.harness.feed(bytes, start, end);
    const result = this.fast.harness.feed(bytes, start, end);
    expectEqual('replies', maskTime(result.reply), maskTime(expected.reply));
    expectEqual('offsets', result.consumedBytes, expected.consumedBytes);
    expectEqual('pauses', result.pause, expected.pause);
    return result;
  }

  /** Feeds a pipeline in two or more parts; a connection that closes is opened again. */
  feedCut(bytes: Buffer, cuts: readonly number[]): void {
    let at = 0;
    for (const end of [...cuts, bytes.length]) {
      for (;;) {
        const { consumedBytes, pause } = this.feed(bytes, at, end);
        at = consumedBytes;
        if (pause === PAUSE.close) {
          this.reconnect();
          return;
        }
        if (pause !== PAUSE.yielded && pause !== PAUSE.outputBlocked) break;
      }
    }
  }

  /**
   * Feeds a pipeline while the client reads nothing. Inside a get the fast path fills the output
   * buffer further than the JavaScript does, so that only the replies are the same, not the pauses.
   */
  feedSlowly(bytes: Buffer): void {
    const [expected, actual] = [this.plain, this.fast].map(({ harness }) => {
      harness.isReading = false;
      let reply = '';
      for (let at = 0; ; ) {
        const result = harness.feed(bytes, at);
        at = result.consumedBytes;
        reply += result.reply;
        if (result.pause === PAUSE.yielded || result.pause === PAUSE.outputBlocked) continue;
        harness.isReading = true;
        return `${maskTime(reply)} at ${at}, pause ${result.pause}`;
      }
    });
    expectEqual('replies', actual!, expected!);
    this.reconnect();
  }

  /** Does some work while the output of the fast path is in a buffer of JavaScript. */
  elsewhere(work: () => void): void {
    const { sink } = this.fast.harness;
    const own = sink.swap(Buffer.alloc(sink.bytes.length));
    work();
    sink.swap(own);
  }

  reconnect(): void {
    this.plain.harness.reconnect();
    this.fast.harness.reconnect();
  }

  change(random: Random): void {
    const seed = random.int(0, 0x7fff_ffff);
    for (const twin of [this.plain, this.fast]) twin.change(new Random(seed));
  }

  /** Does some work while the events, prefixes or sizes of both stores are observed. */
  observed(random: Random, work: () => void): void {
    const seed = random.int(0, 0x7fff_ffff);
    for (const twin of [this.plain, this.fast]) twin.observe(new Random(seed));
    work();
    for (const twin of [this.plain, this.fast]) twin.observeNothing();
  }

  /** Compares the stores byte by byte: items, lists, index, counters and totals. */
  compare(): void {
    const expected = this.plain.bytes();
    for (const [part, bytes] of this.fast.bytes().entries()) {
      if (!bytes.equals(expected[part]!)) throw new Difference(this.#describe(part, bytes));
    }
    expectEqual('events', this.fast.events.join('\n'), this.plain.events.join('\n'));
    this.fast.events.length = 0;
    this.plain.events.length = 0;
  }

  audit(): readonly string[] {
    return [...audit(this.plain.harness.parts), ...audit(this.fast.harness.parts)];
  }

  #describe(part: number, bytes: Buffer): string {
    const expected = this.plain.bytes()[part]!;
    if (bytes.length !== expected.length) return 'the stores use different numbers of pages';
    const at = bytes.findIndex((byte, index) => byte !== expected[index]);
    const { layout } = this.fast.share;
    const places = Object.entries(layout)
      .filter(([name]) => name.endsWith('Byte'))
      .filter(([, byte]) => byte <= at + (part === 0 ? 0 : layout.slabsByte));
    const [name, byte] = places.toSorted(([, a], [, b]) => b - a)[0] ?? ['start', 0];
    const offset = at + (part === 0 ? 0 : layout.slabsByte) - byte;
    const around = (all: Buffer): string => all.toString('hex', at & ~7, (at & ~7) + 16);
    return `${name} + ${offset}: ${around(bytes)} instead of ${around(expected)}`;
  }
}

/** The fast path did something else than the JavaScript. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

/** The reply without the time and the memory of the process, in `stats` of all dialects. */
const maskTime = (reply: string): string =>
  reply.replaceAll(/.{24}(rusage_user|rusage_system|rss_bytes) ?[\d.]+/gs, '');

function expectEqual(what: string, actual: string | number, expected: string | number): void {
  if (actual === expected) return;
  if (typeof actual === 'number' || typeof expected === 'number') {
    throw new Difference(`different ${what}: ${actual} instead of ${expected}`);
  }
  const at = [...actual].findIndex((char, index) => char !== expected[index]);
  const from = Math.max(0, (at < 0 ? Math.min(actual.length, expected.length) : at) - 60);
  const show = (text: string): string => JSON.stringify(text.slice(from, from + 160));
  throw new Difference(`different ${what}: ${show(actual)}\ninstead of ${show(expected)}`);
}
