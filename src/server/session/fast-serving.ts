import type { ByteSink } from '../../base/index.ts';
import type { EventLog, NodeControl, Role } from '../../commands/index.ts';
import { type FastPath, NOTED_REPLIES_MAX, STAGED_BYTES_MAX } from '../../fast-path/index.ts';
import type { ClusterSeat } from './cluster-seat.ts';

/** What `serve` returns beside the number of a key. */
export const FIRST_KEY = 0;
export const SERVED = -1;

/** After so many runs in a row that answered nothing, JavaScript serves the next requests alone. */
const BARREN_RUNS_MAX = 4;
const SKIPPED_REQUESTS = 16;
/** Requests of other nodes have no turns. */
const REQUESTS_MAX = 0x7fff_ffff;
const NO_BYTES = Buffer.alloc(0);

/** See FastPath. */
interface Limits {
  outputBytes: number;
  isBinary: boolean;
  mayWrite: boolean;
  maySet: boolean;
  readonly notesEnds?: boolean;
}

/**
 * The one place where sessions use the fast path. It serves the simple requests at the start of an
 * input; the session itself serves the request after them.
 */
export class FastServing {
  /** The results of the last `serve`: where the next request begins, and what the turn has left. */
  at = 0;
  requestsLeft = 0;
  /** Results of `serveForwarded`. */
  resumedKey = FIRST_KEY;
  head = NO_BYTES;
  /** Runs in a row that answered nothing, and the requests to skip. */
  #barrenRuns = 0;
  #skips = 0;
  readonly #path: FastPath;
  readonly #sink: ByteSink;
  readonly #log: EventLog;
  readonly #prefixes: NodeControl['prefixes'];
  readonly #seat: ClusterSeat | undefined;
  readonly #limits: Limits;
  readonly #forwardLimits: Limits;

  constructor(
    path: FastPath,
    sink: ByteSink,
    log: EventLog,
    { prefixes }: Pick<NodeControl, 'prefixes'>,
    outputBytes: number,
    seat?: ClusterSeat,
  ) {
    this.#path = path;
    this.#sink = sink;
    this.#log = log;
    this.#prefixes = prefixes;
    this.#seat = seat;
    this.#limits = { outputBytes, isBinary: false, mayWrite: false, maySet: false };
    this.#forwardLimits = { ...this.#limits, notesEnds: true };
  }

  /**
   * Serves the simple requests at the start of `input[start, end)`, at most `requestsLeft`. Returns
   * SERVED if a pause may be due before the next request, or else the key at which that one begins:
   * FIRST_KEY, or a later key of a get whose first keys have their replies.
   */
  serve(
    input: Buffer,
    start: number,
    end: number,
    requestsLeft: number,
    isText: boolean,
    role: Role,
  ): number {
    this.at = start;
    this.requestsLeft = requestsLeft;
    if (this.#skips > 0) {
      this.#skips--;
      return FIRST_KEY;
    }
    if (!this.#doesAll()) return FIRST_KEY;
    const path = this.#path;
    const limits = this.#limits;
    limits.isBinary = !isText;
    limits.mayWrite = role !== 'readonly';
    if (this.#seat !== undefined && !this.#obey(this.#seat, limits)) return FIRST_KEY;
    path.run(input, start, end, this.#sink, requestsLeft, limits);
    if (this.#seat !== undefined) this.#tell(this.#seat);
    this.at = path.at;
    this.requestsLeft = path.requestsLeft;
    if (path.nextKey !== 0) return path.nextKey;
    this.#noteRun(path.at === start);
    const isFull = this.#sink.at > limits.outputBytes;
    return path.at === end || path.requestsLeft <= 0 || isFull ? SERVED : FIRST_KEY;
  }

  /**
   * Serves the first of `count` whole requests of another node in `input[start, end)`; returns how
   * many. `replies` has their replies until the next output of the thread. If the request behind
   * them is a get whose first keys have replies, these are in `head`, and `resumedKey` is the next.
   */
  serveForwarded(
    input: Buffer,
    start: number,
    end: number,
    count: number,
    isText: boolean,
    role: Role,
  ): number {
    const sink = this.#sink;
    const limits = this.#forwardLimits;
    this.resumedKey = FIRST_KEY;
    const isTooMuch = end - start > STAGED_BYTES_MAX || count > NOTED_REPLIES_MAX;
    if (sink.at > 0 || isTooMuch || !this.#doesAll()) return 0;
    limits.isBinary = !isText;
    limits.mayWrite = role !== 'readonly';
    if (!this.#obey(this.#seat!, limits)) return 0;
    // A forwarded set waits for its holders alone.
    limits.maySet = false;
    limits.outputBytes = sink.bytes.length;
    const path = this.#path;
    path.run(input, start, end, sink, REQUESTS_MAX, limits);
    const { replyCount, nextKey } = path;
    this.resumedKey = nextKey;
    if (nextKey !== FIRST_KEY) {
      const headAt = replyCount === 0 ? 0 : path.endOf(replyCount - 1);
      this.head = Buffer.from(sink.bytes.subarray(headAt, sink.at));
    }
    sink.at = 0;
    return replyCount;
  }

  /** The replies of `serveForwarded`. */
  get replies(): Buffer {
    return this.#sink.bytes;
  }

  /** Where reply number `nth` of `serveForwarded` ends. */
  endOf(nth: number): number {
    return this.#path.endOf(nth);
  }

  /** Limits the fast path to what the cluster leaves to it; returns whether that is something. */
  #obey({ fast }: ClusterSeat, limits: Limits): boolean {
    const keepsSets = fast === 'keptSets' || fast === 'hiddenSets';
    limits.maySet = keepsSets && limits.mayWrite;
    if (keepsSets || fast === 'readHits') limits.mayWrite = false;
    this.#path.stopsAtMiss = fast !== 'all';
    this.#path.keepsChanges = keepsSets ? (fast === 'hiddenSets' ? 'hidden' : 'yes') : 'no';
    return fast !== 'off';
  }

  /** Tells the cluster what the run has set. */
  #tell(seat: ClusterSeat): void {
    const { changes } = this.#path;
    if (changes.count === 0) return;
    seat.changedFast(changes);
    changes.clear();
  }

  /** A new input begins: it may have other requests. */
  begin(): void {
    this.#barrenRuns = 0;
    this.#skips = 0;
  }

  #noteRun(isBarren: boolean): void {
    this.#barrenRuns = isBarren ? this.#barrenRuns + 1 : 0;
    if (this.#barrenRuns < BARREN_RUNS_MAX) return;
    this.#barrenRuns--;
    this.#skips = SKIPPED_REQUESTS;
  }

  /**
   * Whether the fast path does all that the commands do now: it publishes no events and counts no
   * prefixes, and writes only into the buffers of the thread's region.
   */
  #doesAll(): boolean {
    return (
      this.#log.watchedStreams === 0 && !this.#prefixes.enabled && this.#path.reaches(this.#sink)
    );
  }
}
