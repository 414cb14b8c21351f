/**
 * CAS ids are each node's own, and small: the id that one node gave could by chance be that of another
 * version at the next. So where keys may be served by more than one node, an id carries, above its 64
 * bits, 32 that say whose it is.
 */
import { murmur3 } from '../../base/index.ts';
import type { Reply, Request } from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, replyOf } from './attempt.ts';
import type { Destination } from './route.ts';

const CAS_BITS = 64n;

/** The most that an id can be: as nodes give it, and with its tag. */
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

/** Whether the request names an id, or is told one. */
export function concernsCas(request: Request): boolean {
  switch (request.verb) {
    case 'get':
      return request.cas;
    case 'fetch':
      return true;
    case 'store':
    case 'delete':
      return request.cas !== undefined;
    default:
      return false;
  }
}

/**
 * Sends an operation that concerns ids to the node of this tag, with tags on this side and without on
 * that. To this node another's id is that of some other version.
 */
export function sendTagged(node: Destination, tag: bigint, operation: Operation): void {
  const request = withoutTag(operation.request, tag);
  if (request === undefined) {
    operation.answer(replyOf('exists'), node.name, performance.now());
    return;
  }
  operation.isSent = true;
  const answered = (reply: Reply): void => {
    if (reply.cas !== undefined) reply.cas = tagCas(reply.cas, tag);
    operation.answer(reply, node.name, performance.now());
  };
  attempt(node, request, operation.deadlineAt, answered, (error) => operation.failWith(error));
}

/** The request as the node understands it; undefined when its id is another node's. */
function withoutTag(request: Request, ownTag: bigint): Request | undefined {
  const names = request.verb === 'store' || request.verb === 'delete';
  if (!names || request.cas === undefined) return request;
  const { cas, tag } = untagCas(request.cas);
  return tag === 0n || tag === ownTag ? { ...request, cas } : undefined;
}
