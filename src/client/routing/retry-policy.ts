/** Decisions of the routes: pure functions of a request, a failure or a reply. */
import type { Reply, Request } from '../../protocol/client.ts';
import type { CacheError, FailureCode } from '../base/errors.ts';

/** Failures of the node, not of the request: another node may succeed. */
const NODE_FAILURES: ReadonlySet<FailureCode> = new Set([
  'ERR_NODE_DOWN',
  'ERR_LOGIN',
  'ERR_DEADLINE',
  'ERR_DEADLINE_UNSENT',
  'ERR_REPLY_LOST',
  'ERR_PROTOCOL',
]);

/** Whether the client may send the request to another node after this failure. */
export function mayRetry(request: Request, error: CacheError): boolean {
  return NODE_FAILURES.has(error.code) && (!error.mayHaveRun || isIdempotent(request));
}

/** Whether carrying out the request twice has the same effect as once. */
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

/** Whether the request changes no value. A fetch counts as a read even if it takes a lease. */
export function isRead({ verb }: Request): boolean {
  return verb === 'get' || verb === 'get-many' || verb === 'fetch';
}

/** The same request with a ttl of at most `ttlMax` seconds (which must not exceed 30 days). */
export function withTtlAtMost(request: Request, ttlMax: number): Request {
  // An exptime above 30 days is a Unix time: further away than any `ttlMax`.
  const capped = (exptime: number): number => {
    return exptime === 0 || exptime > ttlMax ? ttlMax : exptime;
  };
  switch (request.verb) {
    case 'store':
    case 'touch':
      return { ...request, exptime: capped(request.exptime) };
    case 'count':
      if (request.initial === undefined) return request;
      return {
        ...request,
        initial: { ...request.initial, exptime: capped(request.initial.exptime) },
      };
    default:
      return request;
  }
}

/** Whether a reply to a fetch holds a value, not the placeholder of a lease. */
export function hasValue(reply: Reply): boolean {
  return reply.status === 'value' && !reply.isPlaceholder;
}
