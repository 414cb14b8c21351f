import type { NodeHealth, SnapshotEvent } from '../../commands/index.ts';

const STATES = ['starting', 'serving', 'draining'] as const satisfies NodeHealth['state'][];

const STATE = 0;
/** 1 once the node has to stop; threads wait on this word. */
const STOP = 1;
const VERBOSITY = 2;
/** Seconds of the store's clock. */
const STARTED_AT = 3;
const CERTIFICATES_READ_AT = 4;
/** Microseconds. */
const SLOW_US = 5;
/** Unix seconds, without a sign. */
const CERTIFICATE_EXPIRES_AT = 6;
const UNSIGNED_MAX = 2 ** 32 - 1;
const SNAPSHOTS_SCHEDULED = 7;
const SNAPSHOTS_WRITTEN = 8;
const SNAPSHOTS_FAILED = 9;
/** Unix seconds, without a sign. */
const SNAPSHOT_WRITTEN_AT = 10;
const US_PER_MS = 1000;
const WORDS = 16;

/** The state of a node, in shared memory: a thread that changes it changes it for all threads. */
export class NodeState {
  readonly #words: Int32Array;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * 4);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  get name(): NodeHealth['state'] {
    return STATES[Atomics.load(this.#words, STATE)]!;
  }

  start(atSeconds: number): void {
    Atomics.store(this.#words, STARTED_AT, atSeconds);
  }

  serve(): void {
    Atomics.compareExchange(
      this.#words,
      STATE,
      STATES.indexOf('starting'),
      STATES.indexOf('serving'),
    );
  }

  /** Tells every thread that waits for it to stop. */
  drain(): void {
    Atomics.store(this.#words, STATE, STATES.indexOf('draining'));
    Atomics.store(this.#words, STOP, 1);
    Atomics.notify(this.#words, STOP);
  }

  /** Resolves once the node has to stop. */
  async stopRequested(): Promise<void> {
    await Atomics.waitAsync(this.#words, STOP, 0).value;
  }

  /** Blocks the thread for this time; returns true at once when the node has to stop. */
  sleepUntilStop(ms: number): boolean {
    return Atomics.wait(this.#words, STOP, 0, ms) !== 'timed-out';
  }

  get verbosity(): number {
    return Atomics.load(this.#words, VERBOSITY);
  }

  set verbosity(level: number) {
    Atomics.store(this.#words, VERBOSITY, level);
  }

  /** The time from which a request is slow; 0 if none is. Each request reads it. */
  get slowMs(): number {
    return this.#words[SLOW_US]! / US_PER_MS;
  }

  set slowMs(ms: number) {
    Atomics.store(this.#words, SLOW_US, Math.round(ms * US_PER_MS));
  }

  get startedAt(): number {
    return Atomics.load(this.#words, STARTED_AT);
  }

  get certificatesReadAt(): number {
    return Math.max(Atomics.load(this.#words, CERTIFICATES_READ_AT), this.startedAt);
  }

  set certificatesReadAt(seconds: number) {
    Atomics.store(this.#words, CERTIFICATES_READ_AT, seconds);
  }

  /** The Unix time at which the certificate of the node ends. */
  get certificateExpiresAt(): number {
    return Atomics.load(this.#words, CERTIFICATE_EXPIRES_AT) >>> 0;
  }

  set certificateExpiresAt(seconds: number) {
    Atomics.store(this.#words, CERTIFICATE_EXPIRES_AT, Math.min(seconds, UNSIGNED_MAX));
  }

  /** The snapshots of the schedule; undefined without one. */
  get snapshots(): NodeHealth['snapshots'] {
    if (Atomics.load(this.#words, SNAPSHOTS_SCHEDULED) === 0) return undefined;
    const writtenAt = Atomics.load(this.#words, SNAPSHOT_WRITTEN_AT) >>> 0;
    return {
      written: Atomics.load(this.#words, SNAPSHOTS_WRITTEN),
      failed: Atomics.load(this.#words, SNAPSHOTS_FAILED),
      writtenAt: writtenAt === 0 ? undefined : writtenAt,
    };
  }

  noteSnapshot(event: SnapshotEvent, unixSeconds: number): void {
    Atomics.store(this.#words, SNAPSHOTS_SCHEDULED, 1);
    if (event === 'written') Atomics.store(this.#words, SNAPSHOT_WRITTEN_AT, unixSeconds);
    if (event === 'scheduled') return;
    Atomics.add(this.#words, event === 'written' ? SNAPSHOTS_WRITTEN : SNAPSHOTS_FAILED, 1);
  }
}
