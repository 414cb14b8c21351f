import type { Reply } from '../protocol/client.ts';
import type { Answered } from './connection/operation.ts';
import type { ValueCodec } from './values/value-codec.ts';

/** A value with the id of this very version of it, for `cas`. */
export interface Versioned<T = unknown> {
  readonly value: T;
  readonly cas: bigint;
}

/** A value and all that the node tells of it. */
export interface Fetched<T = unknown> {
  /** Undefined on a miss, and while somebody loads what was a miss. */
  readonly value: T | undefined;
  /** Whether there is an item, be it empty until somebody has loaded it. */
  readonly isHit: boolean;
  readonly cas: bigint | undefined;
  /** Seconds left; Infinity when it does not expire. */
  readonly ttlSeconds: number | undefined;
  readonly sizeBytes: number | undefined;
  /** Whether it was read before, and how many seconds ago. */
  readonly wasRead: boolean | undefined;
  readonly idleSeconds: number | undefined;
  /** The caller is the one who is to load the value and set it (with this `cas`). */
  readonly won: boolean;
  /** Somebody else is loading it. */
  readonly isTaken: boolean;
  /** Marked stale by `delete(key, { staleSeconds })`: to be used only while it is loaded anew. */
  readonly isStale: boolean;
}

export const VOID: Answered = { end: () => undefined };
export const WAS_DONE: Answered = { end: ({ status }) => status === 'done' };
export const STATUS: Answered = { end: ({ status }) => status };
export const LINE: Answered = { end: ({ line }) => line };
export const STORED: Answered = {
  end: ({ status }) => (status === 'done' ? 'stored' : 'not-stored'),
};
export const CAS_STORED: Answered = {
  end: ({ status }) => {
    if (status === 'done') return 'stored';
    return status === 'exists' ? 'exists' : 'not-found';
  },
};
export const COUNT: Answered = {
  end: (reply) => (reply.status === 'value' ? BigInt(reply.text().trimEnd()) : undefined),
};

/** Collects statistics. */
export function statsAnswer(): Answered {
  const stats = new Map<string, string>();
  return { item: ({ name, line }) => void stats.set(name, line), end: () => stats };
}

/** What becomes of hits, for one way of reading values. */
export class ValueAnswers {
  readonly value: Answered;
  readonly bytes: Answered;
  readonly versioned: Answered;
  readonly fetched: Answered;

  constructor(codec: ValueCodec) {
    this.value = {
      end: (reply) => (reply.status === 'value' ? codec.decode(reply) : undefined),
    };
    this.bytes = {
      end: (reply) => (reply.status === 'value' ? codec.decodeBytes(reply) : undefined),
    };
    this.versioned = {
      end: (reply) => {
        if (reply.status !== 'value') return undefined;
        const cas = reply.cas ?? 0n;
        return withValue(codec.decode(reply), (value) => ({ value, cas }));
      },
    };
    this.fetched = { end: (reply) => fetched(reply, codec) };
  }
}

function fetched(reply: Reply, codec: ValueCodec): unknown {
  const { status, cas, ttlSeconds, sizeBytes, wasRead, idleSeconds } = reply;
  const { won, isTaken, isStale } = reply;
  const isHit = status !== 'miss';
  const ttl = ttlSeconds === -1 ? Number.POSITIVE_INFINITY : ttlSeconds;
  const told = { cas, ttlSeconds: ttl, sizeBytes, wasRead, idleSeconds, won, isTaken, isStale };
  // What was made for a miss is empty until its winner has filled it.
  const isEmpty = sizeBytes === 0 && (won || isTaken);
  const value = status === 'value' && !isEmpty ? codec.decode(reply) : undefined;
  return withValue(value, (present) => ({ value: present, isHit, ...told }));
}

function withValue<T>(value: unknown, make: (value: unknown) => T): T | Promise<T> {
  return value instanceof Promise ? value.then(make) : make(value);
}
