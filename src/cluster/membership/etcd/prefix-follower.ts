import { setTimeout as pause } from 'node:timers/promises';
import type { EtcdClient } from './etcd-client.ts';
import { EtcdError } from './etcd-error.ts';
import type { EtcdKey, WatchEvent } from './etcd-wire.ts';

type FollowedClient = Pick<EtcdClient, 'range' | 'watch'>;

/** All keys with the prefix, by key. */
export type EtcdState = ReadonlyMap<string, EtcdKey>;

interface FollowerListener {
  /** After each change, and after each time that the whole state was read again. */
  changed(state: EtcdState): void;
  /** The state may be old from here to the next `changed`. */
  lost(error: EtcdError): void;
}

/** More keys than a cluster has; more are an error of the one who wrote them. */
const KEYS_MAX = 2000;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 500;
/** The time between two requests that find out whether etcd still replies. */
const CHECK_MS = 2000;

/**
 * Follows all keys with a prefix, until it is stopped. After each break it reads all keys again: so
 * it needs no revision that etcd may have compacted, and sees what a restored backup has removed.
 */
export class PrefixFollower {
  readonly #client: FollowedClient;
  readonly #prefix: string;
  readonly #listener: FollowerListener;
  readonly #stopped = new AbortController();
  readonly #end: Promise<void>;

  constructor(client: FollowedClient, prefix: string, listener: FollowerListener) {
    this.#client = client;
    this.#prefix = prefix;
    this.#listener = listener;
    this.#end = this.#follow();
  }

  /** Resolves when no call of the listener follows. */
  stop(): Promise<void> {
    this.#stopped.abort();
    return this.#end;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopped;
    let failures = 0;
    while (!signal.aborted) {
      const hasRead = await this.#readAndWatch();
      failures = hasRead ? 0 : failures + 1;
      const waitMs = Math.min(RETRY_MS_MIN * 2 ** failures, RETRY_MS_MAX);
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves after a break with whether the state has been read. */
  async #readAndWatch(): Promise<boolean> {
    let hasRead = false;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, ended.signal]);
    try {
      const { keys, revision } = await this.#range();
      hasRead = true;
      const state = new Map(keys.map((key) => [key.key, key]));
      this.#notify(state);
      void this.#check(signal);
      await this.#watch(state, revision + 1, signal);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      if (!this.#stopped.signal.aborted) this.#listener.lost(error);
    } finally {
      ended.abort();
    }
    return hasRead;
  }

  async #range() {
    const range = await this.#client.range(this.#prefix, KEYS_MAX);
    if (!range.hasMore) return range;
    const advice = 'remove the keys that do not belong to the cluster';
    throw new EtcdError(
      'ERR_ETCD',
      `etcd has over ${KEYS_MAX} keys below ${this.#prefix}: ${advice}.`,
    );
  }

  async #watch(state: Map<string, EtcdKey>, from: number, signal: AbortSignal): Promise<void> {
    for await (const message of this.#client.watch(this.#prefix, from, signal)) {
      if (message.kind === 'canceled') {
        throw new EtcdError('ERR_ETCD', `etcd has ended a watch: ${message.reason}.`);
      }
      if (message.kind === 'created') continue;
      for (const event of message.events) apply(state, event);
      this.#notify(state);
    }
  }

  #notify(state: EtcdState): void {
    if (!this.#stopped.signal.aborted) this.#listener.changed(state);
  }

  /** A request that fails breaks the streams of its endpoint: a frozen etcd ends no stream. */
  async #check(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(CHECK_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#client.range(this.#prefix, 1).catch(() => undefined);
    }
  }
}

function apply(state: Map<string, EtcdKey>, { key, now }: WatchEvent): void {
  if (now === undefined) state.delete(key);
  else state.set(key, now);
}
