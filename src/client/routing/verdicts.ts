/** What routes decide by: pure functions of a request, a failure or a reply. */
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
