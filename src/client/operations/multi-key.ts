import type { Reply } from '../../protocol/client.ts';
import { CacheError, isReportedPerKey } from '../base/errors.ts';
import type { ReplyHandler } from '../connection/operation.ts';
import type { ResolvedOptions } from '../option-tables/resolved-options.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { Route, Target } from '../routing/target.ts';
import type { KeyCodec } from '../values/keys.ts';
import type { ValueCodec } from '../values/value-codec.ts';
import type { Caller } from './calls.ts';

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
  readonly defaults: ResolvedOptions;
}

/** The keys of one request to one target: as the caller wrote them, and as they are on the wire. */
interface NodeBatch {
  readonly target: Target;
  readonly keys: string[];
  readonly wireKeys: string[];
}

/** Reads many values, by one request for each target and each `maxKeysPerGet` keys of it. */
export async function getMany<T>(
  keys: readonly string[],
  options: CallOptions | undefined,
  context: GetManyContext,
): Promise<GetManyResult<T>> {
  const collector = new GetManyCollector<T>(context.codec);
  const batches = batchesOf(keys, context);
  const requests = batches.map((batch) => sendBatch(batch, options, context, collector));
  if (requests.length === 1) await requests[0];
  else await Promise.all(requests);
  await collector.allDecoded();
  return collector;
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
  readonly #codec: ValueCodec;
  #decoding: Promise<void>[] | undefined;

  constructor(codec: ValueCodec) {
    this.#codec = codec;
  }

  handlerFor(batch: NodeBatch): ReplyHandler {
    return {
      onItem: (reply, node) => this.#addValue(batch, reply, node),
      onKeyFailed: (index, error) => this.fail(batch, index, error),
      onReply: () => undefined,
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

  #addValue(batch: NodeBatch, reply: Reply, node: string): void {
    const { index } = reply;
    try {
      const value = this.#codec.decode(reply);
      if (value instanceof Promise) this.#addLater(batch, index, node, value);
      else this.values.set(batch.keys[index]!, value as T);
    } catch (error) {
      this.#addUnreadable(batch, index, node, error);
    }
  }

  #addLater(batch: NodeBatch, index: number, node: string, value: Promise<T>): void {
    this.#decoding ??= [];
    const add = (decoded: T): void => void this.values.set(batch.keys[index]!, decoded);
    const fail = (error: unknown): void => this.#addUnreadable(batch, index, node, error);
    this.#decoding.push(value.then(add, fail));
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
