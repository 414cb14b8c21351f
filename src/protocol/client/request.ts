/**
 * What a client asks of a node, before any wire format: each dialect (meta, classic, binary) writes
 * it in its own way, so routing, retrying and measuring know nothing of bytes.
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
  | VersionRequest
  | NoopRequest
  | LoginRequest;

export type Verb = Request['verb'];

/** The value and its flags. */
export interface GetRequest {
  readonly verb: 'get';
  readonly key: string;
  /** Ask for the id of this version, too. */
  readonly cas: boolean;
}

/** Values of many keys; each hit is an item of the reply, misses are left out. */
export interface GetManyRequest {
  readonly verb: 'get-many';
  readonly keys: readonly string[];
}

/** A get with everything that only the meta protocol can do. */
export interface FetchRequest {
  readonly verb: 'fetch';
  readonly key: string;
  readonly terms: FetchTerms;
}

/** Each is one flag of `mg`; see memcached's doc/protocol.txt. */
export interface FetchTerms {
  /** N: on a miss, an empty item of this exptime is made and the asker has won it. */
  readonly vivifyExptime?: number | undefined;
  /** R: when fewer seconds than these are left, one asker wins. */
  readonly recacheSeconds?: number | undefined;
  /** T: a new exptime. */
  readonly touchExptime?: number | undefined;
  /** Not `v`: everything but the value. */
  readonly withoutValue?: boolean | undefined;
  /** u: the item is not moved in the LRU, and does not count as read. */
  readonly quietly?: boolean | undefined;
}

export type StoreMode = 'set' | 'add' | 'replace' | 'append' | 'prepend';

export interface StoreRequest {
  readonly verb: 'store';
  readonly mode: StoreMode;
  readonly key: string;
  /** Text is written as UTF-8. Bytes must not change until the request is settled. */
  readonly value: string | Uint8Array;
  /** 32 bits that the node keeps with the value. */
  readonly flags: number;
  readonly exptime: number;
  /** Only over this version (mode `set`). */
  readonly cas: bigint | undefined;
}

export interface DeleteRequest {
  readonly verb: 'delete';
  readonly key: string;
  /** Only this version. */
  readonly cas: bigint | undefined;
  /**
   * Marks the item stale, to live so long (or as long as it did), instead of removing it (meta
   * only: `I`, `T`).
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
  /** 0 … 2^64 - 1. */
  readonly by: bigint;
  readonly down: boolean;
  /** Makes the counter when there is none (not in classic). */
  readonly start: { readonly value: bigint; readonly exptime: number } | undefined;
}

export interface FlushRequest {
  readonly verb: 'flush';
}

export interface StatsRequest {
  readonly verb: 'stats';
  readonly topic: string | undefined;
}

export interface VersionRequest {
  readonly verb: 'version';
  /**
   * As long as a binary header: memcached waits for one where only binary is spoken (`-S`), and
   * closes when it is not one.
   */
  readonly isPadded?: boolean;
}

/** Has no effect; its answer shows that the node speaks the dialect. */
export interface NoopRequest {
  readonly verb: 'noop';
}

/** memcached's ASCII login, or SASL PLAIN in binary. */
export interface LoginRequest {
  readonly verb: 'login';
  readonly username: string;
  readonly password: string;
}

/** The keys a request is about. */
export function keysOf(request: Request): readonly string[] {
  if (request.verb === 'get-many') return request.keys;
  return 'key' in request ? [request.key] : [];
}
