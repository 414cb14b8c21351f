/**
 * Each node counts its own CAS ids from a small number: an id of one node may by chance equal the
 * id of another version at the next node. So where more than one node may serve a key, the client
 * puts 32 bits above the 64 bits of the id, which name the node.
 */
import { murmur3 } from '../../base/index.ts';
import type { Reply, Request } from '../../protocol/client.ts';
import type { Operation } from '../connection/operation.ts';
import { attempt, replyOf } from './attempt.ts';
import type { Target } from './target.ts';

const CAS_BITS = 64n;

/** The largest CAS id: as a node sends it, and with its tag. */
export const CAS_MAX = 2n ** 64n - 1n;
export const TAGGED_CAS_MAX = 2n ** 96n - 1n;

/** The tag of a node in CAS ids; never 0. */
export function casTagOf(node: string): bigint {
  const bytes = Buffer.from(node);
  return BigInt(murmur3(bytes, 0, bytes.length, 0) || 1);
}

export function tagCas(cas: bigint, tag: bigint): bigint {
  return (tag << CAS_BITS) | cas;
}

/** The id as the node knows it, and the tag of that node; a tag of 0 names no node. */
export function untagCas(cas: bigint): { readonly cas: bigint; readonly tag: bigint } {
  return { cas: BigInt.asUintN(Number(CAS_BITS), cas), tag: cas >> CAS_BITS };
}

/** Whether the request carries a CAS id, or its reply does. */
export function usesCas(request: Request): boolean {
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
 * Sends an operation that uses CAS ids to the node of this tag. The caller sees ids with tags, the
 * node sees ids without. The CAS id of another node never matches: the reply is `exists`.
 */
export function sendTagged(
  node: Pick<Target, 'name' | 'send'>,
  tag: bigint,
  operation: Operation,
): void {
  const request = withoutTag(operation.request, tag);
  if (request === undefined) {
    operation.complete(replyOf('exists'), node.name);
    return;
  }
  operation.isSent = true;
  const onReply = (reply: Reply): void => {
    if (reply.cas !== undefined) reply.cas = tagCas(reply.cas, tag);
    operation.complete(reply, node.name);
  };
  attempt(operation, node, request, onReply, (error) => operation.failWith(error));
}

/** The request without the tag; undefined if its id has the tag of another node. */
function withoutTag(request: Request, ownTag: bigint): Request | undefined {
  const mayCarryCas = request.verb === 'store' || request.verb === 'delete';
  if (!mayCarryCas || request.cas === undefined) return request;
  const { cas, tag } = untagCas(request.cas);
  return tag === 0n || tag === ownTag ? { ...request, cas } : undefined;
}
