import { EventEmitter } from 'node:events';
import type { ClientEvents } from './client-events.ts';
import { type ClientRuntime, machineRuntime, type Timing } from './connection/runtime.ts';
import { ClientMetrics } from './observe/metrics.ts';
import type { Cache, Loader, SureLoader, WriteThroughOutcome } from './operations/cache.ts';
import { type GetManyResult, type SetManyResult, setMany } from './operations/multi-key.ts';
import {
  CAS_STORED,
  COUNTER,
  type FetchResult,
  LINE,
  STORED,
  statsHandler,
  type Versioned,
  VOID,
  WAS_DONE,
} from './operations/reply-handlers.ts';
import {
  checkTopic,
  concatRequest,
  countRequest,
  deleteRequest,
  entriesOf,
  fetchRequest,
  notAFunction,
  touchRequest,
} from './operations/requests.ts';
import { Sender } from './operations/sender.ts';
import {
  callOptions,
  countOptions,
  deleteOptions,
  fetchOptions,
  storeOptions,
} from './option-tables/call-options.ts';
import { checkOptions } from './option-tables/resolve.ts';
import { firstDeadlineOf, nodeSourceOf, resolveOptions } from './option-tables/resolved-options.ts';
import type {
  CallOptions,
  CountOptions,
  DeleteOptions,
  FetchOptions,
  StoreOptions,
} from './option-types/calls.ts';
import type { ClientOptions } from './option-types/client.ts';
import type { LoadOptions, WriteThroughOptions } from './option-types/patterns.ts';
import { LoadCoordinator } from './patterns/load-coordinator.ts';
import { writeThrough } from './patterns/write-through.ts';
import { whenReady } from './ready.ts';
import type { NodeStatus } from './routing/cluster-node.ts';
import { ClusterView, type ClusterViewEvents } from './routing/cluster-view.ts';
import { TopologyFeed } from './topology-feed.ts';
import type { Bytes } from './values/bytes.ts';

/** A cache on several nodes; consistent hashing places the keys on them. */
export class CacheClient extends EventEmitter<ClientEvents> implements Cache {
  readonly #cluster: ClusterView;
  readonly #sender: Sender;
  readonly #feed: TopologyFeed;
  readonly #loads: LoadCoordinator;
  readonly #timing: Timing;
  readonly #readyDeadlineMs: number;

  /** @param runtime internal: what a test simulates. */
  constructor(options: ClientOptions, runtime: ClientRuntime = machineRuntime) {
    super();
    this.#loads = new LoadCoordinator(runtime);
    this.#timing = runtime;
    const resolved = resolveOptions(options);
    this.#readyDeadlineMs = Math.max(resolved.deadlineMs, resolved.connectTimeoutMs);
    const source = nodeSourceOf(options);
    this.#cluster = new ClusterView(resolved, source, runtime, this.#clusterEvents());
    this.#sender = new Sender(resolved, this.#cluster, firstDeadlineOf(options, resolved), runtime);
    this.#feed = new TopologyFeed(options, resolved, this.#cluster, runtime, {
      nodes: (names) => this.#emitLater('nodes', names),
      error: (error) => this.#emitLater('discovery-error', error),
    });
    this.#feed.start();
  }

  get<T = unknown>(key: string, options?: CallOptions): Promise<T | undefined> {
    return this.#sender.get(key, false, this.#sender.handlers.value, options);
  }

  getBytes(key: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    return this.#sender.get(key, false, this.#sender.handlers.bytes, options);
  }

  gets<T = unknown>(key: string, options?: CallOptions): Promise<Versioned<T> | undefined> {
    return this.#sender.get(key, true, this.#sender.handlers.versioned, options);
  }

  fetch<T = unknown>(key: string, options?: FetchOptions): Promise<FetchResult<T>> {
    const request = (wireKey: string) => fetchRequest(wireKey, options, this.#timing);
    const { fetchResult } = this.#sender.handlers;
    return this.#sender.send(key, request, fetchResult, fetchOptions, options);
  }

  getOrSet<T>(key: string, load: SureLoader<T>, options?: LoadOptions): Promise<T>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined> {
    if (typeof load !== 'function') return Promise.reject(notAFunction('load', load));
    return this.#loads.getOrSet(this, key, load, options);
  }

  writeThrough<T>(
    key: string,
    value: T,
    store: (value: T, key: string) => Promise<void> | void,
    options?: WriteThroughOptions,
  ): Promise<WriteThroughOutcome> {
    if (typeof store !== 'function') return Promise.reject(notAFunction('store', store));
    return writeThrough(this, key, value, store, options);
  }

  getMany<T = unknown>(keys: readonly string[], options?: CallOptions): Promise<GetManyResult<T>> {
    return this.#sender.getMany(keys, options);
  }

  set(key: string, value: unknown, options?: StoreOptions): Promise<void> {
    return this.#sender.store('set', key, value, undefined, VOID, options);
  }

  async setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options?: StoreOptions,
  ): Promise<SetManyResult> {
    checkOptions(storeOptions, options);
    const all = entriesOf(entries);
    for (const [key] of all) this.#sender.wireKeyOf(key);
    return setMany(all, (key, value) => this.set(key, value, options));
  }

  add(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#sender.store('add', key, value, undefined, STORED, options);
  }

  replace(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#sender.store('replace', key, value, undefined, STORED, options);
  }

  append(
    key: string,
    value: string | Bytes,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    const request = (wireKey: string) => concatRequest('append', wireKey, value);
    return this.#sender.send(key, request, STORED, callOptions, options);
  }

  prepend(
    key: string,
    value: string | Bytes,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    const request = (wireKey: string) => concatRequest('prepend', wireKey, value);
    return this.#sender.send(key, request, STORED, callOptions, options);
  }

  cas(
    key: string,
    value: unknown,
    cas: bigint,
    options?: StoreOptions,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    return this.#sender.store('cas', key, value, cas, CAS_STORED, options);
  }

  delete(key: string, options?: DeleteOptions): Promise<boolean> {
    const { casMax } = this.#sender;
    const request = (wireKey: string) => deleteRequest(wireKey, options, casMax, this.#timing);
    return this.#sender.send(key, request, WAS_DONE, deleteOptions, options);
  }

  increment(
    key: string,
    by: number | bigint = 1,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    const request = (wireKey: string) => countRequest(wireKey, by, false, options, this.#timing);
    return this.#sender.send(key, request, COUNTER, countOptions, options);
  }

  decrement(
    key: string,
    by: number | bigint = 1,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    const request = (wireKey: string) => countRequest(wireKey, by, true, options, this.#timing);
    return this.#sender.send(key, request, COUNTER, countOptions, options);
  }

  touch(key: string, ttl: number, options?: CallOptions): Promise<boolean> {
    const request = (wireKey: string) => touchRequest(wireKey, ttl, this.#timing);
    return this.#sender.send(key, request, WAS_DONE, callOptions, options);
  }

  async flush(options?: CallOptions): Promise<void> {
    await this.#sender.flush(options);
  }

  async stats(
    topic?: string,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    checkTopic(topic);
    return this.#sender.sendToEveryNode({ verb: 'stats', topic }, statsHandler, options);
  }

  version(options?: CallOptions): Promise<ReadonlyMap<string, string>> {
    return this.#sender.sendToEveryNode({ verb: 'version' }, () => LINE, options);
  }

  /** The nodes of the current topology; empty before the first one. */
  get nodes(): readonly NodeStatus[] {
    return this.#cluster.nodes.map(({ status }) => status);
  }

  /**
   * Connects. Resolves when each node is connected or down, and at least one is connected: it waits
   * for one until the deadline, by default the longer of `deadlineMs` and `connectTimeoutMs`.
   */
  async ready(options?: CallOptions): Promise<void> {
    checkOptions(callOptions, options);
    const ask = (each: CallOptions) =>
      this.#sender.settleOnEveryNode({ verb: 'version' }, () => LINE, each);
    const deadlineMs = options?.deadlineMs ?? this.#readyDeadlineMs;
    await whenReady(ask, this.#timing, deadlineMs, options?.signal);
  }

  /** Returns metrics by node and kind of operation, for each node of the current topology. */
  metrics(): ClientMetrics {
    const { nodes } = this.#cluster;
    return new ClientMetrics(nodes.map(({ name, observer }) => [name, observer.snapshot()]));
  }

  nodeOf(key: string): string {
    return this.#cluster.ownerOf(this.#sender.wireKeyOf(key));
  }

  nodesOf(key: string): readonly string[] {
    return this.#cluster.replicaNamesOf(this.#sender.wireKeyOf(key));
  }

  async close(): Promise<void> {
    await Promise.all([this.#cluster.close(), this.#feed.close()]);
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #clusterEvents(): ClusterViewEvents {
    return {
      up: (node, isMember) => {
        this.#emitLater('node-up', node);
        if (isMember) this.#feed.memberSeen();
      },
      down: (node, reason) => {
        this.#emitLater('node-down', node, reason);
        this.#feed.refresh();
      },
      failed: (error, kind) => this.#emitLater('failure', error, kind),
      replicaFailed: (node, error) => this.#emitLater('replica-failed', node, error),
    };
  }

  /** Emits on the next tick, because a listener may throw and a pipeline may be reading replies. */
  #emitLater<E extends keyof ClientEvents>(event: E, ...args: ClientEvents[E]): void {
    if (this.listenerCount(event) === 0) return;
    process.nextTick(() => (this as EventEmitter).emit(event, ...args));
  }
}

/**
 * Creates a client. It connects at the first operation, and keeps the process alive until `close`.
 */
export function createClient(options: ClientOptions): CacheClient {
  return new CacheClient(options);
}
