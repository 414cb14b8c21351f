import { assert } from '../base/index.ts';
import type { StoreShare } from '../store/index.ts';
import { REGION, RESULT, WALK_ACTION } from './region.ts';

const SET_WORDS = REGION.WALK_SET_BYTES / Uint32Array.BYTES_PER_ELEMENT;
const SETS_MAX = 16;
const SET_END = 1;
const SET_COUNT = 3;
const ALIGNMENT_BYTES = 8;
/** So many bytes of states at most: see also WALK_STATES_MAX. */
const SET_BYTES_MAX = 32 * 1024;
const POINT_MAX = 0xffff_ffff;
const PARTS = REGION.WALK_PARTS;

assert(
  REGION.WALK_SETS_BYTES === SETS_MAX * REGION.WALK_SET_BYTES &&
    REGION.WALK_SETS_AT + REGION.WALK_SETS_BYTES === REGION.WALK_SAVED_AT &&
    REGION.WALK_SAVED_AT + REGION.WALK_SETS_BYTES <= REGION.WALK_STATES_AT,
  'the sets of receivers end before what is saved of them, and that before their states',
);

/** What becomes of an item that is not `collected` for a set of receivers, by its number. */
type WalkAction = Exclude<keyof typeof WALK_ACTION, 'collect'>;

/** The items on a part of the ring, which ends with the point `last`. */
interface WalkArc {
  readonly last: number;
  readonly action: WalkAction | number;
}

/** The seconds of last accesses that a walk looks at: see AccessBand. */
interface WalkBand {
  readonly from: number;
  readonly end: number;
  readonly again: number;
}

/** `walk` of the module (assembly/walk.ts). */
export type Walk = (
  first: number,
  last: number,
  groups: number,
  accessFrom: number,
  accessBefore: number,
  accessAgain: number,
) => number;

/**
 * Walks over the store in WebAssembly, on a thread that serves no clients: it drops or marks items,
 * or collects their states, by the part of the ring that their key is on.
 */
export class FastWalk {
  /** Whether the last step ended because a set of receivers has no room for more states. */
  isFull = false;
  readonly #walk: Walk;
  readonly #results: Int32Array;
  readonly #parts: Uint16Array;
  readonly #lasts: Uint32Array;
  readonly #actions: Uint8Array;
  readonly #sets: Uint32Array;
  readonly #region: Buffer;

  constructor({ memory, layout }: StoreShare, regionByte: number, walk: Walk) {
    const { WALK_ARCS_MAX } = REGION;
    this.#walk = walk;
    this.#results = new Int32Array(memory, regionByte, RESULT.WORDS);
    this.#parts = new Uint16Array(memory, regionByte + REGION.WALK_PARTS_AT, PARTS);
    this.#lasts = new Uint32Array(memory, regionByte + REGION.WALK_LASTS_AT, WALK_ARCS_MAX);
    this.#actions = new Uint8Array(memory, regionByte + REGION.WALK_ACTIONS_AT, WALK_ARCS_MAX);
    const setsByte = regionByte + REGION.WALK_SETS_AT;
    this.#sets = new Uint32Array(memory, setsByte, SETS_MAX * SET_WORDS);
    this.#region = Buffer.from(memory, regionByte, layout.regionBytes);
  }

  /**
   * Says what becomes of the items. The arcs are in ascending order, and the ring begins with the
   * first again after the last. False: there are too many arcs or sets for the memory of a walk.
   */
  begin(arcs: readonly WalkArc[], sets = 0): boolean {
    if (arcs.length === 0 || arcs.length >= REGION.WALK_ARCS_MAX || sets > SETS_MAX) return false;
    for (const [nth, { last, action }] of [...arcs, { ...arcs[0]!, last: POINT_MAX }].entries()) {
      this.#lasts[nth] = last;
      this.#actions[nth] =
        typeof action === 'number' ? WALK_ACTION.collect + action : WALK_ACTION[action];
    }
    for (let part = 0, arc = 0; part < PARTS; part++) {
      while (this.#lasts[arc]! < part * (2 ** 32 / PARTS)) arc++;
      this.#parts[part] = arc;
    }
    const room = Math.min(SET_BYTES_MAX, REGION.WALK_STATES_BYTES / sets) & -ALIGNMENT_BYTES;
    for (let set = 0; set < sets; set++) {
      const start = REGION.WALK_STATES_AT + set * room;
      this.#sets.set([start, start, start + room, 0], set * SET_WORDS);
    }
    return true;
  }

  /**
   * Walks over the groups of buckets `first … last - 1`; returns the one it has stopped in front
   * of. If that is not for want of room, or the sets are empty, JavaScript must visit the group:
   * its lock is busy, an item of it is not simple, or its states do not fit together.
   */
  step(first: number, last: number, groups: number, band?: WalkBand): number {
    const { from = 0, end = POINT_MAX, again = POINT_MAX } = band ?? {};
    const next = this.#walk(first, last, groups, secondsOf(from), secondsOf(end), secondsOf(again));
    this.isFull = this.#results[RESULT.WALK_FULL] !== 0;
    return next;
  }

  /** How many states a set has. */
  countOf(set: number): number {
    return this.#sets[set * SET_WORDS + SET_COUNT]!;
  }

  /** Takes the states of a set. */
  take(set: number): Buffer {
    const at = set * SET_WORDS;
    const start = this.#sets[at]!;
    const states = Buffer.allocUnsafe(this.#sets[at + SET_END]! - start);
    this.#region.copy(states, 0, start, start + states.length);
    this.#sets[at + SET_END] = start;
    this.#sets[at + SET_COUNT] = 0;
    return states;
  }
}

/** On the clock of the store, whose seconds fit in 28 bits. */
function secondsOf(seconds: number): number {
  return Math.min(Math.max(0, seconds), POINT_MAX);
}
