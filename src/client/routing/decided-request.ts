/** What becomes of a request that one copy decides: pure functions. */
import type {
  CountRequest,
  DeleteRequest,
  Reply,
  Request,
  StoreRequest,
} from '../../protocol/client.ts';

/** What depends on the item that is there: counters, cas, add, replace, append, prepend. */
export type DecidedRequest = StoreRequest | DeleteRequest | CountRequest;

/** The same, but a counter that is not there does not begin. */
export function withoutStart(request: DecidedRequest): DecidedRequest {
  return request.verb === 'count' ? { ...request, start: undefined } : request;
}

/** Whether the decider answered that it has no such item, which another copy may have. */
export function saysLost(request: DecidedRequest, { status }: Reply): boolean {
  if (request.verb !== 'store') return status === 'miss';
  return status === 'miss' || (status === 'not-stored' && request.mode !== 'add');
}

/** What the others are told, where that is known without asking the decider. */
export function writeOf(request: DecidedRequest): Request | undefined {
  if (request.verb === 'delete') return { ...request, cas: undefined };
  if (request.verb === 'count') return undefined;
  switch (request.mode) {
    case 'append':
    case 'prepend':
      return undefined;
    case 'add':
      return request;
    default:
      return { ...request, mode: 'set', cas: undefined };
  }
}
