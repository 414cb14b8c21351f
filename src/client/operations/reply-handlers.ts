import type { Reply } from '../../protocol/client.ts';
import type { ReplyHandler } from '../connection/operation.ts';
import { hasValue } from '../routing/retry-policy.ts';
import type { ValueCodec } from '../values/value-codec.ts';

/** A value and the CAS id of this version of it, for `cas`. */
export interface Versioned<T = unknown> {
  readonly value: T;
  readonly cas: bigint;
}

/** The result of `fetch`: a value and everything that the node knows about the item. */
export interface FetchResult<T = unknown> {
  /** Undefined on a miss, and while another caller loads a missing value. */
  readonly value: T | undefined;
  /** Whether the key has an item. The item is empty while a caller loads a missing value. */
  readonly isHit: boolean;
  readonly cas: bigint | undefined;
  /** Seconds until the item expires; Infinity for an item that does not expire. */
  readonly ttl: number | undefined;
  readonly sizeBytes: number | undefined;
  /** Whether any client has read the item before. */
  readonly wasRead: boolean | undefined;
  /** Seconds since the last read. */
  readonly idleSeconds: number | undefined;
  /** This caller holds the lease: it must load the value and store it by `cas` with this CAS id. */
  readonly wonLease: boolean;
  /** Another caller holds the lease and loads the value. */
  readonly leaseHeldByOther: boolean;
  /**
   * `delete(key, { staleSeconds })` marked the value as stale: use it only until it is refreshed.
   */
  readonly isStale: boolean;
}

export const VOID: ReplyHandler = { onReply: () => undefined };
export const WAS_DONE: ReplyHandler = { onReply: ({ status }) => status === 'done' };
export const LINE: ReplyHandler = { onReply: ({ line }) => line };
export const STORED: ReplyHandler = {
  onReply: ({ status }) => (status === 'done' ? 'stored' : 'not-stored'),
};
export const CAS_STORED: ReplyHandler = {
  onReply: ({ status }) => {
    if (status === 'done') return 'stored';
    return status === 'exists' ? 'exists' : 'not-found';
  },
};
export const COUNTER: ReplyHandler = {
  onReply: (reply) => (reply.status === 'value' ? BigInt(reply.text().trimEnd()) : undefined),
};

/** Collects the statistics of a `stats` reply in a map. */
export function statsHandler(): ReplyHandler {
  const stats = new Map<string, string>();
  return { onItem: ({ name, line }) => void stats.set(name, line), onReply: () => stats };
}

/** Turns replies into values: one handler for each form in which a caller can read a value. */
export class ValueReplyHandlers {
  readonly value: ReplyHandler;
  readonly bytes: ReplyHandler;
  readonly versioned: ReplyHandler;
  readonly fetchResult: ReplyHandler;

  constructor(codec: ValueCodec) {
    this.value = {
      onReply: (reply, deadlineAt) => {
        return reply.status === 'value' ? codec.decode(reply, deadlineAt) : undefined;
      },
    };
    this.bytes = {
      onReply: (reply, deadlineAt) => {
        return reply.status === 'value' ? codec.decodeBytes(reply, deadlineAt) : undefined;
      },
    };
    this.versioned = {
      onReply: (reply, deadlineAt) => {
        if (reply.status !== 'value') return undefined;
        const cas = reply.cas ?? 0n;
        return withValue(codec.decode(reply, deadlineAt), (value) => ({ value, cas }));
      },
    };
    this.fetchResult = {
      onReply: (reply, deadlineAt) => fetchResultOf(reply, codec, deadlineAt),
    };
  }
}

function fetchResultOf(reply: Reply, codec: ValueCodec, deadlineAt: number): unknown {
  const { status, cas, sizeBytes, wasRead, idleSeconds } = reply;
  const { wonLease, leaseHeldByOther, isStale } = reply;
  const isHit = status !== 'miss';
  const ttl = reply.ttl === -1 ? Number.POSITIVE_INFINITY : reply.ttl;
  const lease = { wonLease, leaseHeldByOther, isStale };
  const facts = { isHit, cas, ttl, sizeBytes, wasRead, idleSeconds, ...lease };
  const value = hasValue(reply) ? codec.decode(reply, deadlineAt) : undefined;
  return withValue(value, (decoded) => ({ value: decoded, ...facts }));
}

function withValue<T>(value: unknown, toResult: (value: unknown) => T): T | Promise<T> {
  return value instanceof Promise ? value.then(toResult) : toResult(value);
}
