import { EventEmitter } from 'node:events';
import type { CountRequest, Request, StoreMode } from '../protocol/client.ts';
import type { Topology } from '../topology/index.ts';
import {
  type CountOptions,
  checkCas,
  type DeleteOptions,
  type FetchOptions,
  initialCounterOf,
  metaFlagsOf,
  uint64Of,
} from './arguments.ts';
import { Caller } from './calls.ts';
import type { ReplyHandler } from './connection/operation.ts';
import { type ClientRuntime, machineRuntime } from './connection/runtime.ts';
import type { Discovery } from './discovery/discovery.ts';
import { CacheError } from './errors.ts';
import { type GetManyResult, getMany, type SetManyResult, setMany } from './multi-key.ts';
import { nodesOf } from './nodes.ts';
import type { OperationKind, OperationMetrics } from './observe/metrics.ts';
import {
  argumentError,
  type CallOptions,
  type ClientOptions,
  deadlineOf,
  exptimeOf,
  type ResolvedOptions,
  resolveOptions,
  type StoreOptions,
} from './options.ts';
import type { Loader, LoadOptions } from './patterns/load-plan.ts';
import { ReadThrough } from './patterns/read-through.ts';
import {
  type WriteThroughOptions,
  type WriteThroughOutcome,
  writeThrough,
} from './patterns/write-through.ts';
import {
  CAS_STORED,
  COUNTER,
  type FetchResult,
  LINE,
  STORED,
  statsHandler,
  ValueReplyHandlers,
  type Versioned,
  VOID,
  WAS_DONE,
} from './reply-handlers.ts';
import { CAS_MAX, TAGGED_CAS_MAX } from './routing/cas-tags.ts';
import { ClusterView, type ClusterViewEvents } from './routing/cluster-view.ts';
import { KeyCodec } from './values/keys.ts';
import { type EncodedValue, ValueCodec } from './values/value-codec.ts';

export interface ClientEvents {
  /** A node is up: the client sends it operations, for the first time or again. */
  'node-up': [node: string];
  /** A node is down: the client sends it nothing but probes until one succeeds. */
  'node-down': [node: string, reason: CacheError];
  /** A request to a node failed. The caller gets the same `error`. */
  failure: [error: CacheError, operation: OperationKind];
  /** The topology changed. The event lists the names of all nodes. */
  nodes: [nodes: readonly string[]];
  /** A poll for the topology failed. The client keeps the nodes that it knows. */
  'discovery-error': [error: CacheError];
  /**
   * A write succeeded, but this node did not store its replica. The client invalidates the node's
   * replica as soon as the node replies again.
   */
  'replica-failed': [node: string, error: CacheError];
}

/**
 * A cache on several nodes; consistent hashing places the keys on them.
 *
 * A miss is `undefined`. An outcome such as `'not-stored'` is a value. Only a failure is an error:
 * a `CacheError` with a `code`. Every promise settles by its deadline.
 */
export class CacheClient extends EventEmitter<ClientEvents> {
  readonly #options: ResolvedOptions;
  readonly #caller: Caller;
  readonly #cluster: ClusterView;
  /** Undefined when the nodes are a fixed list. */
  readonly #discovery: Discovery | undefined;
  readonly #keys: KeyCodec;
  readonly #codec: ValueCodec;
  readonly #handlers: ValueReplyHandlers;
  readonly #readThrough = new ReadThrough(this);
  readonly #casMax: bigint;

  /** @param runtime internal: what a test simulates. */
  constructor(options: ClientOptions, runtime: ClientRuntime = machineRuntime) {
    super();
    const resolved = resolveOptions(options);
    this.#options = resolved;
    this.#caller = new Caller(resolved, runtime);
    this.#keys = new KeyCodec(resolved.namespace, resolved.keys);
    this.#codec = new ValueCodec(resolved.serializer, resolved.compression);
    this.#handlers = new ValueReplyHandlers(this.#codec);
    const mayChange = 'start' in options.nodes;
    this.#cluster = new ClusterView(resolved, mayChange, runtime, this.#clusterEvents());
    this.#casMax = this.#cluster.tagsCas ? TAGGED_CAS_MAX : CAS_MAX;
    if ('start' in options.nodes) {
      this.#discovery = options.nodes;
      this.#discovery.start({
        topology: (topology) => this.#applyTopology(topology),
        error: (error) => this.#emitLater('discovery-error', error),
      });
    } else {
      this.#cluster.update(nodesOf(options.nodes));
    }
  }

  /**
   * Returns the value as the caller stored it; undefined on a miss. The client does not check `T`.
   */
  get<T = unknown>(key: string, options?: CallOptions): Promise<T | undefined> {
    return this.#get(key, false, this.#handlers.value, options);
  }

  /** Returns the bytes of the value, whatever its type was. */
  getBytes(key: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    return this.#get(key, false, this.#handlers.bytes, options);
  }

  /** Returns the value and its CAS id. */
  gets<T = unknown>(key: string, options?: CallOptions): Promise<Versioned<T> | undefined> {
    return this.#get(key, true, this.#handlers.versioned, options);
  }

  /**
   * Returns the value and everything that the node knows about the item, and can request a lease.
   * `getOrSet` and `writeThrough` use it. Fails with ERR_UNSUPPORTED on a connection without the
   * meta protocol.
   */
  fetch<T = unknown>(key: string, options: FetchOptions = {}): Promise<FetchResult<T>> {
    return new Promise((resolve, reject) => {
      const wireKey = this.#keys.toWire(key);
      const request = { verb: 'fetch', key: wireKey, metaFlags: metaFlagsOf(options) } as const;
      this.#call(wireKey, request, this.#handlers.fetchResult, options, resolve, reject);
    });
  }

  /**
   * Returns the value; on a miss it calls `load` and stores the result. A lease makes sure that
   * exactly one caller of all processes loads. The others wait, or get the old value.
   */
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined> {
    return this.#readThrough.getOrSet(key, load, options);
  }

  /**
   * Writes the value to the source by `store`, then to the cache. If another caller changed the
   * cached value in between, the client deletes the key.
   */
  writeThrough<T>(
    key: string,
    value: T,
    store: (value: T, key: string) => Promise<void> | void,
    options?: WriteThroughOptions,
  ): Promise<WriteThroughOutcome> {
    return writeThrough(this, key, value, store, options);
  }

  /** Reads many values. It asks the nodes in parallel; a node's failure concerns only its keys. */
  getMany<T = unknown>(keys: readonly string[], options?: CallOptions): Promise<GetManyResult<T>> {
    return getMany<T>(keys, options, {
      caller: this.#caller,
      route: (key) => this.#cluster.targetOf(key),
      keys: this.#keys,
      codec: this.#codec,
      defaults: this.#options,
    });
  }

  /** Stores the value, whether the key has one or not. */
  set(key: string, value: unknown, options?: StoreOptions): Promise<void> {
    return this.#store('set', key, value, undefined, VOID, options);
  }

  /** Stores many values with the same options. Every key that is not in `failed` is stored. */
  async setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options?: StoreOptions,
  ): Promise<SetManyResult> {
    const all = [...entries];
    for (const [key] of all) this.#keys.toWire(key);
    return setMany(all, (key, value) => this.set(key, value, options));
  }

  /** Stores the value if the key has none. */
  add(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#store('add', key, value, undefined, STORED, options);
  }

  /** Stores the value if the key has one. */
  replace(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#store('replace', key, value, undefined, STORED, options);
  }

  /** Adds text or bytes after the value of the key, which keeps its `ttl` and its type. */
  append(
    key: string,
    value: string | Uint8Array,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    return this.#concatenate('append', key, value, options);
  }

  /** Adds text or bytes before the value of the key, which keeps its `ttl` and its type. */
  prepend(
    key: string,
    value: string | Uint8Array,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    return this.#concatenate('prepend', key, value, options);
  }

  /**
   * Stores the value if the key still has the version with this CAS id (from `gets` or `fetch`).
   */
  cas(
    key: string,
    value: unknown,
    cas: bigint,
    options?: StoreOptions,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    return this.#store('set', key, value, cas, CAS_STORED, options);
  }

  /** Deletes the key; false when it was missing (or, with `cas`, had another version). */
  delete(key: string, options?: DeleteOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const wireKey = this.#keys.toWire(key);
      const stale = options?.staleSeconds;
      const staleExptime = stale === undefined ? undefined : exptimeOf(stale);
      const cas = checkCas(options?.cas, this.#casMax);
      const request = { verb: 'delete', key: wireKey, cas, staleExptime } as const;
      this.#call(wireKey, request, WAS_DONE, options, resolve, reject);
    });
  }

  /** Adds to a counter, which wraps at 64 bits; undefined when the key is missing. */
  increment(
    key: string,
    by: number | bigint = 1,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    return this.#count(key, by, false, options);
  }

  /** Subtracts from a counter, which stops at 0; undefined when the key is missing. */
  decrement(
    key: string,
    by: number | bigint = 1,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    return this.#count(key, by, true, options);
  }

  /** Gives the key a new `ttl` in seconds; false when it was missing. */
  touch(key: string, ttl: number, options?: CallOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const wireKey = this.#keys.toWire(key);
      const request = { verb: 'touch', key: wireKey, exptime: exptimeOf(ttl) } as const;
      this.#call(wireKey, request, WAS_DONE, options, resolve, reject);
    });
  }

  /** Flushes every node. Fails if the request to one of them fails. */
  async flush(options?: CallOptions): Promise<void> {
    await this.#callEveryNode({ verb: 'flush' }, () => VOID, options);
  }

  /** Returns the statistics of each node: the general ones, or one topic such as `items`. */
  async stats(
    topic?: string,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    if (topic !== undefined && !/^[a-z_]{1,40}$/.test(topic)) {
      throw argumentError(`"${topic}" is not a topic of \`stats\`.`);
    }
    return this.#callEveryNode({ verb: 'stats', topic }, statsHandler, options);
  }

  /** Returns the version of each node. */
  version(options?: CallOptions): Promise<ReadonlyMap<string, string>> {
    return this.#callEveryNode({ verb: 'version' }, () => LINE, options);
  }

  /** Returns metrics by node and kind of operation, for each node of the current topology. */
  metrics(): ReadonlyMap<string, ReadonlyMap<OperationKind, OperationMetrics>> {
    const { nodes } = this.#cluster;
    return new Map(nodes.map(({ name, observer }) => [name, observer.snapshot()]));
  }

  /** Returns the name of the key's owner. Throws ERR_DISCOVERY while the client knows no node. */
  nodeOf(key: string): string {
    return this.#cluster.ownerOf(this.#keys.toWire(key));
  }

  /**
   * Returns the names of the nodes that hold the key: its owner, then the nodes of the other
   * `replicas`. Throws ERR_DISCOVERY while the client knows no node.
   */
  nodesOf(key: string): readonly string[] {
    return this.#cluster.replicaNamesOf(this.#keys.toWire(key));
  }

  /** Waits until the pending operations have settled, then closes. Later operations fail. */
  async close(): Promise<void> {
    await Promise.all([this.#discovery?.close(), this.#cluster.close()]);
  }

  #clusterEvents(): ClusterViewEvents {
    return {
      up: (node) => this.#emitLater('node-up', node),
      down: (node, reason) => {
        this.#emitLater('node-down', node, reason);
        this.#discovery?.refresh();
      },
      failed: (error, kind) => this.#emitLater('failure', error, kind),
      replicaFailed: (node, error) => this.#emitLater('replica-failed', node, error),
    };
  }

  #applyTopology({ nodes }: Topology): void {
    try {
      this.#cluster.update(nodes);
      this.#emitLater(
        'nodes',
        nodes.map(({ name }) => name),
      );
    } catch (error) {
      // The client cannot place keys on these nodes: the previous topology stays in force.
      if (!(error instanceof CacheError)) throw error;
      this.#emitLater('discovery-error', error);
    }
  }

  /** Emits on the next tick, because a listener may throw and a pipeline may be reading replies. */
  #emitLater<E extends keyof ClientEvents>(event: E, ...args: ClientEvents[E]): void {
    if (this.listenerCount(event) === 0) return;
    process.nextTick(() => (this as EventEmitter).emit(event, ...args));
  }

  #get<T>(key: string, cas: boolean, handler: ReplyHandler, options?: CallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const wireKey = this.#keys.toWire(key);
      this.#call(wireKey, { verb: 'get', key: wireKey, cas }, handler, options, resolve, reject);
    });
  }

  #store<T>(
    mode: StoreMode,
    key: string,
    value: unknown,
    cas: bigint | undefined,
    handler: ReplyHandler,
    options?: StoreOptions,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const wireKey = this.#keys.toWire(key);
      const ttl = options?.ttl;
      const exptime = ttl === undefined ? 0 : exptimeOf(ttl);
      const casId = checkCas(cas, this.#casMax);
      const send = ({ value, flags }: EncodedValue): void => {
        const request = { verb: 'store', mode, key: wireKey, value, flags, exptime, cas: casId };
        this.#call(wireKey, request as Request, handler, options, resolve, reject);
      };
      const encoded = this.#codec.encode(value);
      if (encoded instanceof Promise) encoded.then(send).catch(reject);
      else send(encoded);
    });
  }

  #concatenate(
    mode: 'append' | 'prepend',
    key: string,
    value: string | Uint8Array,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    return new Promise((resolve, reject) => {
      const wireKey = this.#keys.toWire(key);
      if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
        throw argumentError(`${mode} takes a string or a Uint8Array.`);
      }
      const rest = { value, flags: 0, exptime: 0, cas: undefined };
      const request = { verb: 'store', mode, key: wireKey, ...rest } as const;
      this.#call(wireKey, request, STORED, options, resolve, reject);
    });
  }

  #count(
    key: string,
    by: number | bigint,
    isDecrement: boolean,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    return new Promise((resolve, reject) => {
      const wireKey = this.#keys.toWire(key);
      const initial = initialCounterOf(options);
      const delta = uint64Of(by);
      const request: CountRequest = { verb: 'count', key: wireKey, delta, isDecrement, initial };
      this.#call(wireKey, request, COUNTER, options, resolve, reject);
    });
  }

  /** Sends the same request to every node. Resolves with each node's result. */
  async #callEveryNode<T>(
    request: Request,
    createHandler: () => ReplyHandler,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, T>> {
    const nodes = await this.#cluster.whenNodesKnown(deadlineOf(options, this.#options));
    const results = nodes.map((node) => {
      return new Promise<readonly [string, T]>((resolve, reject) => {
        const resolveNode = (value: T): void => resolve([node.name, value]);
        this.#caller.call(node, request, createHandler(), options, resolveNode, reject);
      });
    });
    return new Map(await Promise.all(results));
  }

  #call<T>(
    key: string,
    request: Request,
    handler: ReplyHandler,
    options: CallOptions | undefined,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    const target = this.#cluster.targetOf(key);
    this.#caller.call(target, request, handler, options, resolve, reject);
  }
}

/**
 * Creates a client. It connects at the first operation, and keeps the process alive until `close`.
 */
export function createClient(options: ClientOptions): CacheClient {
  return new CacheClient(options);
}
