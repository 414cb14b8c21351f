import type { Request } from '../../protocol/index.ts';
import type { Store } from '../../store/index.ts';
import { type KeyFacts, keyFacts } from './key-facts.ts';

/** The slow requests of a second that a thread logs one by one; it counts the others. */
const LINES_PER_WINDOW_MAX = 10;
const WINDOW_MS = 1000;

/** A request that took as long as `--slow-ms` says, or longer; never its key or its value. */
interface SlowRequest extends KeyFacts {
  readonly command: string;
  readonly dialect: string;
  readonly ms: number;
  /** The request with its value. */
  readonly bytesIn: number;
  /** The replies to all requests that came with it, as far as they have left. */
  readonly bytesOut: number;
  /** How many requests of the connection the node served together with it. */
  readonly requests: number;
  /** The address of the client. */
  readonly address: string;
}

/** Runs a callback once, at the end of the window. */
type Schedule = (run: () => void) => void;

const afterWindow: Schedule = (run) => void setTimeout(run, WINDOW_MS).unref();

/** What a thread does with its slow requests. */
interface SlowParts {
  readonly store: Pick<Store, 'items'>;
  /** The address of the client in a slot of the connection table. */
  readonly addressOf: (slot: number) => string;
  /** The milliseconds from which a request is slow; 0 means that none is. */
  readonly thresholdMs: () => number;
  readonly log: (request: SlowRequest) => void;
  readonly logUnlisted: (requests: number) => void;
  readonly count: () => void;
}

/** Counts and logs the slow requests of a thread: a bounded number of lines, however many. */
export class SlowRequests {
  readonly #parts: SlowParts;
  readonly #schedule: Schedule;
  #windowIsOpen = false;
  #listed = 0;
  #unlisted = 0;

  constructor(parts: SlowParts, schedule: Schedule = afterWindow) {
    this.#parts = parts;
    this.#schedule = schedule;
  }

  get thresholdMs(): number {
    return this.#parts.thresholdMs();
  }

  keyFacts(request: Request): KeyFacts {
    return keyFacts(this.#parts.store, request);
  }

  addressOf(slot: number): string {
    return this.#parts.addressOf(slot);
  }

  /** `describe` is called only for a request that is logged. */
  add(describe: () => SlowRequest): void {
    this.#parts.count();
    if (!this.#windowIsOpen) this.#schedule(() => this.#closeWindow());
    this.#windowIsOpen = true;
    if (this.#listed === LINES_PER_WINDOW_MAX) {
      this.#unlisted++;
      return;
    }
    this.#listed++;
    this.#parts.log(describe());
  }

  #closeWindow(): void {
    const unlisted = this.#unlisted;
    this.#windowIsOpen = false;
    this.#listed = 0;
    this.#unlisted = 0;
    if (unlisted > 0) this.#parts.logUnlisted(unlisted);
  }
}
