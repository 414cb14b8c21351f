/**
 * A request of the client, independent of the wire format. Each dialect (meta, classic, binary)
 * encodes it in its own way, so routing, retries and measurements know no bytes.
 */
export type Request =
  | GetRequest
  | GetManyRequest
  | FetchRequest
  | StoreRequest
  | DeleteRequest
  | TouchRequest
  | CountRequest
  | FlushRequest
  | StatsRequest
  | ConfigGetRequest
  | VersionRequest
  | NoopRequest
  | LimitMemoryRequest
  | ItemFactsRequest
  | LoginRequest;

/** Gets the value and the flags of one key. */
export interface GetRequest {
  readonly verb: 'get';
  readonly key: string;
  /** Whether the reply includes the CAS id. */
  readonly cas: boolean;
}

/** Gets the values of many keys; the reply has an item for each hit and none for a miss. */
export interface GetManyRequest {
  readonly verb: 'get-many';
  readonly keys: readonly string[];
}

/** A get with the options that only the meta protocol has. */
export interface FetchRequest {
  readonly verb: 'fetch';
  readonly key: string;
  readonly metaFlags: MetaGetFlags;
}

/** Each field is one flag of `mg`; see memcached's doc/protocol.txt. */
interface MetaGetFlags {
  /** N: on a miss the node creates an empty item with this exptime and grants the lease. */
  readonly vivifyExptime?: number | undefined;
  /** R: with fewer seconds than this left, the node grants the lease. */
  readonly recacheSeconds?: number | undefined;
  /** T: the new exptime of the item. */
  readonly touchExptime?: number | undefined;
  /** No `v`: the reply has everything but the value. */
  readonly withoutValue?: boolean | undefined;
  /** u: the node does not move the item in the LRU list, and does not mark it as read. */
  readonly skipLruUpdate?: boolean | undefined;
}

export type StoreMode = 'set' | 'add' | 'replace' | 'append' | 'prepend';

export interface StoreRequest {
  readonly verb: 'store';
  readonly mode: StoreMode;
  readonly key: string;
  /** Text is sent as UTF-8. The caller must not change bytes before the request settles. */
  readonly value: string | Uint8Array;
  /** 32 bits that the node stores with the value. */
  readonly flags: number;
  readonly exptime: number;
  /** Store only over the item with this CAS id (mode `set`). */
  readonly cas: bigint | undefined;
}

export interface DeleteRequest {
  readonly verb: 'delete';
  readonly key: string;
  /** Delete only the item with this CAS id. */
  readonly cas: bigint | undefined;
  /**
   * Marks the item stale instead of deleting it, with this exptime, or with its own for 'kept'
   * (only meta: `I`, `T`).
   */
  readonly staleExptime: number | 'kept' | undefined;
}

export interface TouchRequest {
  readonly verb: 'touch';
  readonly key: string;
  readonly exptime: number;
}

export interface CountRequest {
  readonly verb: 'count';
  readonly key: string;
  /** From 0 to 2^64 - 1. */
  readonly delta: bigint;
  readonly isDecrement: boolean;
  /** Creates a missing counter with this value (not in classic). */
  readonly initial: { readonly value: bigint; readonly exptime: number } | undefined;
}

export interface FlushRequest {
  readonly verb: 'flush';
}

export interface StatsRequest {
  readonly verb: 'stats';
  readonly topic: string | undefined;
}

/** Gets a config entry of ElastiCache, such as the cluster config. */
export interface ConfigGetRequest {
  readonly verb: 'config-get';
  readonly key: string;
  /**
   * In text, what follows the key: a blank and the flags of the entry that the client has. If it is
   * the present one, a member of a cluster of slabring replies without data.
   */
  readonly rest?: string;
}

export interface VersionRequest {
  readonly verb: 'version';
  /**
   * Whether to pad the line to the length of a binary header. A memcached that accepts only binary
   * (`-S`) waits for a whole header, and closes the connection if it is not one.
   */
  readonly isPadded?: boolean;
}

/** Has no effect; the reply shows that the node speaks the dialect. */
interface NoopRequest {
  readonly verb: 'noop';
}

/** Resizes the memory of the node for items (`cache_memlimit`); only text has it. */
export interface LimitMemoryRequest {
  readonly verb: 'limit-memory';
  readonly mebibytes: number;
}

/** Reads the facts of an item without its value, and changes nothing (`me`); only text has it. */
export interface ItemFactsRequest {
  readonly verb: 'item-facts';
  /** May have any byte. */
  readonly keyBytes: Buffer;
}

/** memcached's ASCII login in text, SASL PLAIN in binary. */
export interface LoginRequest {
  readonly verb: 'login';
  readonly username: string;
  readonly password: string;
}

/** The keys of a request. */
export function keysOf(request: Request): readonly string[] {
  if (request.verb === 'get-many') return request.keys;
  return 'key' in request ? [request.key] : [];
}
