import { CodedError } from '../../base/index.ts';
import type { TopologyKeeper } from '../membership/topology-keeper.ts';
import type { Moved } from './change-events.ts';

/** How often the progress of a change is told. */
const TELL_MS = 200;
/** A change that does not advance for this time has failed. */
const STALL_MS_MAX = 60_000;

/** Tells how far the members are, and aborts the change if none of them advances. */
export class ChangeProgress {
  /** Aborts with a `CodedError` `ERR_CHANGE`. */
  readonly signal: AbortSignal;
  readonly #keeper: TopologyKeeper;
  readonly #tell: (moved: Moved) => void;
  readonly #stalled = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #ended = new AbortController();
  #last = '';
  #keysMoved = 0;
  #bytesMoved = 0;
  #lastAtMs = performance.now();

  constructor(keeper: TopologyKeeper, tell: (moved: Moved) => void) {
    this.#keeper = keeper;
    this.#tell = tell;
    this.signal = this.#stalled.signal;
    this.#timer = setInterval(() => this.#look(), TELL_MS);
    this.#look();
    // Members count from 0 again at the next topology, which may come before the timer.
    const onReport = (): false => {
      this.#moved();
      return false;
    };
    keeper.until(onReport, this.#ended.signal).catch(() => {});
  }

  /** Tells the last progress. */
  end(): void {
    clearInterval(this.#timer);
    this.#ended.abort();
    this.#look();
  }

  #look(): void {
    const moved = this.#moved();
    const text = JSON.stringify([moved, this.#keeper.topology.version]);
    if (text !== this.#last) {
      this.#last = text;
      this.#lastAtMs = performance.now();
      this.#tell(moved);
    }
    if (performance.now() - this.#lastAtMs > STALL_MS_MAX) this.#stalled.abort(this.#stall());
  }

  #moved(): Moved {
    const sum = { keysMoved: 0, bytesMoved: 0, keysLeft: 0 };
    for (const { name } of this.#keeper.topology.members) {
      const report = this.#keeper.reportOf(name);
      sum.keysMoved += report?.keysMoved ?? 0;
      sum.bytesMoved += report?.bytesMoved ?? 0;
      sum.keysLeft += report?.keysLeft ?? 0;
    }
    this.#keysMoved = Math.max(this.#keysMoved, sum.keysMoved);
    this.#bytesMoved = Math.max(this.#bytesMoved, sum.bytesMoved);
    return { ...sum, keysMoved: this.#keysMoved, bytesMoved: this.#bytesMoved };
  }

  #stall(): CodedError {
    const reasons = this.#keeper.waitsFor.join('; ');
    const text = `Nothing has moved for ${STALL_MS_MAX / 1000} s: ${reasons}.`;
    return new CodedError('ERR_CHANGE', `${text} \`slabring nodes list\` shows the members.`);
  }
}
