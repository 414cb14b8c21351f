import type { NodeHealth } from '../../commands/index.ts';

const STATES = ['starting', 'serving', 'draining'] as const satisfies NodeHealth['state'][];

const STATE = 0;
const VERBOSITY = 1;
/** Seconds of the store's clock. */
const STARTED_AT = 2;
const CERTIFICATES_READ_AT = 3;
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

  drain(): void {
    Atomics.store(this.#words, STATE, STATES.indexOf('draining'));
  }

  get verbosity(): number {
    return Atomics.load(this.#words, VERBOSITY);
  }

  set verbosity(level: number) {
    Atomics.store(this.#words, VERBOSITY, level);
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
}
