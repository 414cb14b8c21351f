import type { GatewayFailure } from './etcd-error.ts';

/**
 * The JSON of etcd's gateway: 64-bit numbers are texts, bytes are base64, and fields with the value
 * 0 or false are left out.
 */
export type Json = Readonly<Record<string, unknown>>;

/** A key with its value. Revisions are below 2^53: etcd counts one for each change. */
export interface EtcdKey {
  readonly key: string;
  readonly value: string;
  /** The revision of the change that created the key. */
  readonly created: number;
  /** The revision of its last change. */
  readonly modified: number;
  /** The lease that the key ends with; `0` if none. */
  readonly lease: string;
}

/** Keys, as they were at one revision. */
export interface EtcdKeys {
  readonly revision: number;
  readonly keys: readonly EtcdKey[];
  /** Whether there are more than the limit. */
  readonly hasMore: boolean;
}

/** One comparison of a transaction. A key that does not exist has the revision 0. */
export type Compare =
  | {
      readonly key: string;
      readonly target: 'created' | 'modified';
      readonly revision: number;
    }
  | { readonly key: string; readonly target: 'exists' };

/** One change of a transaction. */
export type Change =
  | { readonly put: string; readonly value: string; readonly lease?: string | undefined }
  | { readonly remove: string };

/** One message of a watch. */
export type WatchMessage =
  | { readonly kind: 'created' }
  | { readonly kind: 'canceled'; readonly reason: string }
  | { readonly kind: 'events'; readonly events: readonly WatchEvent[] };

/** The new state of a key; undefined: it is gone. */
export interface WatchEvent {
  readonly key: string;
  readonly now: EtcdKey | undefined;
}

/** A reply that no etcd sends; the message is a phrase. */
class MalformedReply extends Error {}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** The key after all keys with this prefix. */
const endOfPrefix = (prefix: string): string => {
  const end = Buffer.from(prefix, 'utf8');
  end[end.length - 1]! += 1;
  return end.toString('base64');
};

export const keyBody = (key: string): string => JSON.stringify({ key: base64(key) });

export const rangeBody = (prefix: string, limit: number): string =>
  JSON.stringify({ key: base64(prefix), range_end: endOfPrefix(prefix), limit: `${limit}` });

export const watchBody = (prefix: string, fromRevision: number): string =>
  JSON.stringify({
    create_request: {
      key: base64(prefix),
      range_end: endOfPrefix(prefix),
      start_revision: `${fromRevision}`,
    },
  });

export const transactionBody = (compare: readonly Compare[], changes: readonly Change[]): string =>
  JSON.stringify({ compare: compare.map(compareJson), success: changes.map(changeJson) });

function compareJson(compare: Compare): Json {
  const key = base64(compare.key);
  if (compare.target === 'exists') {
    return { key, target: 'CREATE', result: 'NOT_EQUAL', create_revision: '0' };
  }
  const { target, revision } = compare;
  const field = target === 'created' ? 'create_revision' : 'mod_revision';
  const kind = target === 'created' ? 'CREATE' : 'MOD';
  return { key, target: kind, result: 'EQUAL', [field]: `${revision}` };
}

function changeJson(change: Change): Json {
  if ('remove' in change) return { request_delete_range: { key: base64(change.remove) } };
  const { put, value, lease } = change;
  const body = { key: base64(put), value: base64(value) };
  return { request_put: lease === undefined ? body : { ...body, lease } };
}

/** @throws {MalformedReply} */
export function parseJson(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch {}
  throw new MalformedReply('the reply is no JSON of etcd');
}

/** The failure in a reply; in a stream it is in the field `error`. */
export function failureOf(reply: Json): GatewayFailure {
  const failure = typeof reply['error'] === 'object' ? (Object(reply['error']) as Json) : reply;
  const message = failure['message'] ?? failure['error'];
  if (typeof message !== 'string') throw new MalformedReply('the reply has no error of etcd');
  return { message, code: Number(failure['code'] ?? failure['grpc_code'] ?? 0) };
}

/** The token of a login. */
export const tokenOf = (reply: Json): string => textOf(reply, 'token', '');

export function keysOf(reply: Json): EtcdKeys {
  const kvs = reply['kvs'] ?? [];
  if (!Array.isArray(kvs)) throw new MalformedReply('the keys are no list');
  return {
    revision: revisionOf(reply),
    keys: kvs.map(keyOf),
    hasMore: reply['more'] === true,
  };
}

export const revisionOf = (reply: Json): number =>
  countOf(Object(reply['header']) as Json, 'revision');

function keyOf(kv: unknown): EtcdKey {
  const json = Object(kv) as Json;
  return {
    key: bytesOf(json, 'key'),
    value: bytesOf(json, 'value'),
    created: countOf(json, 'create_revision'),
    modified: countOf(json, 'mod_revision'),
    lease: textOf(json, 'lease', '0'),
  };
}

/**
 * A line of a watch.
 * @throws {MalformedReply}
 */
export function watchMessageOf(line: string): WatchMessage {
  const json = parseJson(line);
  if (json['error'] !== undefined) return { kind: 'canceled', reason: failureOf(json).message };
  const result = Object(json['result']) as Json;
  if (result['canceled'] === true) return { kind: 'canceled', reason: cancelReason(result) };
  if (result['created'] === true) return { kind: 'created' };
  const events = result['events'] ?? [];
  if (!Array.isArray(events)) throw new MalformedReply('the events are no list');
  return { kind: 'events', events: events.map(eventOf) };
}

function cancelReason(result: Json): string {
  const compacted = countOf(result, 'compact_revision');
  if (compacted > 0) return `its revisions below ${compacted} are compacted`;
  return textOf(result, 'cancel_reason', 'etcd has ended it');
}

function eventOf(event: unknown): WatchEvent {
  const { type, kv } = Object(event) as Json;
  const now = keyOf(kv);
  return { key: now.key, now: type === 'DELETE' ? undefined : now };
}

/** The seconds and the id of a lease that has been granted, or kept alive; 0 s: it is gone. */
export const leaseOf = (reply: Json): { readonly id: string; readonly ttl: number } => ({
  id: textOf(reply, 'ID', '0'),
  ttl: countOf(reply, 'TTL'),
});

function textOf(json: Json, field: string, absent: string): string {
  const value = json[field] ?? absent;
  if (typeof value === 'string') return value;
  throw new MalformedReply(`the field ${field} is no text`);
}

const bytesOf = (json: Json, field: string): string =>
  Buffer.from(textOf(json, field, ''), 'base64').toString('utf8');

function countOf(json: Json, field: string): number {
  const count = Number(textOf(json, field, '0'));
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new MalformedReply(`the field ${field} is ${count}`);
}
