import type { Request } from '../../protocol/client.ts';
import { CacheError } from '../base/errors.ts';
import type { ReplyHandler } from '../connection/operation.ts';
import type { Timing } from '../connection/runtime.ts';
import { callOptions, storeOptions } from '../option-tables/call-options.ts';
import type { OptionGroup } from '../option-tables/option-group.ts';
import { checkOptions } from '../option-tables/resolve.ts';
import type { ResolvedOptions } from '../option-tables/resolved-options.ts';
import type { CallOptions, StoreOptions } from '../option-types/calls.ts';
import { CAS_MAX, TAGGED_CAS_MAX } from '../routing/cas-tags.ts';
import type { ClusterView } from '../routing/cluster-view.ts';
import { KeyCodec } from '../values/keys.ts';
import { type EncodedValue, ValueCodec } from '../values/value-codec.ts';
import { Caller } from './calls.ts';
import { inTime } from './in-time.ts';
import { type GetManyResult, getMany } from './multi-key.ts';
import { ValueReplyHandlers, VOID } from './reply-handlers.ts';
import { checkCas, checkKeys, exptimeFor, storeRequest, type WholeStoreMode } from './requests.ts';

/**
 * Sends the requests of calls to the nodes of a cluster. Each call first checks its options, then
 * its key and its other arguments; a failed check rejects the promise.
 */
export class Sender {
  readonly handlers: ValueReplyHandlers;
  /** The largest CAS id that a node of the cluster can have sent. */
  readonly casMax: bigint;
  readonly #caller: Caller;
  readonly #timing: Timing;
  readonly #options: ResolvedOptions;
  readonly #cluster: ClusterView;
  readonly #keys: KeyCodec;
  readonly #codec: ValueCodec;

  constructor(
    options: ResolvedOptions,
    cluster: ClusterView,
    firstDeadlineMs: number,
    timing: Timing,
  ) {
    this.#caller = new Caller(options.deadlineMs, firstDeadlineMs, timing);
    this.#timing = timing;
    this.#options = options;
    this.#cluster = cluster;
    this.#keys = new KeyCodec(options.namespace, options.keys);
    const { serializer, compression, maxValueBytes } = options;
    this.#codec = new ValueCodec(serializer, compression, maxValueBytes, timing);
    this.handlers = new ValueReplyHandlers(this.#codec);
    this.casMax = cluster.tagsCas ? TAGGED_CAS_MAX : CAS_MAX;
  }

  /** @throws {CacheError} ERR_KEY for a key that the protocol cannot carry. */
  wireKeyOf(key: string): string {
    return this.#keys.toWire(key);
  }

  /** Does what `send` does for a `get`, without its closure: it is the hot path. */
  get<T>(key: string, cas: boolean, handler: ReplyHandler, options?: CallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      checkOptions(callOptions, options);
      const wireKey = this.#keys.toWire(key);
      this.#call(wireKey, { verb: 'get', key: wireKey, cas }, handler, options, resolve, reject);
    });
  }

  async getMany<T>(keys: readonly string[], options?: CallOptions): Promise<GetManyResult<T>> {
    checkOptions(callOptions, options);
    checkKeys(keys);
    return getMany<T>(keys, options, {
      caller: this.#caller,
      route: (key) => this.#cluster.targetOf(key),
      keys: this.#keys,
      codec: this.#codec,
      timing: this.#timing,
      defaults: this.#options,
    });
  }

  store<T>(
    mode: WholeStoreMode | 'cas',
    key: string,
    value: unknown,
    cas: bigint | undefined,
    handler: ReplyHandler,
    options?: StoreOptions,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      checkOptions(storeOptions, options);
      const wireKey = this.#keys.toWire(key);
      const exptime = exptimeFor(options, this.#timing);
      const casId = mode === 'cas' ? checkCas(cas, this.casMax) : undefined;
      const send = (encoded: EncodedValue, callOptions: CallOptions | undefined): void => {
        const request = storeRequest(mode, wireKey, encoded, exptime, casId);
        this.#call(wireKey, request, handler, callOptions, resolve, reject);
      };
      try {
        const call = { isOver: false };
        const encoded = this.#codec.encode(value, call);
        if (!(encoded instanceof Promise)) send(encoded, options);
        else
          this.#sendLater(encoded, wireKey, options, send)
            .catch((error) => reject(withKey(error, wireKey)))
            .finally(() => {
              call.isOver = true;
            });
      } catch (error) {
        reject(withKey(error, wireKey));
      }
    });
  }

  /** Sends a value that another thread encodes, if that ends by the deadline of the call. */
  async #sendLater(
    encoding: Promise<EncodedValue>,
    wireKey: string,
    options: CallOptions | undefined,
    send: (encoded: EncodedValue, options: CallOptions) => void,
  ): Promise<void> {
    const timing = this.#timing;
    const deadlineMs = this.#caller.deadlineMsOf(options, this.#cluster.targetOf(wireKey));
    const deadlineAt = timing.now() + deadlineMs;
    const limits = { signal: options?.signal, deadlineAt, timing, isUnsent: true };
    const encoded = await inTime(encoding, limits);
    const leftMs = Math.max(Number.MIN_VALUE, deadlineAt - timing.now());
    send(encoded, { ...options, deadlineMs: leftMs });
  }

  /** @param requestFor builds the request for the key on the wire. */
  send<T>(
    key: string,
    requestFor: (wireKey: string) => Request,
    handler: ReplyHandler,
    group: OptionGroup,
    options: CallOptions | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      checkOptions(group, options);
      const wireKey = this.#keys.toWire(key);
      this.#call(wireKey, requestFor(wireKey), handler, options, resolve, reject);
    });
  }

  /** Flushes every node; the nodes of a cluster flush each other. */
  async flush(options: CallOptions | undefined): Promise<void> {
    const request = { verb: 'flush' } as const;
    if (!this.#cluster.everyNodeAnswers) {
      await this.sendToEveryNode(request, () => VOID, options);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      checkOptions(callOptions, options);
      this.#call('', request, VOID, options, resolve, reject);
    });
  }

  /** Sends the same request to every node. Resolves with each node's result. */
  async sendToEveryNode<T>(
    request: Request,
    createHandler: () => ReplyHandler,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, T>> {
    return new Map(await Promise.all(await this.#callNodes<T>(request, createHandler, options)));
  }

  /** The same, but resolves with the outcome of each node. */
  async settleOnEveryNode(
    request: Request,
    createHandler: () => ReplyHandler,
    options?: CallOptions,
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    return Promise.allSettled(await this.#callNodes(request, createHandler, options));
  }

  async #callNodes<T>(
    request: Request,
    createHandler: () => ReplyHandler,
    options: CallOptions | undefined,
  ): Promise<readonly Promise<readonly [string, T]>[]> {
    checkOptions(callOptions, options);
    const deadlineMs = this.#caller.deadlineMsOf(options, { isNew: true });
    const nodes = await this.#cluster.whenNodesKnown(deadlineMs);
    return nodes.map((node) => {
      return new Promise<readonly [string, T]>((resolve, reject) => {
        const resolveNode = (value: T): void => resolve([node.name, value]);
        this.#caller.call(node, request, createHandler(), options, resolveNode, reject);
      });
    });
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

/** Adds the key to the failure of the codec, which does not know it. */
function withKey(error: unknown, wireKey: string): unknown {
  return error instanceof CacheError ? error.at(error.node, wireKey) : error;
}
