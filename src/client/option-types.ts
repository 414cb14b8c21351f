/**
 * The types of the client's options. `npm run docs` generates this file from the tables in
 * `option-tables`; a test compares them.
 */
import type { LookupFunction } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Discovery } from './discovery/discovery.ts';
import type { Resolver } from './discovery/resolver.ts';
import type { DistributionName } from './ring/distribution.ts';
import type { NodeSpec } from './topology.ts';
import type { Serializer } from './values/serializer.ts';

/**
 * Which nodes serve the keys of a node that is down: none (operations fail at once, and no value
 * becomes stale by failover), the nodes that follow in the distribution (they store items with a
 * ttl of at most 60), or nodes that have no keys of their own.
 */
export type Failover = 'fail' | 'next' | GutterFailover;

/** The protocol to speak with a node; `auto` detects it at each connect. */
export type ProtocolChoice = 'auto' | 'meta' | 'classic' | 'binary';

/** The treatment of a key that the protocol cannot carry. */
export type KeyMode = 'refuse' | 'hash';

/** Options of a client. */
export interface ClientOptions {
  /**
   * The nodes that hold the keys: `host`, `host:port`, `[v6]:port`, `/unix/path`, `{ host, port,
   * weight }` or `{ path, weight }`. Or a discovery that finds them: `elastiCache(…)`,
   * `dnsNames(…)`.
   */
  readonly nodes: readonly NodeSpec[] | Discovery;
  /**
   * The rule that places keys on the nodes. Clients that share a cache must use the same one.
   * @default 'ketama'
   */
  readonly distribution?: DistributionName;
  /**
   * Which nodes serve the keys of a node that is down: none, the next nodes in the distribution, or
   * gutter nodes. Values of failover nodes may be stale.
   * @default 'fail'
   */
  readonly failover?: Failover;
  /**
   * The number of replicas of each key: on its owner and on the nodes that follow in the
   * distribution. With more than one, no key is lost with a single node; memory and writes
   * multiply. Clients that share a cache must use the same number. 1 … 8.
   * @default 1
   */
  readonly replicas?: number;
  /**
   * After a change of the topology, look for a key that moved at its previous owners. A miss then
   * costs two requests.
   * @default moved keys are misses
   */
  readonly previousOwner?: PreviousOwnerOptions;
  /**
   * Time until an operation settles, counted from the call: the time in the queue, the connection
   * attempt and the wait for the reply together. The client also closes a connection when the node
   * owes replies and sends nothing for this long. 1 … 3,600,000 milliseconds.
   * @default 1000
   */
  readonly deadlineMs?: number;
  /**
   * Time that a connection attempt may take, including TLS and login. 1 … 3,600,000 milliseconds.
   * @default the value of deadlineMs
   */
  readonly connectTimeoutMs?: number;
  /**
   * Operations that may be pending for one node; a further one fails with ERR_QUEUE_FULL.
   * 1 … 10,000,000 operations.
   * @default 65536
   */
  readonly maxPendingPerNode?: number;
  /**
   * Size of the values that may wait to be sent to one node; a further value fails with
   * ERR_QUEUE_FULL, unless nothing else waits. 1 … 17,179,869,184 bytes.
   * @default 67108864
   */
  readonly maxPendingBytesPerNode?: number;
  /**
   * Keys in one request of `getMany`, which sends several requests when there are more keys.
   * 1 … 1,000 keys.
   * @default 100
   */
  readonly maxKeysPerGet?: number;
  /**
   * Connections to each node. One connection is the fastest. With several, small values do not wait
   * behind large ones, but operations that the caller does not await may overtake each other.
   * 1 … 64 connections.
   * @default 1
   */
  readonly connectionsPerNode?: number;
  /**
   * Time without traffic after which the kernel starts to send TCP keep-alive probes.
   * 1,000 … 3,600,000 milliseconds.
   * @default 30000
   */
  readonly keepAliveMs?: number;
  /**
   * The dialect. `auto` negotiates it for each connection, by one or two further requests: meta if
   * the node knows it, else classic text, else (with a `login`) binary.
   * @default 'auto'
   */
  readonly protocol?: ProtocolChoice;
  /**
   * For nodes that require a login: SASL PLAIN in binary, where the client always sends it;
   * memcached's ASCII login in text, where it sends it only to a node that requires it.
   */
  readonly login?: Login;
  /** Use TLS. `true` is TLS with the certificate authorities that Node.js trusts. @default false */
  readonly tls?: boolean | TlsOptions;
  /** Resolves a node's host name for each connection, as in node:net. @default dns.lookup */
  readonly lookup?: LookupFunction;
  /** A prefix of every key. Up to 150 bytes. @default '' */
  readonly namespace?: string;
  /**
   * What to do with a key of more than 250 bytes, or with blanks or control characters: reject the
   * call with ERR_KEY, or send the key's SHA-256 instead.
   * @default 'refuse'
   */
  readonly keys?: KeyMode;
  /** Turns values other than text and bytes into bytes, and back. @default JSON */
  readonly serializer?: Serializer;
  /** Compress large values by zstd. Other clients cannot read such values. @default false */
  readonly compression?: boolean | CompressionOptions;
}

/** Gutter nodes serve the keys of nodes that are down. */
export interface GutterFailover {
  /** The gutter nodes; each serves its share of the keys. */
  readonly gutter: readonly NodeSpec[];
  /**
   * The longest ttl of an item on a gutter node, which bounds the age of a value that the next
   * outage can serve. 1 … 86,400 seconds.
   * @default 60
   */
  readonly ttl?: number;
}

/** Reads of keys that moved, at their previous owners. */
export interface PreviousOwnerOptions {
  /**
   * How long after a change the client also asks the previous owners of a key. 1 … 86,400 seconds.
   */
  readonly graceSeconds: number;
}

/** The credentials of a login. */
export interface Login {
  /** The name of the user. 1 … 250 characters, no blanks. */
  readonly username: string;
  /** The password of the user. Up to 250 characters. */
  readonly password: string;
}

/** TLS options of the connections to the nodes. */
export interface TlsOptions {
  /** Trusted CA certificates (PEM). @default the CAs that Node.js trusts */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** The client's certificate (PEM), for nodes that require a client certificate. */
  readonly cert?: string | Buffer;
  /** The key of `cert` (PEM). */
  readonly key?: string | Buffer;
  /** The passphrase of `key`. */
  readonly passphrase?: string;
  /** The name that the node's certificate must contain. @default the node's host name */
  readonly servername?: string;
  /** The lowest TLS version that the client accepts. @default 'TLSv1.2' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** Compression of values by zstd (node:zlib). */
export interface CompressionOptions {
  /**
   * Compress values of at least this size; smaller ones gain too little. 0 … 1,073,741,824 bytes.
   * @default 4096
   */
  readonly minBytes?: number;
  /** The zstd compression level. 1 … 19. @default 3 */
  readonly level?: number;
}

/** Options of one call. */
export interface CallOptions {
  /**
   * Replaces the client's `deadlineMs` for this call. Above 0, up to 3,600,000 milliseconds.
   * @default the client's deadlineMs
   */
  readonly deadlineMs?: number;
  /** Cancels the call: it fails with ERR_ABORTED, or ERR_ABORTED_UNSENT. */
  readonly signal?: AbortSignal;
}

/** Options of a call that stores a value. */
export interface StoreOptions extends CallOptions {
  /**
   * Time to live of the item; 0 means until the node evicts it. The client rounds a fraction up.
   * 0 … 2,147,483,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
}

/** Options of `fetch`: each asks the node for more than `get` does. They need the meta protocol. */
export interface FetchOptions extends CallOptions {
  /**
   * Requests a lease: on a miss the node creates an empty item that expires after this time.
   * Exactly one caller gets `wonLease`; the others get `leaseHeldByOther` until it stores the
   * value. 0 … 2,147,483,647 seconds.
   */
  readonly leaseSeconds?: number;
  /**
   * When the item expires in less than this time, exactly one caller gets `wonLease`. The others
   * get the old value. 0 … 2,147,483,647 seconds.
   */
  readonly recacheSeconds?: number;
  /** Gives the item a new `ttl`. 0 … 2,147,483,647 seconds. */
  readonly touchTtl?: number;
  /** The node neither moves the item in its LRU list nor counts the read. @default false */
  readonly skipLruUpdate?: boolean;
  /** The result contains everything but the value. @default false */
  readonly withoutValue?: boolean;
}

/** Options of `delete`. */
export interface DeleteOptions extends CallOptions {
  /** Deletes the item only if it still has this CAS id. */
  readonly cas?: bigint;
  /**
   * Marks the value as stale for this time instead of deleting it. `get` still finds it; `fetch`
   * returns it with `isStale`, and one caller gets `wonLease`. Needs the meta protocol.
   * 0 … 2,147,483,647 seconds.
   */
  readonly staleSeconds?: number;
}

/** Options of `increment` and `decrement`. */
export interface CountOptions extends CallOptions {
  /**
   * The value of a counter that the call creates; the node does not add the amount to it. Not
   * available in the classic text protocol. 0 … 2^64 - 1.
   */
  readonly initial?: number | bigint;
  /**
   * Time to live of a counter that the call creates; 0 means until the node evicts it.
   * 0 … 2,147,483,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
}

/** Options of `getOrSet`. `deadlineMs` applies to each request to the cache, not to `load`. */
export interface LoadOptions extends CallOptions {
  /**
   * How long a value is fresh; 0 means until the node evicts it. 0 … 2,144,891,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
  /**
   * Time after `ttl` during which callers still get the old value, while one caller refreshes it in
   * the background. Needs a `ttl`. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly staleWhileRevalidateSeconds?: number;
  /**
   * The refresh starts this long before the end of `ttl`, so that hot keys never expire; less than
   * `ttl`. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly recacheSeconds?: number;
  /**
   * Shortens each `ttl` by a random part of this share, so that values which were stored at the
   * same time do not expire at the same time. 0 … 1.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Time that a loader may take. After it another caller may load, and the client returns the value
   * of the slow loader to its callers without storing it. 1 … 3,600 seconds.
   * @default 10
   */
  readonly leaseSeconds?: number;
  /**
   * Time for which the cache remembers that there is no value (the loader returned undefined); 0:
   * the next caller loads again. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly negativeTtl?: number;
  /**
   * Time for which the cache remembers that the loader failed: callers get ERR_LOAD; 0: the next
   * caller loads again. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly errorTtl?: number;
  /**
   * Time to wait for a value that another process loads. 0 … 3,600,000 milliseconds.
   * @default leaseSeconds
   */
  readonly waitMs?: number;
  /**
   * What to do when `waitMs` has passed: load the value without storing it, or fail with ERR_LOAD.
   * @default 'load'
   */
  readonly onLeaseTimeout?: 'load' | 'fail';
  /**
   * What to do when the request to the cache fails: load the value (once for all callers of this
   * process), or fail with the error of the cache.
   * @default 'load'
   */
  readonly onCacheError?: 'load' | 'fail';
  /** Called when a refresh in the background fails. The callers got the old value. */
  readonly onRefreshError?: (error: unknown, key: string) => void;
}

/** Options of `writeThrough`. */
export interface WriteThroughOptions extends StoreOptions {
  /**
   * Time that `store` may take before a reader may load the key again. 1 … 3,600 seconds.
   * @default 10
   */
  readonly leaseSeconds?: number;
}

/** Options of a WriteBehind. */
export interface WriteBehindOptions<T> {
  /**
   * Writes a batch to the source, if possible in one transaction. After a failure WriteBehind
   * writes the whole batch again, so the writes must be idempotent.
   */
  readonly store: (batch: ReadonlyMap<string, T>) => Promise<void>;
  /**
   * Keys that may wait. When the queue is full, `write` waits for room, or until its `signal`
   * aborts. 1 … 10,000,000 keys.
   * @default 10000
   */
  readonly maxQueuedKeys?: number;
  /** Keys in a batch. 1 … 100,000 keys. @default 100 */
  readonly maxKeysPerBatch?: number;
  /**
   * Time to wait for more keys before a batch that is not full is written.
   * 0 … 3,600,000 milliseconds.
   * @default 100
   */
  readonly batchDelayMs?: number;
  /**
   * Time before the first retry of a batch. The delay doubles with each retry, and jitter halves it
   * at most. 1 … 3,600,000 milliseconds.
   * @default 50
   */
  readonly minRetryDelayMs?: number;
  /**
   * The longest delay between two attempts. The retries end with the first success.
   * 1 … 3,600,000 milliseconds.
   * @default 10000
   */
  readonly maxRetryDelayMs?: number;
  /**
   * Time to live of the values in the cache; 0 means until the node evicts them.
   * 0 … 2,147,483,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
  /** Called for each failed attempt. The retries end when one succeeds or `close` times out. */
  readonly onStoreError?: (error: unknown, batch: ReadonlyMap<string, T>, attempts: number) => void;
}

/** Options of the `write` of a WriteBehind. */
export interface EnqueueOptions {
  /** Ends the wait for room in a full queue. */
  readonly signal?: AbortSignal;
}

/** Options of a NearCache. */
export interface NearCacheOptions {
  /**
   * Time for which the near cache keeps a value: a write by another process may stay invisible here
   * for this long. 1 … 3,600,000 milliseconds.
   * @default 1000
   */
  readonly maxAgeMs?: number;
  /** Values that the near cache keeps. 1 … 10,000,000 entries. @default 1000 */
  readonly maxEntries?: number;
  /**
   * Total size of the values, as `sizeOf` counts them. 1 … 1,099,511,627,776 bytes.
   * @default 16777216
   */
  readonly maxBytes?: number;
  /**
   * Returns the size of a value in bytes.
   * @default two for each character of a text or of the value's JSON; the length of a Uint8Array
   */
  readonly sizeOf?: (value: unknown) => number;
}

/** Options of a RateLimiter. */
export interface RateLimiterOptions {
  /** Units that the limiter allows in a window. 1 … 2,147,483,647 units. */
  readonly limit: number;
  /** The length of a window. 1 … 1,000,000 seconds. */
  readonly windowSeconds: number;
  /**
   * A `fixed` window begins at a multiple of its length. It needs one request, and allows up to
   * twice the limit around the end of a window. A `sliding` window also counts the overlapping
   * share of the previous window. It needs two parallel requests.
   * @default 'sliding'
   */
  readonly kind?: 'fixed' | 'sliding';
  /** The prefix of the counters' keys. @default 'rate:' */
  readonly prefix?: string;
  /** The result of a call when a request to the cache fails. @default 'allow' */
  readonly onCacheError?: 'allow' | 'deny';
}

/** Options of a session store. */
export interface SessionStoreOptions {
  /** The prefix of session ids in the cache. @default 'sess:' */
  readonly prefix?: string;
  /**
   * Time to live of a session whose cookie has no `maxAge`. 1 … 2,147,483,647 seconds.
   * @default 86400
   */
  readonly ttl?: number;
}

/** Options of a TagSpace. */
export interface TagOptions {
  /** The prefix of the keys of the tags' counters. @default 'tag:' */
  readonly prefix?: string;
}

/** How often a discovery polls for the topology, and how long one poll may take. */
export interface PollingOptions {
  /**
   * Time between two polls. The discovery varies it by up to 20 %, so that clients that start
   * together do not poll together. After a failed poll it polls sooner.
   * 100 … 86,400,000 milliseconds.
   * @default 60000 for ElastiCache (as AWS's clients), 30000 for DNS
   */
  readonly intervalMs?: number;
  /**
   * Minimum time between two polls, however often `refresh` is called. 0 … 86,400,000 milliseconds.
   * @default 5000
   */
  readonly minRefreshGapMs?: number;
  /** Time that one poll may take, all endpoints together. 1 … 60,000 milliseconds. @default 3000 */
  readonly deadlineMs?: number;
  /**
   * Whether waiting for the next poll keeps the process alive. A running poll always does, for at
   * most `deadlineMs`.
   * @default false
   */
  readonly keepProcessAlive?: boolean;
}

/** Options of `elastiCache`. */
export interface ElastiCacheOptions extends PollingOptions {
  /**
   * Time between two polls. The discovery varies it by up to 20 %, so that clients that start
   * together do not poll together. After a failed poll it polls sooner.
   * 100 … 86,400,000 milliseconds.
   * @default 60000
   */
  readonly intervalMs?: number;
  /** ElastiCache's configuration endpoint, or any nodes that have the cluster config. */
  readonly endpoints: readonly NodeSpec[];
  /**
   * `host`: connect to the nodes' host names, resolved at each connect. `ip`: connect to the
   * addresses in the cluster config, for clients that cannot resolve the names.
   * @default 'host'
   */
  readonly connectBy?: 'host' | 'ip';
  /** Use TLS with these options of `tls.connect`; the server name is the endpoint's host. */
  readonly tls?: ConnectionOptions;
  /**
   * For endpoints that require memcached's ASCII login. Other endpoints do not receive it: they
   * would store it as a value that every client can read.
   */
  readonly login?: Login;
}

/** Options of `dnsNames`. */
export interface DnsOptions extends PollingOptions {
  /**
   * Time between two polls. The discovery varies it by up to 20 %, so that clients that start
   * together do not poll together. After a failed poll it polls sooner.
   * 100 … 86,400,000 milliseconds.
   * @default 30000
   */
  readonly intervalMs?: number;
  /**
   * A name with SRV or address records, such as a docker-compose service or a headless service in
   * Kubernetes.
   */
  readonly name: string;
  /**
   * `address`: each address (A, AAAA) is a node at `port`. A node that returns at another address
   * is a different node and owns different keys. `srv`: each target of the SRV records with the
   * lowest priority is a node, identified by target name and port; it keeps its keys when its
   * address changes.
   * @default 'address'
   */
  readonly record?: 'address' | 'srv';
  /** Port of the nodes for `record: 'address'`. 1 … 65,535. @default 11211 */
  readonly port?: number;
  /** Address family; 0 means both. @default 0 */
  readonly family?: 0 | 4 | 6;
  /**
   * Whether to use the weights of the SRV records as node weights (0 counts as 1).
   * @default false
   */
  readonly weights?: boolean;
  /**
   * DNS servers to query for the name, such as Consul's. The discovery then ignores the hosts file
   * and search domains. The client's `lookup` resolves the targets of SRV records at each connect.
   * 1 … 8 of `ip`, `ip:port`, `[ip]:port`.
   * @default the system resolver for addresses (with hosts file and search domains), the system's
   * DNS servers for SRV
   */
  readonly servers?: readonly string[];
  /** A resolver to use instead of `servers`. */
  readonly resolver?: Resolver;
}
