import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../base/index.ts';
import { CacheError } from '../errors.ts';
import type { Discovery, DiscoveryListener, KnownNode, Topology } from './discovery.ts';
import { type Chance, lookDelayMs, type Pace, refreshDelayMs } from './pace.ts';
import { withinLimit } from './time-limit.ts';

/** What a look found: with the version of the list, where it has one. */
export interface Found {
  readonly version?: number;
  readonly nodes: readonly KnownNode[];
}

/** Looks once for the nodes; rejects when there is no list to be had that is as new as `known`. */
export type Look = (signal: AbortSignal, known: Topology | undefined) => Promise<Found>;

/**
 * Looks for nodes again and again: at once, then at its pace, and sooner when asked.
 *
 *   start ──▶ looking ──found · failed──▶ waiting ──interval · retry · refresh──▶ looking …
 */
export class PollingDiscovery implements Discovery {
  readonly #look: Look;
  readonly #pace: Pace;
  readonly #chance: Chance;
  readonly #closing = new AbortController();
  #listener: DiscoveryListener | undefined;
  #known: Topology | undefined;
  #looking: Promise<void> | undefined;
  /** When the last look began, on the monotonic clock, milliseconds. */
  #lookedAtMs = 0;
  /** Failed looks in a row. */
  #failures = 0;
  /** A refresh was asked for during a look, which may have seen the old state. */
  #isAskedAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(look: Look, pace: Pace, chance: Chance = Math.random) {
    this.#look = look;
    this.#pace = pace;
    this.#chance = chance;
  }

  start(listener: DiscoveryListener): void {
    assert(this.#listener === undefined, 'a discovery is started once');
    if (this.#closing.signal.aborted) return;
    this.#listener = listener;
    this.#begin();
  }

  refresh(): void {
    if (this.#listener === undefined || this.#closing.signal.aborted) return;
    if (this.#looking !== undefined) this.#isAskedAgain = true;
    else this.#planRefresh();
  }

  async close(): Promise<void> {
    this.#closing.abort(new CacheError('ERR_CLOSED'));
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #begin(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#lookedAtMs = performance.now();
    this.#looking = this.#lookOnce();
  }

  async #lookOnce(): Promise<void> {
    const { signal } = this.#closing;
    const outcome = await withinLimit(this.#pace.deadlineMs, signal, (limited) =>
      this.#look(limited, this.#known),
    ).catch(asTrouble);
    this.#looking = undefined;
    if (signal.aborted) return;
    this.#planNext(outcome instanceof CacheError);
    if (outcome instanceof CacheError) this.#listener?.trouble(outcome);
    else this.#take(outcome);
  }

  #planNext(hasFailed: boolean): void {
    this.#failures = hasFailed ? this.#failures + 1 : 0;
    this.#plan(lookDelayMs(this.#failures, this.#pace.intervalMs, this.#chance));
    if (this.#isAskedAgain) this.#planRefresh();
    this.#isAskedAgain = false;
  }

  #planRefresh(): void {
    const sinceLookMs = performance.now() - this.#lookedAtMs;
    this.#plan(refreshDelayMs(sinceLookMs, this.#pace.refreshGapMs, this.#chance));
  }

  /** Keeps the earlier one of the plan there is and the new one. */
  #plan(delayMs: number): void {
    const atMs = performance.now() + delayMs;
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => this.#begin(), delayMs);
    if (!this.#pace.keepsProcessAlive) this.#timer.unref();
  }

  #take(found: Found): void {
    const next = nextTopology(this.#known, found);
    const isNews = next.nodes !== this.#known?.nodes;
    this.#known = next;
    if (isNews) this.#listener?.topology(next);
  }
}

/**
 * What is known after a look. A version never falls, and stands for one list: the same version is no
 * news. The same nodes under a newer version are no news either, unless the list now says more of them.
 */
export function nextTopology(known: Topology | undefined, found: Found): Topology {
  const { nodes, version } = found;
  if (known === undefined) return { version: version ?? 1, nodes };
  if (version !== undefined && version <= known.version) return known;
  if (!isDeepStrictEqual(known.nodes, nodes))
    return { version: version ?? known.version + 1, nodes };
  return { version: version ?? known.version, nodes: known.nodes };
}

function asTrouble(error: unknown): CacheError {
  if (error instanceof CacheError && error.code === 'ERR_DISCOVERY') return error;
  const detail = `${error instanceof Error ? error.message : String(error)}.`;
  return new CacheError('ERR_DISCOVERY', { detail, cause: error });
}
