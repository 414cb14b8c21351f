import { type Clock, RandomDistance } from '../../base/index.ts';
import type { Request } from '../../protocol/index.ts';
import type { RequestWalk } from './request-walk.ts';
import type { SlowRequests } from './slow-requests.ts';

/**
 * What a thread may decode once more in a second for its samples, in requests. A get costs a
 * quarter of a request more for each further key.
 */
const SAMPLED_REQUESTS_PER_SECOND = 8192;
const FURTHER_KEY_COST = 0.25;
/** At least one input in so many is sampled. */
const INTERVAL_MAX = 1024;
const WINDOW_MS = 1000;

/** Learns from the sampled requests of a thread. */
export interface RequestObserver {
  /**
   * A request that the thread has served, decoded once more: valid only during the call. It stands
   * for `weight` requests, of which the others were not sampled.
   */
  readonly seen?: (request: Request, weight: number) => void;
  /** The reply to a request of a kind (`kindOf`) has left, or its last part. */
  readonly answered?: (kind: number, ms: number, weight: number) => void;
}

/** What the samples of a thread are made with. */
interface SampleParts {
  readonly clock: Clock;
  readonly walk: RequestWalk;
  readonly slow: SlowRequests;
}

/**
 * Chooses the inputs of a thread whose requests are sampled: all of them while there are few, and
 * as many as the thread can afford when it is busy. The distances are random, so that no pattern of
 * the clients can hide between the samples.
 */
export class RequestSamples {
  /** How many inputs a sampled one stands for. */
  interval = 1;
  readonly walk: RequestWalk;
  readonly slow: SlowRequests;
  readonly #clock: Clock;
  readonly #observers: readonly RequestObserver[];
  /** The inputs until the next sampled one. */
  #countdown = 1;
  readonly #distance: RandomDistance;
  #windowEndMs: number;
  /** Since the window began: what was decoded, and how much there was to decode. */
  #decoded = 0;
  #estimated = 0;

  /** `seed` is not 0. */
  constructor({ clock, walk, slow }: SampleParts, observers: readonly RequestObserver[], seed = 1) {
    this.slow = slow;
    this.#clock = clock;
    this.walk = walk;
    this.#observers = observers;
    this.#distance = new RandomDistance(seed);
    this.#windowEndMs = clock.nowMs() + WINDOW_MS;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Whether to sample the input that arrives now. */
  takesNext(): boolean {
    return --this.#countdown <= 0;
  }

  /** Plans the distance to the next sampled input. */
  plan(nowMs: number): void {
    if (nowMs >= this.#windowEndMs) this.#beginWindow(nowMs);
    this.#countdown = this.#distance.next(this.interval);
  }

  seen(request: Request, weight: number): void {
    for (const { seen } of this.#observers) seen?.(request, weight);
    const furtherKeys = Math.max(0, request.endKey - request.firstKey - 1);
    const cost = 1 + FURTHER_KEY_COST * furtherKeys;
    this.#decoded += cost;
    this.#estimated += cost * weight;
    // A burst: the window does not wait for its end.
    if (this.#decoded < 2 * SAMPLED_REQUESTS_PER_SECOND) return;
    this.interval = Math.min(2 * this.interval, INTERVAL_MAX);
    this.#decoded = SAMPLED_REQUESTS_PER_SECOND;
  }

  answered(kind: number, ms: number, weight: number): void {
    for (const { answered } of this.#observers) answered?.(kind, ms, weight);
  }

  #beginWindow(nowMs: number): void {
    const seconds = (nowMs - this.#windowEndMs + WINDOW_MS) / WINDOW_MS;
    const perSecond = this.#estimated / seconds;
    const interval = Math.ceil(perSecond / SAMPLED_REQUESTS_PER_SECOND);
    this.interval = Math.min(Math.max(interval, 1), INTERVAL_MAX);
    this.#windowEndMs = nowMs + WINDOW_MS;
    this.#decoded = 0;
    this.#estimated = 0;
  }
}
