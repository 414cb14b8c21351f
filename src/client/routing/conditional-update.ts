/** Conditional updates: the requests that the primary of a key decides. Pure functions. */
import type {
  CountRequest,
  DeleteRequest,
  Reply,
  Request,
  StoreRequest,
} from '../../protocol/client.ts';

/** An update whose outcome depends on the item: counters, cas, add, replace, append, prepend. */
export type ConditionalUpdate = StoreRequest | DeleteRequest | CountRequest;

/** The same request, but it does not create a counter that is missing. */
export function withoutInitialValue(request: ConditionalUpdate): ConditionalUpdate {
  return request.verb === 'count' ? { ...request, initial: undefined } : request;
}

/** Whether the primary replied that it has no such item; another replica may have it. */
export function isMissing(request: ConditionalUpdate, { status }: Reply): boolean {
  if (request.verb !== 'store') return status === 'miss';
  return status === 'miss' || (status === 'not-stored' && request.mode !== 'add');
}

/** The write for the other replicas; undefined if only the primary knows the resulting value. */
export function replicaWriteOf(request: ConditionalUpdate): Request | undefined {
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
