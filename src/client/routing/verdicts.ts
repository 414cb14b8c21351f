/** What routes decide by: pure functions of a request, a failure or a reply. */
import { murmur3 } from '../../base/index.ts';
import type { Reply, Request } from '../../protocol/client.ts';
import type { CacheError, FailureCode } from '../errors.ts';

/** Failures that are about the node, so that another may do better. */
const NODE_TROUBLE: ReadonlySet<FailureCode> = new Set([
  'ERR_NODE_DOWN',
  'ERR_LOGIN',
  'ERR_DEADLINE',
  'ERR_DEADLINE_UNSENT',
  'ERR_REPLY_LOST',
  'ERR_PROTOCOL',
]);

/** Whether the request may be made of another node after this failure. */
export function mayRepeat(request: Request, error: CacheError): boolean {
  return NODE_TROUBLE.has(error.code) && (!error.mayHaveRun || isIdempotent(request));
}

/** Whether it makes no difference how often it is carried out. */
export function isIdempotent(request: Request): boolean {
  switch (request.verb) {
    case 'store':
      return request.mode === 'set' && request.cas === undefined;
    case 'delete':
      return request.cas === undefined;
    case 'count':
      return false;
    default:
      return true;
  }
}

/** Whether it leaves everything as it is. A fetch is one even if it takes a lease. */
export function isRead({ verb }: Request): boolean {
  return verb === 'get' || verb === 'get-many' || verb === 'fetch';
}

/** The same request, but what it stores lives so many seconds at the most (up to 30 days). */
export function withTtlAtMost(request: Request, seconds: number): Request {
  // Up to 30 days an exptime counts seconds; a time above that is further away than the most.
  const capped = (exptime: number): number => {
    return exptime === 0 || exptime > seconds ? seconds : exptime;
  };
  switch (request.verb) {
    case 'store':
    case 'touch':
      return { ...request, exptime: capped(request.exptime) };
    case 'count':
      if (request.start === undefined) return request;
      return { ...request, start: { ...request.start, exptime: capped(request.start.exptime) } };
    default:
      return request;
  }
}

/** Whether a reply to a fetch holds a value that others may have: no lease's empty item. */
export function hasValue({ status, valueBytes, won, isTaken }: Reply): boolean {
  return status === 'value' && !(valueBytes === 0 && (won || isTaken));
}

/**
 * CAS ids are each node's own, and small: the id of one copy could by chance be that of another
 * version at the next. So an id from a copy carries, above its 64 bits, 32 that say whose it is.
 */
const CAS_BITS = 64n;

export const CAS_MAX = 2n ** 64n - 1n;
export const TAGGED_CAS_MAX = 2n ** 96n - 1n;

/** Stands for a node in CAS ids: never 0. */
export function casTagOf(node: string): bigint {
  const bytes = Buffer.from(node);
  return BigInt(murmur3(bytes, 0, bytes.length, 0) || 1);
}

export function tagCas(cas: bigint, tag: bigint): bigint {
  return (tag << CAS_BITS) | cas;
}

/** The id as the node knows it, and whose it is; a tag of 0 is nobody's. */
export function untagCas(cas: bigint): { readonly cas: bigint; readonly tag: bigint } {
  return { cas: BigInt.asUintN(Number(CAS_BITS), cas), tag: cas >> CAS_BITS };
}
