import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../base/index.ts';
import type { KnownNode, Topology } from '../../topology/index.ts';
import type { Discovery, DiscoveryListener } from '../base/discovery.ts';
import { CacheError } from '../base/errors.ts';
import { type ClientTimer, machineRuntime, type Timing } from '../connection/runtime.ts';
import { pollDelayMs, type ResolvedPollingOptions, refreshDelayMs } from './polling-options.ts';
import { withTimeLimit } from './time-limit.ts';

/** The result of one poll; `version` only if the source has versions. */
export interface PollResult {
  readonly version?: number;
  readonly nodes: readonly KnownNode[];
}

/** Queries the topology once; rejects when it gets none, or only one older than `known`. */
export type Poll = (signal: AbortSignal, known: Topology | undefined) => Promise<PollResult>;

/**
 * Polls for the topology: at once, then at the interval, and sooner after `refresh`.
 *
 *   start ──▶ polling ──result · error──▶ waiting ──interval · retry · refresh──▶ polling …
 */
export class PollingDiscovery implements Discovery {
  readonly #poll: Poll;
  readonly #options: ResolvedPollingOptions;
  readonly #timing: Timing;
  readonly #closing = new AbortController();
  #listener: DiscoveryListener | undefined;
  #known: Topology | undefined;
  #polling: Promise<void> | undefined;
  /** The start of the last poll; milliseconds, monotonic clock. */
  #polledAtMs = 0;
  /** Consecutive failed polls. */
  #failureCount = 0;
  /** `refresh` was called during a poll, which may have seen the old topology. */
  #hasPendingRefresh = false;
  #timer: ClientTimer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** @param timing internal: what a test simulates. */
  constructor(poll: Poll, options: ResolvedPollingOptions, timing: Timing = machineRuntime) {
    this.#poll = poll;
    this.#options = options;
    this.#timing = timing;
  }

  start(listener: DiscoveryListener): void {
    assert(this.#listener === undefined, 'a discovery starts once');
    if (this.#closing.signal.aborted) return;
    this.#listener = listener;
    this.#begin();
  }

  refresh(): void {
    if (this.#listener === undefined || this.#closing.signal.aborted) return;
    if (this.#polling !== undefined) this.#hasPendingRefresh = true;
    else this.#scheduleRefresh();
  }

  async close(): Promise<void> {
    this.#closing.abort(new CacheError('ERR_CLOSED'));
    this.#timer?.cancel();
    await this.#polling;
  }

  #begin(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#polledAtMs = this.#timing.now();
    this.#polling = this.#pollOnce();
  }

  async #pollOnce(): Promise<void> {
    const { signal } = this.#closing;
    const poll = (limited: AbortSignal) => this.#poll(limited, this.#known);
    const outcome = await withTimeLimit(this.#timing, this.#options.deadlineMs, signal, poll).catch(
      asDiscoveryError,
    );
    this.#polling = undefined;
    if (signal.aborted) return;
    this.#scheduleNext(outcome instanceof CacheError);
    if (outcome instanceof CacheError) this.#listener?.error(outcome);
    else this.#accept(outcome);
  }

  #scheduleNext(hasFailed: boolean): void {
    this.#failureCount = hasFailed ? this.#failureCount + 1 : 0;
    const random = (): number => this.#timing.random();
    this.#schedule(pollDelayMs(this.#failureCount, this.#options.intervalMs, random));
    if (this.#hasPendingRefresh) this.#scheduleRefresh();
    this.#hasPendingRefresh = false;
  }

  #scheduleRefresh(): void {
    const sincePollMs = this.#timing.now() - this.#polledAtMs;
    const random = (): number => this.#timing.random();
    this.#schedule(refreshDelayMs(sincePollMs, this.#options.minRefreshGapMs, random));
  }

  /** Schedules a poll, unless an earlier one is scheduled. */
  #schedule(delayMs: number): void {
    const atMs = this.#timing.now() + delayMs;
    if (atMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#timing.setTimer(() => this.#begin(), delayMs);
    if (!this.#options.keepProcessAlive) this.#timer.unref();
  }

  #accept(found: PollResult): void {
    const next = nextTopology(this.#known, found);
    const hasChanged = next.nodes !== this.#known?.nodes;
    this.#known = next;
    if (hasChanged) this.#listener?.topology(next);
  }
}

/**
 * The topology after a poll. A version never decreases and denotes one topology, so an equal
 * version changes nothing. Equal nodes with a newer version keep the old `nodes` object: no change
 * to report.
 */
export function nextTopology(known: Topology | undefined, found: PollResult): Topology {
  const { nodes, version } = found;
  if (known === undefined) return { version: version ?? 1, nodes };
  if (version !== undefined && version <= known.version) return known;
  if (!isDeepStrictEqual(known.nodes, nodes))
    return { version: version ?? known.version + 1, nodes };
  return { version: version ?? known.version, nodes: known.nodes };
}

function asDiscoveryError(error: unknown): CacheError {
  if (error instanceof CacheError && error.code === 'ERR_DISCOVERY') return error;
  const detail = `${error instanceof Error ? error.message : String(error)}.`;
  return new CacheError('ERR_DISCOVERY', { detail, cause: error });
}
