import type { LookupFunction } from 'node:net';
import type { NodeSpec } from '../topology/index.ts';
import type { Login, ProtocolChoice } from './connection/handshake.ts';
import type { TlsOptions } from './connection/socket.ts';
import type { Discovery } from './discovery/discovery.ts';
import { CacheError } from './errors.ts';
import {
  type ResolvedRouting,
  ROUTING_OPTIONS,
  type RoutingOptions,
  resolveRouting,
} from './routing/options.ts';
import type { CompressionOptions } from './values/compression.ts';
import { COMPRESSION_DEFAULTS } from './values/compression.ts';
import type { KeyMode } from './values/keys.ts';
import type { Serializer } from './values/value-codec.ts';

/** Options of a client. */
export interface ClientOptions extends RoutingOptions {
  /**
   * The nodes that hold the keys: `host`, `host:port`, `[v6]:port`, `/unix/path` or objects. Or a
   * discovery that finds them: `elastiCache(…)`, `dnsNames(…)`.
   */
  readonly nodes: readonly NodeSpec[] | Discovery;
  /**
   * Milliseconds until an operation settles, counted from the call. It includes the time in the
   * queue, the connection attempt and the wait for the reply. 1 … 3,600,000. The client also closes
   * a connection when the node owes replies and sends nothing for this long.
   * @default 1000
   */
  readonly deadlineMs?: number;
  /**
   * Milliseconds that a connection attempt may take, including TLS and login. 1 … 3,600,000.
   * @default the value of `deadlineMs`
   */
  readonly connectTimeoutMs?: number;
  /**
   * How many operations may be pending for one node; a further one fails with ERR_QUEUE_FULL.
   * 1 … 10,000,000.
   * @default 65536
   */
  readonly maxPendingPerNode?: number;
  /**
   * Bytes of values that may wait to be sent to one node; a further value fails with
   * ERR_QUEUE_FULL, unless nothing else waits. 1 … 2^34.
   * @default 67108864
   */
  readonly maxPendingBytesPerNode?: number;
  /**
   * Keys in one request of `getMany`, which sends several requests when there are more keys.
   * 1 … 1000.
   * @default 100
   */
  readonly maxKeysPerGet?: number;
  /**
   * Connections to each node, 1 … 64. One connection is the fastest. With several, small values do
   * not wait behind large ones, but operations that the caller does not await may overtake each
   * other.
   * @default 1
   */
  readonly connectionsPerNode?: number;
  /**
   * Milliseconds without traffic after which the kernel starts to send TCP keep-alive probes.
   * 1000 … 3,600,000.
   * @default 30000
   */
  readonly keepAliveMs?: number;
  /**
   * The dialect. `auto` negotiates it for each connection: meta if the node knows it, else classic
   * text, else (with a `login`) binary.
   * @default 'auto'
   */
  readonly protocol?: ProtocolChoice;
  /** For nodes that require a login: SASL PLAIN in binary, memcached's ASCII login in text. */
  readonly login?: Login;
  /** Use TLS. `true` is TLS with the certificate authorities that Node.js trusts. @default false */
  readonly tls?: boolean | TlsOptions;
  /** Resolves a node's host name for each connection, as in node:net. @default dns.lookup */
  readonly lookup?: LookupFunction;
  /** A prefix of every key; up to 150 bytes. @default '' */
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

/** Options of one call. */
export interface CallOptions {
  /** Replaces the client's `deadlineMs` for this call; above 0 and up to 3,600,000. */
  readonly deadlineMs?: number;
  /** Cancels the call: it fails with ERR_ABORTED, or ERR_ABORTED_UNSENT. */
  readonly signal?: AbortSignal;
}

/** Options of a call that stores a value. */
export interface StoreOptions extends CallOptions {
  /**
   * Time to live in seconds, up to 2^31 - 1; 0 means until the node evicts the item. The client
   * rounds a fraction up.
   * @default 0
   */
  readonly ttl?: number;
}

/** The options in force, with the defaults filled in. */
export interface ResolvedOptions extends ResolvedRouting {
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly maxPendingPerNode: number;
  readonly maxPendingBytesPerNode: number;
  readonly maxKeysPerGet: number;
  readonly connectionsPerNode: number;
  readonly keepAliveMs: number;
  readonly protocol: ProtocolChoice;
  readonly login: Login | undefined;
  readonly tls: TlsOptions | undefined;
  readonly lookup: LookupFunction | undefined;
  readonly namespace: string;
  readonly keys: KeyMode;
  readonly serializer: Serializer | undefined;
  readonly compression: CompressionOptions | undefined;
}

const MS_MAX = 3_600_000;

/** Default and bounds of each numeric option. */
const NUMBERS = {
  deadlineMs: { default: 1000, min: 1, max: MS_MAX },
  connectTimeoutMs: { default: undefined, min: 1, max: MS_MAX },
  maxPendingPerNode: { default: 65_536, min: 1, max: 10_000_000 },
  maxPendingBytesPerNode: { default: 64 * 2 ** 20, min: 1, max: 2 ** 34 },
  maxKeysPerGet: { default: 100, min: 1, max: 1000 },
  connectionsPerNode: { default: 1, min: 1, max: 64 },
  keepAliveMs: { default: 30_000, min: 1000, max: MS_MAX },
} as const;
type NumberName = keyof typeof NUMBERS;

const PROTOCOLS: readonly ProtocolChoice[] = ['auto', 'meta', 'classic', 'binary'];
const KEY_MODES: readonly KeyMode[] = ['refuse', 'hash'];
const OTHER_OPTIONS = [
  'nodes',
  'protocol',
  'login',
  'tls',
  'lookup',
  'namespace',
  'keys',
  'serializer',
  'compression',
  ...ROUTING_OPTIONS,
];

/**
 * Checks the options. It refuses unknown ones, so that the client never ignores one silently.
 * @throws {CacheError} ERR_ARGUMENT
 */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  for (const name of Object.keys(options)) {
    const isKnown = Object.hasOwn(NUMBERS, name) || OTHER_OPTIONS.includes(name);
    if (!isKnown) throw argumentError(`There is no option "${name}".`);
  }
  const number = (name: NumberName, fallback = NUMBERS[name].default ?? 0): number => {
    return wholeNumber(name, options[name] ?? fallback, NUMBERS[name].min, NUMBERS[name].max);
  };
  const deadlineMs = number('deadlineMs');
  return {
    deadlineMs,
    connectTimeoutMs: number('connectTimeoutMs', deadlineMs),
    maxPendingPerNode: number('maxPendingPerNode'),
    maxPendingBytesPerNode: number('maxPendingBytesPerNode'),
    maxKeysPerGet: number('maxKeysPerGet'),
    connectionsPerNode: number('connectionsPerNode'),
    keepAliveMs: number('keepAliveMs'),
    protocol: oneOf('protocol', PROTOCOLS, options.protocol ?? 'auto'),
    login: loginOf(options.login),
    tls: options.tls === true ? {} : options.tls || undefined,
    lookup: options.lookup,
    namespace: options.namespace ?? '',
    keys: oneOf('keys', KEY_MODES, options.keys ?? 'refuse'),
    serializer: options.serializer,
    compression: compressionOf(options.compression),
    ...resolveRouting(options),
  };
}

function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw argumentError(`${name} is ${value}, not a whole number from ${min} to ${max}.`);
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: T): T {
  if (choices.includes(value)) return value;
  throw argumentError(`${name} is ${JSON.stringify(value)}, not one of ${choices.join(', ')}.`);
}

/** memcached's ASCII login separates user and password at the first blank. */
function loginOf(login: Login | undefined): Login | undefined {
  if (login === undefined) return undefined;
  const { username, password } = login;
  const isValid = /^[^\s\0]{1,250}$/.test(username) && /^[^\r\n\0]{0,250}$/.test(password);
  if (isValid) return { username, password };
  throw argumentError(
    'login.username must have 1 to 250 characters and no blanks, login.password up to 250.',
  );
}

function compressionOf(given: ClientOptions['compression']): CompressionOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const { minBytes, level } = { ...COMPRESSION_DEFAULTS, ...(given === true ? {} : given) };
  return {
    minBytes: wholeNumber('compression.minBytes', minBytes, 0, 2 ** 30),
    level: wholeNumber('compression.level', level, 1, 19),
  };
}

/** The deadline of one call in milliseconds: its own, or else the client's. */
export function deadlineOf(call: CallOptions | undefined, options: ResolvedOptions): number {
  const deadlineMs = call?.deadlineMs;
  if (deadlineMs === undefined) return options.deadlineMs;
  if (deadlineMs > 0 && deadlineMs <= MS_MAX) return deadlineMs;
  throw argumentError(`deadlineMs is ${deadlineMs}, not above 0 and up to ${MS_MAX}.`);
}

const RELATIVE_EXPTIME_MAX = 60 * 60 * 24 * 30;
const TTL_MAX = 2 ** 31 - 1;

/** The exptime for a `ttl`. Memcached takes a number above 30 days as a Unix time. */
export function exptimeOf(ttl: number, nowMs: number = Date.now()): number {
  if (!(ttl >= 0 && ttl <= TTL_MAX)) {
    throw argumentError(`ttl is ${ttl}, not 0 to ${TTL_MAX} seconds.`);
  }
  const seconds = Math.ceil(ttl);
  if (seconds <= RELATIVE_EXPTIME_MAX) return seconds;
  return Math.min(TTL_MAX, Math.floor(nowMs / 1000) + seconds);
}

export function argumentError(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
