import { CacheError, requiresLogin } from '../../client/index.ts';
import { type NodeAddress, readNodes } from '../../topology/index.ts';
import {
  CLOSED_TLS,
  LOGIN_REJECTED,
  LOGIN_REQUIRED,
  NO_REPLY,
  type Reason,
  reasonOfSystem,
  TLS_REQUIRED,
} from './connection-reasons.ts';
import { explainDiscovery } from './explain-discovery.ts';
import { askAgain, speaksTls } from './speaks-tls.ts';

/**
 * Explains to a user of the command line why a node did not execute an operation.
 * @param usesTls whether the client connected by TLS.
 */
export async function explain(error: unknown, usesTls: boolean): Promise<Reason> {
  if (!(error instanceof CacheError)) return { reason: messageOf(error) };
  switch (error.code) {
    case 'ERR_LOGIN':
      return isLoginMissing(error) ? LOGIN_REQUIRED : LOGIN_REJECTED;
    case 'ERR_DEADLINE':
    case 'ERR_DEADLINE_UNSENT':
      return NO_REPLY;
    case 'ERR_NODE_DOWN':
    case 'ERR_PROTOCOL':
    case 'ERR_REPLY_LOST':
      return reasonOfSystem(rootOf(error)) ?? askWhatNodeExpects(error, usesTls);
    case 'ERR_DISCOVERY':
      return explainDiscovery(error, usesTls);
    case 'ERR_REFUSED':
      return refusalOf(error);
    default:
      return { reason: error.message };
  }
}

/** The cause of a failure in a few words, without a question to the node. */
export function briefReason(error: Error): string {
  return reasonOfSystem(rootOf(error))?.reason ?? error.message;
}

/** Whether the client sent no login: the node asked for one, and did not judge one. */
function isLoginMissing({ cause }: CacheError): boolean {
  return cause instanceof Error && /unauthenticated/.test(cause.message);
}

/** The error at the end of the chain of causes. */
function rootOf(error: Error): Error {
  let root = error;
  while (root.cause instanceof Error) root = root.cause;
  return root;
}

/** The reply of the node, without the client's own words around it. */
function refusalOf({ message }: Error): Reason {
  const reply = /rejected the command\. (.*?)(?: \(node .*\))?$/.exec(message)?.[1];
  if (reply === undefined) return { reason: message };
  const reason = `it replied ${JSON.stringify(reply)}`;
  if (!reply.includes('permission denied')) return { reason };
  return { reason, advice: 'This needs a user with the role admin (slabring user role).' };
}

/**
 * A node that expects TLS or a login may close a connection without a word, so a question in each
 * of these ways shows which one it takes.
 */
async function askWhatNodeExpects(error: CacheError, usesTls: boolean): Promise<Reason> {
  const root = rootOf(error);
  if (root instanceof CacheError && root.code === 'ERR_REFUSED') return refusalOf(root);
  const isSilent = !(root instanceof CacheError) && root.name !== 'MalformedReply';
  if (isSilent) return { reason: root.message };
  if (usesTls) return CLOSED_TLS;
  const [node] = readNodes([error.node!]) as [NodeAddress];
  if (await speaksTls(node)) return TLS_REQUIRED;
  const plain = await askAgain(node, false);
  if (!(plain instanceof Error) && requiresLogin(plain)) return LOGIN_REQUIRED;
  if (root instanceof CacheError) return { reason: 'it closed the connection without a reply' };
  return { reason: root.message, advice: 'Check that a Memcached node listens there.' };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
