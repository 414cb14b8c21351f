const PEER_PORT = 0;
const MAY_ANSWER_UNTIL = 1;
const NUMBERS = 2;

/**
 * What the threads of a member, and its main thread, share. Each number is aligned, and has one
 * writer at a time: the processors on which Node.js runs (64 bits) read it whole, old or new.
 */
export class ClusterShare {
  readonly #numbers: Float64Array;

  static allocate(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(NUMBERS * Float64Array.BYTES_PER_ELEMENT);
    new ClusterShare(memory).mayAnswerUntilMs = Number.POSITIVE_INFINITY;
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Float64Array(memory);
  }

  /** The port on which the threads listen for peers; 0 until the first of them does. */
  get peerPort(): number {
    return this.#numbers[PEER_PORT]!;
  }

  set peerPort(port: number) {
    this.#numbers[PEER_PORT] = port;
  }

  /**
   * Until when this node may answer for keys, in milliseconds of `process.hrtime`, which all
   * threads share; infinity if it needs nobody's permission.
   */
  get mayAnswerUntilMs(): number {
    return this.#numbers[MAY_ANSWER_UNTIL]!;
  }

  set mayAnswerUntilMs(ms: number) {
    this.#numbers[MAY_ANSWER_UNTIL] = ms;
  }
}

/** Milliseconds of a clock that never falls, and that all threads share. */
export function hrtimeMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
