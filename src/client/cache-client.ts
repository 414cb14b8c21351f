import { EventEmitter } from 'node:events';
import type { CountRequest, Request, StoreMode } from '../protocol/client.ts';
import {
  CAS_STORED,
  COUNT,
  type Fetched,
  LINE,
  STORED,
  statsAnswer,
  ValueAnswers,
  type Versioned,
  VOID,
  WAS_DONE,
} from './answers.ts';
import {
  amount,
  type CountOptions,
  checkCas,
  type DeleteOptions,
  type FetchOptions,
  startOf,
  termsOf,
} from './arguments.ts';
import { call } from './calls.ts';
import type { Answered } from './connection/operation.ts';
import type { Discovery, Topology } from './discovery/discovery.ts';
import { CacheError } from './errors.ts';
import { getMany, type ManyStored, type ManyValues, storeMany } from './many.ts';
import type { OperationKind, OperationMetrics } from './observe/metrics.ts';
import {
  badOption,
  type CallOptions,
  type ClientOptions,
  deadlineOf,
  exptimeOf,
  type ResolvedOptions,
  resolveOptions,
  type StoreOptions,
} from './options.ts';
import type { Load, LoadOptions } from './patterns/load-plan.ts';
import { ReadThrough } from './patterns/read-through.ts';
import {
  type WriteThroughOptions,
  type WrittenThrough,
  writeThrough,
} from './patterns/write-through.ts';
import { CAS_MAX, TAGGED_CAS_MAX } from './routing/cas-tags.ts';
import { Fleet, type FleetEvents } from './routing/fleet.ts';
import { readNodes } from './topology.ts';
import { KeyCodec } from './values/keys.ts';
import { type Encoded, ValueCodec } from './values/value-codec.ts';

export interface ClientEvents {
  /** The node answers (again). */
  'node-up': [node: string];
  /** The node is not used until it answers a probe. */
  'node-down': [node: string, reason: CacheError];
  /** A request to a node failed; `error` is what the caller gets, too. */
  failure: [error: CacheError, operation: OperationKind];
  /** There are other nodes than before; these are all of them. */
  nodes: [nodes: readonly string[]];
  /** A look for the nodes failed; those known so far stay. */
  'discovery-trouble': [error: CacheError];
  /**
   * A write succeeded, but not at this node, which was to hold a copy. What it has under the key is
   * removed as soon as it answers.
   */
  'copy-failed': [node: string, error: CacheError];
}

/**
 * A cache sharded over nodes by consistent hashing.
 *
 * A miss is `undefined`, an answer such as `'not-stored'` is a value, and only trouble is an error:
 * a CacheError whose `code` says which. Every promise is settled by its deadline.
 */
export class CacheClient extends EventEmitter<ClientEvents> {
  readonly #options: ResolvedOptions;
  readonly #fleet: Fleet;
  /** None when the nodes are a list for good. */
  readonly #discovery: Discovery | undefined;
  readonly #keys: KeyCodec;
  readonly #codec: ValueCodec;
  readonly #answers: ValueAnswers;
  readonly #readThrough = new ReadThrough(this);
  readonly #casMax: bigint;

  constructor(options: ClientOptions) {
    super();
    const resolved = resolveOptions(options);
    this.#options = resolved;
    this.#keys = new KeyCodec(resolved.namespace, resolved.keys);
    this.#codec = new ValueCodec(resolved.serializer, resolved.compression);
    this.#answers = new ValueAnswers(this.#codec);
    this.#fleet = new Fleet(resolved, 'start' in options.nodes, this.#fleetEvents());
    this.#casMax = this.#fleet.tagsCas ? TAGGED_CAS_MAX : CAS_MAX;
    if ('start' in options.nodes) {
      this.#discovery = options.nodes;
      this.#discovery.start({
        topology: (topology) => this.#take(topology),
        trouble: (error) => this.#tell('discovery-trouble', error),
      });
    } else {
      this.#fleet.update(readNodes(options.nodes));
    }
  }

  /** The value as it was stored; undefined when there is none. `T` is taken on trust. */
  get<T = unknown>(key: string, options?: CallOptions): Promise<T | undefined> {
    return this.#get(key, false, this.#answers.value, options);
  }

  /** The value's bytes, whatever it was stored as. */
  getBytes(key: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    return this.#get(key, false, this.#answers.bytes, options);
  }

  /** The value and its version. */
  gets<T = unknown>(key: string, options?: CallOptions): Promise<Versioned<T> | undefined> {
    return this.#get(key, true, this.#answers.versioned, options);
  }

  /**
   * The value with all that the node knows of it, and with leases: what `getOrSet` and the like are
   * built of. Fails with ERR_UNSUPPORTED where the meta protocol is not spoken.
   */
  fetch<T = unknown>(key: string, options: FetchOptions = {}): Promise<Fetched<T>> {
    return new Promise((resolve, reject) => {
      const wire = this.#keys.onWire(key);
      const request = { verb: 'fetch', key: wire, terms: termsOf(options) } as const;
      this.#call(wire, request, this.#answers.fetched, options, resolve, reject);
    });
  }

  /**
   * The value; on a miss `load` finds it and it is stored. Exactly one caller loads, across all
   * processes, by a lease; the others wait, or have the old value.
   */
  getOrSet<T>(key: string, load: Load<T>, options?: LoadOptions): Promise<T | undefined> {
    return this.#readThrough.getOrSet(key, load, options);
  }

  /** Writes to the source by `store`, then here; a writer who came in between makes it a miss. */
  writeThrough<T>(
    key: string,
    value: T,
    store: (value: T, key: string) => Promise<void> | void,
    options?: WriteThroughOptions,
  ): Promise<WrittenThrough> {
    return writeThrough(this, key, value, store, options);
  }

  /**
   * Many values at once; nodes are asked side by side, and one node's trouble is its keys' only.
   */
  getMany<T = unknown>(keys: readonly string[], options?: CallOptions): Promise<ManyValues<T>> {
    return getMany<T>(keys, options, {
      route: this.#fleet,
      keys: this.#keys,
      codec: this.#codec,
      defaults: this.#options,
    });
  }

  /** Stores the value, whatever is there. */
  set(key: string, value: unknown, options?: StoreOptions): Promise<void> {
    return this.#store('set', key, value, undefined, VOID, options);
  }

  /** Stores many values at once, in one way: every key that is not in `failed` is stored. */
  async setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options?: StoreOptions,
  ): Promise<ManyStored> {
    const all = [...entries];
    for (const [key] of all) this.#keys.onWire(key);
    return storeMany(all, (key, value) => this.set(key, value, options));
  }

  /** Stores the value if there is none. */
  add(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#store('add', key, value, undefined, STORED, options);
  }

  /** Stores the value if there is one. */
  replace(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#store('replace', key, value, undefined, STORED, options);
  }

  /** Puts text or bytes behind the value there is; its time to live and its kind stay. */
  append(
    key: string,
    value: string | Uint8Array,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    return this.#join('append', key, value, options);
  }

  /** Puts text or bytes in front of the value there is; its time to live and its kind stay. */
  prepend(
    key: string,
    value: string | Uint8Array,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    return this.#join('prepend', key, value, options);
  }

  /** Stores the value if nobody changed the key since `gets` gave this `cas`. */
  cas(
    key: string,
    value: unknown,
    cas: bigint,
    options?: StoreOptions,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    return this.#store('set', key, value, cas, CAS_STORED, options);
  }

  /** Removes the key; false when it was not there (or, with `cas`, was another version). */
  delete(key: string, options?: DeleteOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const wire = this.#keys.onWire(key);
      const stale = options?.staleSeconds;
      const staleExptime = stale === undefined ? undefined : exptimeOf(stale);
      const cas = checkCas(options?.cas, this.#casMax);
      const request = { verb: 'delete', key: wire, cas, staleExptime } as const;
      this.#call(wire, request, WAS_DONE, options, resolve, reject);
    });
  }

  /** Adds to a counter (64 bits, wrapping); undefined when there is none. */
  increment(
    key: string,
    by: number | bigint = 1,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    return this.#count(key, by, false, options);
  }

  /** Subtracts from a counter, down to 0; undefined when there is none. */
  decrement(
    key: string,
    by: number | bigint = 1,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    return this.#count(key, by, true, options);
  }

  /** Gives the key a new time to live, in seconds; false when it was not there. */
  touch(key: string, ttl: number, options?: CallOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const wire = this.#keys.onWire(key);
      const request = { verb: 'touch', key: wire, exptime: exptimeOf(ttl) } as const;
      this.#call(wire, request, WAS_DONE, options, resolve, reject);
    });
  }

  /** Empties every node. Fails if one of them could not be told. */
  async flush(options?: CallOptions): Promise<void> {
    await this.#everyNode({ verb: 'flush' }, () => VOID, options);
  }

  /** Each node's statistics, or one topic of them, such as `items`. */
  async stats(
    topic?: string,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    if (topic !== undefined && !/^[a-z_]{1,40}$/.test(topic)) {
      throw badOption(`"${topic}" is no topic of stats.`);
    }
    return this.#everyNode({ verb: 'stats', topic }, statsAnswer, options);
  }

  /** Each node's version. */
  version(options?: CallOptions): Promise<ReadonlyMap<string, string>> {
    return this.#everyNode({ verb: 'version' }, () => LINE, options);
  }

  /** How each present node's operations went since it is known, by their kind. */
  metrics(): ReadonlyMap<string, ReadonlyMap<OperationKind, OperationMetrics>> {
    const { members } = this.#fleet;
    return new Map(members.map(({ name, observer }) => [name, observer.snapshot()]));
  }

  /** The node that owns the key, by name. Fails with ERR_DISCOVERY before there is any. */
  nodeOf(key: string): string {
    return this.#fleet.ownerOf(this.#keys.onWire(key));
  }

  /**
   * The nodes that hold the key, by name: its owner, and with `replicas` those of the other copies.
   * Fails with ERR_DISCOVERY before there is any.
   */
  nodesOf(key: string): readonly string[] {
    return this.#fleet.holdersOf(this.#keys.onWire(key));
  }

  /** Lets pending operations finish, each by its deadline, then closes; later ones fail. */
  async close(): Promise<void> {
    await Promise.all([this.#discovery?.close(), this.#fleet.close()]);
  }

  #fleetEvents(): FleetEvents {
    return {
      up: (node) => this.#tell('node-up', node),
      down: (node, reason) => {
        this.#tell('node-down', node, reason);
        this.#discovery?.refresh();
      },
      failed: (error, kind) => this.#tell('failure', error, kind),
      copyFailed: (node, error) => this.#tell('copy-failed', node, error),
    };
  }

  #take({ nodes }: Topology): void {
    try {
      this.#fleet.update(nodes);
      this.#tell(
        'nodes',
        nodes.map(({ name }) => name),
      );
    } catch (error) {
      // Keys cannot be placed on such a list: the one before stays in force.
      if (!(error instanceof CacheError)) throw error;
      this.#tell('discovery-trouble', error);
    }
  }

  /** Later: a listener that throws must not do so in the middle of reading replies. */
  #tell<E extends keyof ClientEvents>(event: E, ...about: ClientEvents[E]): void {
    if (this.listenerCount(event) === 0) return;
    process.nextTick(() => (this as EventEmitter).emit(event, ...about));
  }

  #get<T>(key: string, cas: boolean, answered: Answered, options?: CallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const wire = this.#keys.onWire(key);
      this.#call(wire, { verb: 'get', key: wire, cas }, answered, options, resolve, reject);
    });
  }

  #store<T>(
    mode: StoreMode,
    key: string,
    value: unknown,
    cas: bigint | undefined,
    answered: Answered,
    options?: StoreOptions,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const wire = this.#keys.onWire(key);
      const ttl = options?.ttl;
      const exptime = ttl === undefined ? 0 : exptimeOf(ttl);
      const token = checkCas(cas, this.#casMax);
      const send = ({ value, flags }: Encoded): void => {
        const request = { verb: 'store', mode, key: wire, value, flags, exptime, cas: token };
        this.#call(wire, request as Request, answered, options, resolve, reject);
      };
      const encoded = this.#codec.encode(value);
      if (encoded instanceof Promise) encoded.then(send).catch(reject);
      else send(encoded);
    });
  }

  #join(
    mode: 'append' | 'prepend',
    key: string,
    value: string | Uint8Array,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'> {
    return new Promise((resolve, reject) => {
      const wire = this.#keys.onWire(key);
      if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
        throw badOption(`${mode} takes a string or a Uint8Array.`);
      }
      const rest = { value, flags: 0, exptime: 0, cas: undefined };
      const request = { verb: 'store', mode, key: wire, ...rest } as const;
      this.#call(wire, request, STORED, options, resolve, reject);
    });
  }

  #count(
    key: string,
    by: number | bigint,
    down: boolean,
    options?: CountOptions,
  ): Promise<bigint | undefined> {
    return new Promise((resolve, reject) => {
      const wire = this.#keys.onWire(key);
      const start = startOf(options);
      const request: CountRequest = { verb: 'count', key: wire, by: amount(by), down, start };
      this.#call(wire, request, COUNT, options, resolve, reject);
    });
  }

  /** Asks every node the same. */
  async #everyNode<T>(
    request: Request,
    answer: () => Answered,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, T>> {
    const members = await this.#fleet.whenKnown(deadlineOf(options, this.#options));
    const replies = members.map((target) => {
      return new Promise<readonly [string, T]>((resolve, reject) => {
        const told = (value: T): void => resolve([target.name, value]);
        call(target, request, answer(), options, this.#options, told, reject);
      });
    });
    return new Map(await Promise.all(replies));
  }

  #call<T>(
    key: string,
    request: Request,
    answered: Answered,
    options: CallOptions | undefined,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    const target = this.#fleet.targetOf(key);
    call(target, request, answered, options, this.#options, resolve, reject);
  }
}

/** Makes a client. It connects when it is first used; it keeps the process alive until `close`. */
export function createClient(options: ClientOptions): CacheClient {
  return new CacheClient(options);
}
