import { EventEmitter } from 'node:events';
import type { ByteSink } from '../base/index.ts';
import type { StoreWord } from '../protocol/client.ts';
import { encodeLine, encodeStore, type FetchedItem, type Reply } from '../protocol/client.ts';
import { NodeConnection } from './connection/node.ts';
import { type Command, Operation } from './connection/operation.ts';
import { CacheError } from './errors.ts';
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
import { KetamaRing } from './ring/ketama.ts';
import { RingRoute, type Route, type Target } from './routing/route.ts';
import { readNodes } from './topology.ts';
import { checkKey, decodeValue, encodeValue, type Value } from './values/values.ts';

const CONNECT_TIMEOUT_MS = 1000;
const PROBE_TIMEOUT_MS = 1000;
const DELTA_MAX = 2n ** 64n - 1n;

/** The lines that can answer a command, other than refusals. */
const STORED_OR_NOT = /^(STORED|NOT_STORED)$/;
const STORE_LINE: Readonly<Record<StoreWord, RegExp>> = {
  set: /^STORED$/,
  add: STORED_OR_NOT,
  replace: STORED_OR_NOT,
  append: STORED_OR_NOT,
  prepend: STORED_OR_NOT,
  cas: /^(STORED|EXISTS|NOT_FOUND)$/,
};
const DELETE_LINE = /^(DELETED|NOT_FOUND)$/;
const TOUCH_LINE = /^(TOUCHED|NOT_FOUND)$/;
const COUNT_LINE = /^(\d{1,20}|NOT_FOUND)$/;

/** A value with the id of this very version of it, for `cas`. */
export interface Versioned {
  readonly value: Value;
  readonly cas: bigint;
}

/** What `getMany` found. A key is in `values`, or in `failed`, or was a miss. */
export interface ManyValues {
  readonly values: ReadonlyMap<string, Value>;
  /** Keys whose node could not be asked, each with why. */
  readonly failed: ReadonlyMap<string, CacheError>;
}

/** What `setMany` did: every key that is not in `failed` is stored. */
export interface ManyStored {
  readonly failed: ReadonlyMap<string, CacheError>;
}

export interface ClientEvents {
  /** The node answers (again). */
  'node-up': [node: string];
  /** The node is not used until it answers a probe. */
  'node-down': [node: string, reason: CacheError];
}

/**
 * A cache sharded over nodes by consistent hashing.
 *
 * A miss is `undefined`, an answer such as `'not-stored'` is a value, and only trouble is an error:
 * a CacheError whose `code` says which. Every promise is settled by its deadline.
 */
export class CacheClient extends EventEmitter<ClientEvents> {
  readonly #options: ResolvedOptions;
  readonly #nodes: readonly NodeConnection[];
  readonly #route: Route;

  constructor(options: ClientOptions) {
    super();
    this.#options = resolveOptions(options);
    const addresses = readNodes(options.nodes);
    const limits = {
      maxPending: this.#options.maxPendingPerNode,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      probeTimeoutMs: PROBE_TIMEOUT_MS,
    };
    this.#nodes = addresses.map((address) => {
      const up = (): void => void this.emit('node-up', address.name);
      const down = (reason: CacheError): void => void this.emit('node-down', address.name, reason);
      return new NodeConnection(address, limits, { up, down });
    });
    this.#route = new RingRoute(new KetamaRing(addresses), this.#nodes);
  }

  /** The value: text unless it was stored as bytes; undefined when there is none. */
  async get(key: string, options?: CallOptions): Promise<Value | undefined> {
    const item = await this.#fetch('get', key, options);
    return item === undefined ? undefined : decodeValue(item.bytes, item.flags);
  }

  /** The value's bytes, whatever it was stored as. */
  async getBytes(key: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    return (await this.#fetch('get', key, options))?.bytes;
  }

  /** The value and its version. */
  async gets(key: string, options?: CallOptions): Promise<Versioned | undefined> {
    const item = await this.#fetch('gets', key, options);
    if (item === undefined) return undefined;
    return { value: decodeValue(item.bytes, item.flags), cas: item.cas ?? 0n };
  }

  /** Many values at once; nodes are asked side by side, and one node's trouble is its keys' only. */
  async getMany(keys: readonly string[], options?: CallOptions): Promise<ManyValues> {
    for (const key of keys) checkKey(key);
    const values = new Map<string, Value>();
    const failed = new Map<string, CacheError>();
    const asked: Promise<void>[] = [];
    for (const [target, all] of this.#byTarget(new Set(keys))) {
      for (let at = 0; at < all.length; at += this.#options.keysPerGet) {
        const part = all.slice(at, at + this.#options.keysPerGet);
        asked.push(this.#fetchPart(target, part, options, values, failed));
      }
    }
    await Promise.all(asked);
    return { values, failed };
  }

  /** Stores the value, whatever is there. */
  async set(key: string, value: Value, options?: StoreOptions): Promise<void> {
    await this.#store('set', key, value, options);
  }

  /** Stores many values at once, in one way: every key that is not in `failed` is stored. */
  async setMany(
    entries: Iterable<readonly [key: string, value: Value]>,
    options?: StoreOptions,
  ): Promise<ManyStored> {
    const all = [...entries];
    for (const [key] of all) checkKey(key);
    const failed = new Map<string, CacheError>();
    const stores = all.map(async ([key, value]) => {
      try {
        await this.#store('set', key, value, options);
      } catch (error) {
        if (!(error instanceof CacheError) || error.code === 'ERR_ARGUMENT') throw error;
        failed.set(key, error);
      }
    });
    await Promise.all(stores);
    return { failed };
  }

  /** Stores the value if there is none. */
  add(key: string, value: Value, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#storeIf('add', key, value, options);
  }

  /** Stores the value if there is one. */
  replace(key: string, value: Value, options?: StoreOptions): Promise<'stored' | 'not-stored'> {
    return this.#storeIf('replace', key, value, options);
  }

  /** Puts the value behind the one there is; its time to live stays. */
  append(key: string, value: Value, options?: CallOptions): Promise<'stored' | 'not-stored'> {
    return this.#storeIf('append', key, value, options);
  }

  /** Puts the value in front of the one there is; its time to live stays. */
  prepend(key: string, value: Value, options?: CallOptions): Promise<'stored' | 'not-stored'> {
    return this.#storeIf('prepend', key, value, options);
  }

  /** Stores the value if nobody changed the key since `gets` gave this `cas`. */
  async cas(
    key: string,
    value: Value,
    cas: bigint,
    options?: StoreOptions,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    if (cas < 0n || cas > DELTA_MAX) throw badOption(`cas is ${cas}, not an id that gets gave.`);
    const line = await this.#store('cas', key, value, options, cas);
    if (line === 'EXISTS') return 'exists';
    return line === 'NOT_FOUND' ? 'not-found' : 'stored';
  }

  /** Removes the key; false when it was not there. */
  async delete(key: string, options?: CallOptions): Promise<boolean> {
    return (await this.#line(key, `delete ${key}`, DELETE_LINE, options)) === 'DELETED';
  }

  /** Adds to a counter (64 bits, wrapping); undefined when there is none. */
  increment(
    key: string,
    by: number | bigint = 1,
    options?: CallOptions,
  ): Promise<bigint | undefined> {
    return this.#count('incr', key, by, options);
  }

  /** Subtracts from a counter, down to 0; undefined when there is none. */
  decrement(
    key: string,
    by: number | bigint = 1,
    options?: CallOptions,
  ): Promise<bigint | undefined> {
    return this.#count('decr', key, by, options);
  }

  /** Gives the key a new time to live, in seconds; false when it was not there. */
  async touch(key: string, ttl: number, options?: CallOptions): Promise<boolean> {
    const line = `touch ${key} ${exptimeOf(ttl)}`;
    return (await this.#line(key, line, TOUCH_LINE, options)) === 'TOUCHED';
  }

  /** Empties every node. Fails if one of them could not be told. */
  async flush(options?: CallOptions): Promise<void> {
    await this.#everyNode('flush_all', /^OK$/, options);
  }

  /** Each node's statistics, or one topic of them, such as `items`. */
  async stats(
    topic?: string,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    if (topic !== undefined && !/^[a-z_]{1,40}$/.test(topic)) {
      throw badOption(`"${topic}" is no topic of stats.`);
    }
    const line = topic === undefined ? 'stats' : `stats ${topic}`;
    const replies = await this.#everyNode(line, undefined, options);
    const stats = [...replies].map(([node, reply]) => {
      return [node, reply.kind === 'stats' ? reply.stats : new Map<string, string>()] as const;
    });
    return new Map(stats);
  }

  /** Each node's version. */
  async version(options?: CallOptions): Promise<ReadonlyMap<string, string>> {
    const replies = await this.#everyNode('version', /^VERSION /, options);
    const versions = [...replies].map(([node, reply]) => {
      return [node, reply.kind === 'line' ? reply.line.replace(/^VERSION /, '') : ''] as const;
    });
    return new Map(versions);
  }

  /** The node that owns the key, by name. */
  nodeOf(key: string): string {
    checkKey(key);
    return this.#route.targetOf(key).name;
  }

  /** Lets pending operations finish, each by its deadline, then closes; later ones fail. */
  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  async #fetch(
    word: 'get' | 'gets',
    key: string,
    options?: CallOptions,
  ): Promise<FetchedItem | undefined> {
    checkKey(key);
    const line = `${word} ${key}`;
    const command: Command = {
      keys: [key],
      shape: 'values',
      encode: (sink) => encodeLine(sink, line),
    };
    const reply = await this.#run(this.#route.targetOf(key), command, options);
    return reply.kind === 'values' ? reply.items[0] : undefined;
  }

  async #fetchPart(
    target: Target,
    keys: readonly string[],
    options: CallOptions | undefined,
    values: Map<string, Value>,
    failed: Map<string, CacheError>,
  ): Promise<void> {
    const line = `get ${keys.join(' ')}`;
    const command: Command = { keys, shape: 'values', encode: (sink) => encodeLine(sink, line) };
    try {
      const reply = await this.#run(target, command, options);
      if (reply.kind !== 'values') return;
      for (const { key, bytes, flags } of reply.items) values.set(key, decodeValue(bytes, flags));
    } catch (error) {
      if (!(error instanceof CacheError) || error.code === 'ERR_ARGUMENT') throw error;
      for (const key of keys) failed.set(key, error);
    }
  }

  async #store(
    word: StoreWord,
    key: string,
    value: Value,
    options?: StoreOptions,
    cas?: bigint,
  ): Promise<string> {
    checkKey(key);
    const { bytes, flags } = encodeValue(value);
    const exptime = exptimeOf(options?.ttl ?? 0);
    const command: Command = {
      keys: [key],
      shape: 'line',
      line: STORE_LINE[word],
      encode: (sink) => encodeStore(sink, word, key, flags, exptime, bytes, cas),
    };
    return lineOf(await this.#run(this.#route.targetOf(key), command, options));
  }

  async #storeIf(
    word: StoreWord,
    key: string,
    value: Value,
    options?: StoreOptions,
  ): Promise<'stored' | 'not-stored'> {
    return (await this.#store(word, key, value, options)) === 'STORED' ? 'stored' : 'not-stored';
  }

  async #count(
    word: 'incr' | 'decr',
    key: string,
    by: number | bigint,
    options?: CallOptions,
  ): Promise<bigint | undefined> {
    const whole = typeof by === 'bigint' || Number.isSafeInteger(by);
    if (!whole || by < 0 || by > DELTA_MAX) {
      throw badOption(`The amount is ${by}, not a whole number from 0 to 2^64 - 1.`);
    }
    const line = await this.#line(key, `${word} ${key} ${by}`, COUNT_LINE, options);
    return line === 'NOT_FOUND' ? undefined : BigInt(line);
  }

  /** A command of one key that is answered by such a line. */
  async #line(key: string, text: string, answer: RegExp, options?: CallOptions): Promise<string> {
    checkKey(key);
    const command: Command = {
      keys: [key],
      shape: 'line',
      line: answer,
      encode: (sink) => encodeLine(sink, text),
    };
    return lineOf(await this.#run(this.#route.targetOf(key), command, options));
  }

  /** Asks every node; it answers with such a line, or with statistics. */
  async #everyNode(
    line: string,
    answer: RegExp | undefined,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, Reply>> {
    const encode = (sink: ByteSink): void => encodeLine(sink, line);
    const command: Command =
      answer === undefined
        ? { keys: [], shape: 'stats', encode }
        : { keys: [], shape: 'line', line: answer, encode };
    const replies = this.#route.targets.map(async (target) => {
      return [target.name, await this.#run(target, command, options)] as const;
    });
    return new Map(await Promise.all(replies));
  }

  /** Sends a command; a refusal is a failure that names what the node said. */
  async #run(target: Target, command: Command, options?: CallOptions): Promise<Reply> {
    const deadlineMs = deadlineOf(options, this.#options);
    return new Promise((resolve, reject) => {
      const answered = (reply: Reply): void => {
        if (reply.kind !== 'refused') resolve(reply);
        else reject(new CacheError('ERR_REFUSED', { node: target.name, detail: reply.line }));
      };
      target.send(new Operation(command, performance.now() + deadlineMs, answered, reject));
    });
  }

  #byTarget(keys: Iterable<string>): ReadonlyMap<Target, string[]> {
    const groups = new Map<Target, string[]>();
    for (const key of keys) {
      const target = this.#route.targetOf(key);
      const group = groups.get(target);
      if (group === undefined) groups.set(target, [key]);
      else group.push(key);
    }
    return groups;
  }
}

/** The text of a reply whose command wanted a line; the pipeline has seen that it fits. */
function lineOf(reply: Reply): string {
  if (reply.kind !== 'line') throw new CacheError('ERR_PROTOCOL', { detail: reply.kind });
  return reply.line;
}

/** Makes a client. It connects when it is first used; it keeps the process alive until `close`. */
export function createClient(options: ClientOptions): CacheClient {
  return new CacheClient(options);
}
