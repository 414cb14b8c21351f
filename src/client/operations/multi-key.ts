import type { Reply } from '../../protocol/client.ts';
import { CacheError, isReportedPerKey } from '../base/errors.ts';
import type { ReplyHandler } from '../connection/operation.ts';
import type { Timing } from '../connection/runtime.ts';
import { deadlineOf, type ResolvedOptions } from '../option-tables/resolved-options.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { Route, Target } from '../routing/target.ts';
import type { KeyCodec } from '../values/keys.ts';
import type { ValueCodec } from '../values/value-codec.ts';
import type { Caller } from './calls.ts';
import { inTime } from './in-time.ts';

/** The result of `getMany`. A key that is in neither map was a miss. */
export interface GetManyResult<T = unknown> {
  readonly values: ReadonlyMap<string, T>;
  /** Keys whose request failed, or whose value the client could not decode, each with its error. */
  readonly failed: ReadonlyMap<string, CacheError>;
}

/** The result of `setMany`. The client has stored every key that is not in `failed`. */
export interface SetManyResult {
  readonly failed: ReadonlyMap<string, CacheError>;
}

/** What `getMany` needs of its client. */
interface GetManyContext {
  readonly caller: Caller;
  readonly route: Route;
  readonly keys: KeyCodec;
  readonly codec: ValueCodec;
  readonly timing: Timing;
  readonly defaults: ResolvedOptions;
}

/** The keys of one request to one target: as the caller wrote them, and as they are on the wire. */
interface NodeBatch {
  readonly target: Target;
  readonly keys: string[];
  readonly wireKeys: string[];
}

/** A key of a batch. */
interface BatchKey {
  readonly batch: NodeBatch;
  readonly index: number;
}

/** Reads many values, by one request for each target and each `maxKeysPerGet` keys of it. */
export async function getMany<T>(
  keys: readonly string[],
  options: CallOptions | undefined,
  context: GetManyContext,
): Promise<GetManyResult<T>> {
  const collector = new GetManyCollector<T>(context, options?.signal);
  const batches = batchesOf(keys, context);
  const startedAt = context.timing.now();
  const requests = batches.map((batch) => sendBatch(batch, options, context, collector));
  if (requests.length === 1) await requests[0];
  else await Promise.all(requests);
  if (collector.unclear.length > 0) {
    const spentMs = context.timing.now() - startedAt;
    await readUnclear(collector, { ...options, ...leftOf(spentMs, options, context) }, context);
  }
  await collector.allDecoded();
  return collector;
}

/** The rest of the deadline. After the deadline the next request fails at once. */
function leftOf(
  spentMs: number,
  options: CallOptions | undefined,
  { defaults }: GetManyContext,
): CallOptions {
  return { deadlineMs: Math.max(Number.MIN_VALUE, deadlineOf(options, defaults) - spentMs) };
}

/**
 * Reads keys again, each by a request whose reply shows whether the empty item is the placeholder
 * of a lease.
 */
async function readUnclear(
  collector: GetManyCollector<unknown>,
  options: CallOptions,
  { caller }: GetManyContext,
): Promise<void> {
  const reads = collector.unclear.map(({ batch, index }) => {
    return new Promise<void>((resolve, reject) => {
      const fail = (error: unknown): void => {
        if (isReportedPerKey(error)) collector.fail(batch, index, error);
        else reject(error);
        resolve();
      };
      const request = { verb: 'get', key: batch.wireKeys[index]!, cas: false } as const;
      const handler = collector.handlerForOne(batch, index);
      caller.call(batch.target, request, handler, options, resolve, fail);
    });
  });
  await Promise.all(reads);
}

function sendBatch(
  batch: NodeBatch,
  options: CallOptions | undefined,
  { caller }: GetManyContext,
  collector: GetManyCollector<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      if (isReportedPerKey(error)) {
        for (const index of batch.keys.keys()) collector.fail(batch, index, error);
      } else reject(error);
      resolve();
    };
    const request = { verb: 'get-many', keys: batch.wireKeys } as const;
    caller.call(batch.target, request, collector.handlerFor(batch), options, resolve, fail);
  });
}

/** Collects the values and failures of one `getMany`. */
class GetManyCollector<T> implements GetManyResult<T> {
  readonly values = new Map<string, T>();
  readonly failed = new Map<string, CacheError>();
  /** Keys whose item is empty: a reply in classic text does not show whether it is leased. */
  readonly unclear: BatchKey[] = [];
  readonly #codec: ValueCodec;
  readonly #timing: Timing;
  readonly #signal: AbortSignal | undefined;
  #decoding: Promise<void>[] | undefined;

  constructor({ codec, timing }: GetManyContext, signal: AbortSignal | undefined) {
    this.#codec = codec;
    this.#timing = timing;
    this.#signal = signal;
  }

  handlerFor(batch: NodeBatch): ReplyHandler {
    return {
      onItem: (reply, node, deadlineAt) => {
        if (reply.mayBePlaceholder) this.unclear.push({ batch, index: reply.index });
        else this.#addValue(batch, reply.index, reply, node, deadlineAt);
      },
      onKeyFailed: (index, error) => this.fail(batch, index, error),
      onReply: () => undefined,
    };
  }

  /** The handler of a request for one key of the batch. */
  handlerForOne(batch: NodeBatch, index: number): ReplyHandler {
    return {
      onReply: (reply, deadlineAt) => {
        if (reply.status !== 'value') return;
        this.#addValue(batch, index, reply, batch.target.name, deadlineAt);
      },
    };
  }

  /** Records the failure of a key. It does not replace a value that arrived before. */
  fail({ keys, wireKeys }: NodeBatch, index: number, error: CacheError): void {
    const key = keys[index]!;
    if (!this.values.has(key)) this.failed.set(key, error.at(error.node, wireKeys[index]));
  }

  /** Resolves when the client has also decoded the values that it decompresses asynchronously. */
  async allDecoded(): Promise<void> {
    if (this.#decoding !== undefined) await Promise.all(this.#decoding);
  }

  #addValue(batch: NodeBatch, index: number, reply: Reply, node: string, deadlineAt: number): void {
    try {
      const value = this.#codec.decode(reply, deadlineAt);
      if (value instanceof Promise) this.#addLater(batch, index, node, value, deadlineAt);
      else this.values.set(batch.keys[index]!, value as T);
    } catch (error) {
      this.#addUnreadable(batch, index, node, error);
    }
  }

  #addLater(
    batch: NodeBatch,
    index: number,
    node: string,
    value: Promise<T>,
    deadlineAt: number,
  ): void {
    this.#decoding ??= [];
    const add = (decoded: T): void => void this.values.set(batch.keys[index]!, decoded);
    const fail = (error: unknown): void => this.#addUnreadable(batch, index, node, error);
    const limits = { signal: this.#signal, deadlineAt, timing: this.#timing, isUnsent: false };
    this.#decoding.push(inTime(value, limits).then(add, fail));
  }

  #addUnreadable({ keys, wireKeys }: NodeBatch, index: number, node: string, error: unknown): void {
    const failure =
      error instanceof CacheError ? error : new CacheError('ERR_VALUE', { cause: error });
    this.failed.set(keys[index]!, failure.at(node, wireKeys[index]));
  }
}

function batchesOf(
  keys: readonly string[],
  { route, keys: codec, defaults }: GetManyContext,
): NodeBatch[] {
  const batches: NodeBatch[] = [];
  const latest = new Map<Target, NodeBatch>();
  for (const key of keys) {
    const wireKey = codec.toWire(key);
    const target = route(wireKey);
    let batch = latest.get(target);
    if (batch === undefined || batch.keys.length === defaults.maxKeysPerGet) {
      batch = { target, keys: [], wireKeys: [] };
      latest.set(target, batch);
      batches.push(batch);
    }
    batch.keys.push(key);
    batch.wireKeys.push(wireKey);
  }
  return batches;
}

/** Stores many values, each by `set`. The failure of one value does not affect the others. */
export async function setMany(
  entries: readonly (readonly [key: string, value: unknown])[],
  set: (key: string, value: unknown) => Promise<void>,
): Promise<SetManyResult> {
  const failed = new Map<string, CacheError>();
  const stores: Promise<void>[] = [];
  for (const [key, value] of entries) {
    stores.push(
      set(key, value).catch((error: unknown) => {
        if (!isReportedPerKey(error)) throw error;
        failed.set(key, error);
      }),
    );
  }
  await Promise.all(stores);
  return { failed };
}
