import type { Reply } from '../protocol/client.ts';
import { call } from './calls.ts';
import type { Answered } from './connection/operation.ts';
import { CacheError } from './errors.ts';
import type { CallOptions, ResolvedOptions } from './options.ts';
import type { Route, Target } from './routing/route.ts';
import type { KeyCodec } from './values/keys.ts';
import type { ValueCodec } from './values/value-codec.ts';

/** What `getMany` found. A key is in `values`, or in `failed`, or was a miss. */
export interface ManyValues<T = unknown> {
  readonly values: ReadonlyMap<string, T>;
  /** Keys whose node could not be asked, or whose value could not be read, each with why. */
  readonly failed: ReadonlyMap<string, CacheError>;
}

/** What `setMany` did: every key that is not in `failed` is stored. */
export interface ManyStored {
  readonly failed: ReadonlyMap<string, CacheError>;
}

/** What a request for many needs of its client. */
export interface ManyContext {
  readonly route: Route;
  readonly keys: KeyCodec;
  readonly codec: ValueCodec;
  readonly defaults: ResolvedOptions;
}

/** Keys that go to one node in one request: the caller's, and as they are on the wire. */
interface Part {
  readonly target: Target;
  readonly keys: string[];
  readonly wireKeys: string[];
}

/** Asks for many values: a request for each node, or more where there are many keys. */
export async function getMany<T>(
  keys: readonly string[],
  options: CallOptions | undefined,
  context: ManyContext,
): Promise<ManyValues<T>> {
  const found = new Findings<T>(context.codec);
  const parts = partsOf(keys, context);
  const asked = parts.map((part) => ask(part, options, context, found));
  if (asked.length === 1) await asked[0];
  else await Promise.all(asked);
  await found.allRead();
  return found;
}

function ask(
  part: Part,
  options: CallOptions | undefined,
  { defaults }: ManyContext,
  found: Findings<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      if (isTrouble(error)) for (const index of part.keys.keys()) found.fail(part, index, error);
      else reject(error);
      resolve();
    };
    const request = { verb: 'get-many', keys: part.wireKeys } as const;
    call(part.target, request, found.answerTo(part), options, defaults, resolve, fail);
  });
}

/** The caller's mistake is thrown; what the cluster did is told key by key. */
function isTrouble(error: unknown): error is CacheError {
  return error instanceof CacheError && error.code !== 'ERR_ARGUMENT' && error.code !== 'ERR_KEY';
}

/** What was found so far. */
class Findings<T> implements ManyValues<T> {
  readonly values = new Map<string, T>();
  readonly failed = new Map<string, CacheError>();
  readonly #codec: ValueCodec;
  #reading: Promise<void>[] | undefined;

  constructor(codec: ValueCodec) {
    this.#codec = codec;
  }

  answerTo(part: Part): Answered {
    return {
      item: (reply, node) => this.#take(part, reply, node),
      keyFailed: (index, error) => this.fail(part, index, error),
      end: () => undefined,
    };
  }

  /** A later failure takes nothing away from what has come. */
  fail({ keys, wireKeys }: Part, index: number, error: CacheError): void {
    const key = keys[index]!;
    if (!this.values.has(key)) this.failed.set(key, error.at(error.node, wireKeys[index]));
  }

  /** When the values that take longer to unpack are there, too. */
  async allRead(): Promise<void> {
    if (this.#reading !== undefined) await Promise.all(this.#reading);
  }

  #take(part: Part, reply: Reply, node: string): void {
    const { index } = reply;
    try {
      const value = this.#codec.decode(reply);
      if (value instanceof Promise) this.#readLater(part, index, node, value);
      else this.values.set(part.keys[index]!, value as T);
    } catch (error) {
      this.#unreadable(part, index, node, error);
    }
  }

  #readLater(part: Part, index: number, node: string, value: Promise<T>): void {
    this.#reading ??= [];
    const set = (read: T): void => void this.values.set(part.keys[index]!, read);
    const fail = (error: unknown): void => this.#unreadable(part, index, node, error);
    this.#reading.push(value.then(set, fail));
  }

  #unreadable({ keys, wireKeys }: Part, index: number, node: string, error: unknown): void {
    const known =
      error instanceof CacheError ? error : new CacheError('ERR_VALUE', { cause: error });
    this.failed.set(keys[index]!, known.at(node, wireKeys[index]));
  }
}

function partsOf(keys: readonly string[], { route, keys: codec, defaults }: ManyContext): Part[] {
  const parts: Part[] = [];
  const open = new Map<Target, Part>();
  for (const key of keys) {
    const wire = codec.onWire(key);
    const target = route.targetOf(wire);
    let part = open.get(target);
    if (part === undefined || part.keys.length === defaults.keysPerGet) {
      part = { target, keys: [], wireKeys: [] };
      open.set(target, part);
      parts.push(part);
    }
    part.keys.push(key);
    part.wireKeys.push(wire);
  }
  return parts;
}

/** Stores many values, each by `set`; one that fails does not keep the others from being stored. */
export async function storeMany(
  entries: readonly (readonly [key: string, value: unknown])[],
  set: (key: string, value: unknown) => Promise<void>,
): Promise<ManyStored> {
  const failed = new Map<string, CacheError>();
  const stores: Promise<void>[] = [];
  for (const [key, value] of entries) {
    stores.push(
      set(key, value).catch((error: unknown) => {
        if (!isTrouble(error)) throw error;
        failed.set(key, error);
      }),
    );
  }
  await Promise.all(stores);
  return { failed };
}
