import { askOnce, NoReply } from '../../client/index.ts';
import type { NodeAddress } from '../../topology/index.ts';

/** The time for finding out what a node expects that closes every connection. */
const PROBE_MS = 1000;
const REPLY_BYTES_MAX = 4096;
/** Unlike `version`, every node that requires a login refuses it. */
const QUESTION = { verb: 'get', key: 'slabring-probe', cas: false } as const;

/** Whether a node completes a TLS handshake. */
export async function speaksTls(node: NodeAddress): Promise<boolean> {
  if ('path' in node.connect) return false;
  const reply = await askAgain(node, true);
  if (!(reply instanceof Error)) return true;
  // An alert of TLS 1.3 (a client certificate is missing) comes after the handshake.
  return reply instanceof NoReply || /ALERT/.test(codeOf(reply));
}

/** Asks a node that failed for what it expects; resolves with its reply or the error. */
export async function askAgain(node: NodeAddress, useTls: boolean) {
  const tls = useTls ? { rejectUnauthorized: false } : undefined;
  const signal = AbortSignal.timeout(PROBE_MS);
  const options = { tls, replyBytesMax: REPLY_BYTES_MAX, signal };
  try {
    return await askOnce(node, QUESTION, options);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
