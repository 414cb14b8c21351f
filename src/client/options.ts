import type { LookupFunction } from 'node:net';
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
import type { NodeSpec } from './topology.ts';
import type { CompressionOptions } from './values/compression.ts';
import { COMPRESSION_DEFAULTS } from './values/compression.ts';
import type { KeyMode } from './values/keys.ts';
import type { Serializer } from './values/value-codec.ts';

/** Options of a client. */
export interface ClientOptions extends RoutingOptions {
  /**
   * The nodes to shard over: `host`, `host:port`, `[v6]:port`, `/unix/path`, or objects; or what finds
   * them out: `elastiCache(…)`, `dnsNames(…)`.
   */
  readonly nodes: readonly NodeSpec[] | Discovery;
  /**
   * Milliseconds that any operation may take, from the call to its end: waiting in the queue,
   * connecting and waiting for the reply included. 1 … 3,600,000. It is also how long a node that
   * owes replies may be silent before its connection is given up.
   * @default 1000
   */
  readonly deadlineMs?: number;
  /**
   * Milliseconds that a connection may take to come about, TLS and login included.
   * 1 … 3,600,000.
   * @default what `deadlineMs` is
   */
  readonly connectTimeoutMs?: number;
  /**
   * Operations that may be pending for one node; one more fails with ERR_QUEUE_FULL.
   * 1 … 10,000,000.
   * @default 65536
   */
  readonly maxPendingPerNode?: number;
  /**
   * Bytes of values that may wait to be sent to one node; one more fails with ERR_QUEUE_FULL,
   * unless nothing else waits. 1 … 2^34.
   * @default 67108864
   */
  readonly maxPendingBytesPerNode?: number;
  /**
   * Keys in one request for many; `getMany` sends as many requests as it takes. 1 … 1000.
   * @default 100
   */
  readonly keysPerGet?: number;
  /**
   * Connections to each node, 1 … 64. One is the fastest; more keep small values from waiting
   * behind large ones, but operations that are not awaited may overtake each other.
   * @default 1
   */
  readonly connectionsPerNode?: number;
  /**
   * Milliseconds of silence after which the kernel begins to ask whether the node is still there.
   * 1000 … 3,600,000.
   * @default 30000
   */
  readonly keepAliveMs?: number;
  /**
   * What to speak. `auto` finds out at each connect: meta where the node knows it, else classic
   * text, else (with a `login`) binary.
   * @default 'auto'
   */
  readonly protocol?: ProtocolChoice;
  /** User and password, for nodes that ask for them: SASL PLAIN in binary, `-Y` in text. */
  readonly login?: Login;
  /** Speak TLS; `true` is TLS with the certificates that Node.js trusts. @default false */
  readonly tls?: boolean | TlsOptions;
  /** Finds the addresses of a node's name at each connect, as in node:net. @default dns.lookup */
  readonly lookup?: LookupFunction;
  /** Put in front of every key; up to 150 bytes. @default '' */
  readonly namespace?: string;
  /**
   * What to do with keys over 250 bytes, or with blanks or control characters in them: refuse them
   * with ERR_KEY, or send their SHA-256 in their place.
   * @default 'refuse'
   */
  readonly keys?: KeyMode;
  /** How values other than text and bytes become bytes. @default JSON */
  readonly serializer?: Serializer;
  /** Compress large values by zstd. Only this client reads them. @default false */
  readonly compression?: boolean | CompressionOptions;
}

/** Options of one call. */
export interface CallOptions {
  /** In place of the client's `deadlineMs`; above 0 and up to 3,600,000. */
  readonly deadlineMs?: number;
  /** Calls it off: it fails with ERR_ABORTED, or ERR_ABORTED_UNSENT. */
  readonly signal?: AbortSignal;
}

/** Options of a call that stores. */
export interface StoreOptions extends CallOptions {
  /**
   * Seconds to live; 0 is until evicted. A fraction is rounded up. Up to 2^31 - 1.
   * @default 0
   */
  readonly ttl?: number;
}

/** What is in force: all that has a default has a value. */
export interface ResolvedOptions extends ResolvedRouting {
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly maxPendingPerNode: number;
  readonly maxPendingBytesPerNode: number;
  readonly keysPerGet: number;
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

/** Each number's default, and its bounds. */
const NUMBERS = {
  deadlineMs: { default: 1000, least: 1, most: MS_MAX },
  connectTimeoutMs: { default: undefined, least: 1, most: MS_MAX },
  maxPendingPerNode: { default: 65_536, least: 1, most: 10_000_000 },
  maxPendingBytesPerNode: { default: 64 * 2 ** 20, least: 1, most: 2 ** 34 },
  keysPerGet: { default: 100, least: 1, most: 1000 },
  connectionsPerNode: { default: 1, least: 1, most: 64 },
  keepAliveMs: { default: 30_000, least: 1000, most: MS_MAX },
} as const;
type NumberName = keyof typeof NUMBERS;

const PROTOCOLS: readonly ProtocolChoice[] = ['auto', 'meta', 'classic', 'binary'];
const KEY_MODES: readonly KeyMode[] = ['refuse', 'hash'];
const OTHERS = [
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

/** Checks the options, so that none is silently unused; throws ERR_ARGUMENT. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  for (const name of Object.keys(options)) {
    const isKnown = Object.hasOwn(NUMBERS, name) || OTHERS.includes(name);
    if (!isKnown) throw badOption(`There is no option "${name}".`);
  }
  const number = (name: NumberName, ifNone = NUMBERS[name].default ?? 0): number => {
    return wholeNumber(name, options[name] ?? ifNone, NUMBERS[name].least, NUMBERS[name].most);
  };
  const deadlineMs = number('deadlineMs');
  return {
    deadlineMs,
    connectTimeoutMs: number('connectTimeoutMs', deadlineMs),
    maxPendingPerNode: number('maxPendingPerNode'),
    maxPendingBytesPerNode: number('maxPendingBytesPerNode'),
    keysPerGet: number('keysPerGet'),
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

function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw badOption(`${name} is ${value}, not a whole number from ${least} to ${most}.`);
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: T): T {
  if (choices.includes(value)) return value;
  throw badOption(`${name} is ${JSON.stringify(value)}, not one of ${choices.join(', ')}.`);
}

/** memcached's ASCII login parts user and password at the first blank. */
function loginOf(login: Login | undefined): Login | undefined {
  if (login === undefined) return undefined;
  const { username, password } = login;
  const good = /^[^\s\0]{1,250}$/.test(username) && /^[^\r\n\0]{0,250}$/.test(password);
  if (good) return { username, password };
  throw badOption(
    'login.username has 1 to 250 characters and no blanks, login.password up to 250.',
  );
}

function compressionOf(given: ClientOptions['compression']): CompressionOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const { thresholdBytes, level } = { ...COMPRESSION_DEFAULTS, ...(given === true ? {} : given) };
  return {
    thresholdBytes: wholeNumber('compression.thresholdBytes', thresholdBytes, 0, 2 ** 30),
    level: wholeNumber('compression.level', level, 1, 19),
  };
}

/** The deadline of one call, in milliseconds: the client's unless the call has its own. */
export function deadlineOf(call: CallOptions | undefined, options: ResolvedOptions): number {
  const deadlineMs = call?.deadlineMs;
  if (deadlineMs === undefined) return options.deadlineMs;
  if (deadlineMs > 0 && deadlineMs <= MS_MAX) return deadlineMs;
  throw badOption(`deadlineMs is ${deadlineMs}, not above 0 and up to ${MS_MAX}.`);
}

const THIRTY_DAYS = 60 * 60 * 24 * 30;
const TTL_MAX = 2 ** 31 - 1;

/** The exptime for a time to live: the protocol takes more than 30 days for a Unix time. */
export function exptimeOf(ttl: number, nowMs: number = Date.now()): number {
  if (!(ttl >= 0 && ttl <= TTL_MAX)) {
    throw badOption(`ttl is ${ttl}, not 0 to ${TTL_MAX} seconds.`);
  }
  const seconds = Math.ceil(ttl);
  if (seconds <= THIRTY_DAYS) return seconds;
  return Math.min(TTL_MAX, Math.floor(nowMs / 1000) + seconds);
}

export function badOption(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
