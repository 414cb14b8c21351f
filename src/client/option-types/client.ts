/**
 * `npm run docs` generates this file from the tables in `option-tables`; a test compares them.
 */
import type { LookupFunction } from 'node:net';
import type { DistributionName, NodeSpec } from '../../topology/index.ts';
import type { Discovery } from '../base/discovery.ts';
import type { Serializer } from '../base/serializer.ts';

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
   * weight }` or `{ path, weight }`; one of them for a cluster of slabring. Or a discovery that
   * finds them: `cluster(…)`, `elastiCache(…)` or `dnsNames(…)`.
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
   * Time that a connection attempt may take, including TLS and login. If `deadlineMs` is not set
   * and this is longer, operations wait for the first connection of their node this much longer.
   * 1 … 3,600,000 milliseconds.
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
  /**
   * The size of the largest value, also when it is unpacked. The client does not read a larger one,
   * and does not store it: the operation fails with ERR_VALUE. 1 … 1,073,741,824 bytes.
   * @default 67108864
   */
  readonly maxValueBytes?: number;
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
