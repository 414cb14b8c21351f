import { type ByteSink, type WasmModule, webAssembly } from '../base/index.ts';
import type { StoreShare } from '../store/index.ts';
import { Changes } from './changes.ts';
import { type CopyExports, FastCopies } from './fast-copies.ts';
import { FastWalk, type Walk } from './fast-walk.ts';
import { REGION, RESULT } from './region.ts';
import { writeSetup } from './setup.ts';

/** `run` of the module (assembly/index.ts). */
type Run = (
  start: number,
  end: number,
  outStart: number,
  outLimit: number,
  outEnd: number,
  left: number,
  rights: number,
) => number;

const NOT_IN_REGION = -1;
const BINARY = 1;
const MAY_WRITE = 2;
const NOTES_ENDS = 4;
const MAY_SET = 8;
/** A run notes the ends of so many replies at most. */
export const NOTED_REPLIES_MAX = REGION.REPLIES_MAX;
/** A run takes so many bytes of an input that is not in the region. */
export const STAGED_BYTES_MAX = REGION.STAGE_BYTES;

/**
 * Whether runs keep what they change, for other nodes; `hidden`: they also count it, and mark its
 * item, because nobody may read it before these have it.
 */
type KeepsChanges = 'no' | 'yes' | 'hidden';
const CHANGE_BITS = { no: 0, yes: 1, hidden: 3 } as const;

/** What a run may do. */
interface RunLimits {
  /** No request begins when the sink has more bytes than this. */
  readonly outputBytes: number;
  readonly isBinary: boolean;
  readonly mayWrite: boolean;
  /** Whether it may set values, if it may not change items in other ways. */
  readonly maySet?: boolean;
  /** Whether `endOf` is needed. */
  readonly notesEnds?: boolean;
}

/**
 * The fast path of one thread: WebAssembly that works on the memory of the store. It answers the
 * simple requests at the start of an input, with the bytes and the counters of the JavaScript.
 */
export class FastPath {
  /** The results of the last `run`: where the first request begins that has no complete reply. */
  at = 0;
  /** What is left of the turn. */
  requestsLeft = 0;
  /** If that request is a get with answered keys: the number of the next key, else 0. */
  nextKey = 0;
  /** The requests that have replies, if the run notes the ends of these. */
  replyCount = 0;
  /** What the runs have changed since the last `clear` of it, if they keep changes. */
  readonly changes: Changes;
  readonly copies: FastCopies;
  /** For a thread that runs nothing else of this. */
  readonly walk: FastWalk;
  readonly #run: Run;
  readonly #setStopsAtMiss: (stops: number) => void;
  readonly #setChanges: (bits: number) => void;
  #stopsAtMiss = false;
  #keepsChanges: KeepsChanges = 'no';
  readonly #memory: ArrayBufferLike;
  readonly #regionByte: number;
  readonly #regionBytes: number;
  readonly #results: Int32Array;
  readonly #ends: Uint32Array;
  readonly #stage: Buffer;
  #input: Buffer | undefined;
  /** Where the last input is in the region. */
  #inputAt = NOT_IN_REGION;
  #output: Buffer | undefined;
  #outputAt = NOT_IN_REGION;

  /** Makes the instance of one thread; `regionByte` is where the region of the thread begins. */
  constructor(share: StoreShare, module: WasmModule, thread: number, regionByte: number) {
    const { memory, wasmMemory, layout } = share;
    this.#memory = memory;
    this.#regionByte = regionByte;
    this.#regionBytes = layout.regionBytes;
    this.#results = new Int32Array(memory, regionByte, RESULT.WORDS);
    const endsByte = regionByte + REGION.REPLY_ENDS_AT;
    this.#ends = new Uint32Array(memory, endsByte, REGION.REPLIES_MAX);
    this.changes = new Changes(memory, regionByte, this.#results);
    this.#stage = Buffer.from(memory, regionByte + REGION.STAGE_AT, REGION.STAGE_BYTES);
    const instance = new webAssembly!.Instance(module, { env: { memory: wasmMemory } });
    const exports = instance.exports as {
      readonly takeStates: CopyExports['takeStates'];
      readonly settle: CopyExports['settle'];
      readonly walk: Walk;
      readonly configure: (regionByte: number) => void;
      readonly run: Run;
      readonly setStopsAtMiss: (stops: number) => void;
      readonly setChanges: (bits: number) => void;
    };
    this.copies = new FastCopies(memory, regionByte, this.#results, exports);
    this.walk = new FastWalk(share, regionByte, exports.walk);
    writeSetup(share, thread, regionByte);
    exports.configure(regionByte);
    this.#run = exports.run;
    this.#setStopsAtMiss = exports.setStopsAtMiss;
    this.#setChanges = exports.setChanges;
  }

  /**
   * Sets whether all later runs leave the requests for keys without an item to the JavaScript. At
   * first they do not. It is no limit of a run, for which a node in no cluster would pay.
   */
  set stopsAtMiss(stops: boolean) {
    if (stops === this.#stopsAtMiss) return;
    this.#stopsAtMiss = stops;
    this.#setStopsAtMiss(stops ? 1 : 0);
  }

  /** Sets whether all later runs keep what they change; at first they do not. */
  set keepsChanges(keeps: KeepsChanges) {
    if (keeps === this.#keepsChanges) return;
    this.#keepsChanges = keeps;
    this.#setChanges(CHANGE_BITS[keeps]);
  }

  /**
   * Answers what is simple at the start of `input[start, end)`, and stops after `requestsLeft`
   * requests; a get counts once for each key. The sink must lie in the region of the thread: see
   * `reaches`. The results are in the fields.
   */
  run(
    input: Buffer,
    start: number,
    end: number,
    sink: ByteSink,
    requestsLeft: number,
    { outputBytes, isBinary, mayWrite, maySet = false, notesEnds = false }: RunLimits,
  ): void {
    const inputAt = this.#placeOfInput(input);
    const isStaged = inputAt === NOT_IN_REGION;
    const inputEnd = isStaged ? Math.min(end, start + REGION.STAGE_BYTES) : end;
    if (isStaged) input.copy(this.#stage, 0, start, inputEnd);
    const offset = isStaged ? REGION.STAGE_AT - start : inputAt;
    const outputAt = this.#outputAt;
    const next = this.#run(
      start + offset,
      inputEnd + offset,
      outputAt + sink.at,
      outputAt + outputBytes,
      outputAt + sink.bytes.length,
      requestsLeft,
      (isBinary ? BINARY : 0) |
        (mayWrite ? MAY_WRITE : 0) |
        (maySet ? MAY_SET : 0) |
        (notesEnds ? NOTES_ENDS : 0),
    );
    this.at = next - offset;
    sink.at = this.#results[RESULT.OUT]! - outputAt;
    this.requestsLeft = this.#results[RESULT.LEFT]!;
    this.nextKey = this.#results[RESULT.KEY]!;
    if (notesEnds) this.replyCount = this.#results[RESULT.REPLIES]!;
  }

  /** Where reply number `nth` of the last run ends in its sink. */
  endOf(nth: number): number {
    return this.#ends[nth]! - this.#outputAt;
  }

  /** Whether the sink writes into the region of the thread. */
  reaches(sink: ByteSink): boolean {
    if (sink.bytes !== this.#output) {
      this.#output = sink.bytes;
      this.#outputAt = this.#placeOf(sink.bytes);
    }
    return this.#outputAt !== NOT_IN_REGION;
  }

  #placeOfInput(input: Buffer): number {
    if (input === this.#input) return this.#inputAt;
    const place = this.#placeOf(input);
    // Other inputs are many: only the read buffer is worth remembering.
    if (place === NOT_IN_REGION) return NOT_IN_REGION;
    this.#input = input;
    this.#inputAt = place;
    return place;
  }

  #placeOf(bytes: Buffer): number {
    if (bytes.buffer !== this.#memory) return NOT_IN_REGION;
    const place = bytes.byteOffset - this.#regionByte;
    return place >= 0 && place + bytes.length <= this.#regionBytes ? place : NOT_IN_REGION;
  }
}
