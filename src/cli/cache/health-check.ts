import type { ConnectionOptions } from 'node:tls';
import { askOnce, type NodeReply, NoReply, requiresLogin } from '../../client/index.ts';
import type { NodeAddress } from '../../topology/index.ts';
import { reasonOfSystem, TLS_REQUIRED } from './connection-reasons.ts';
import { speaksTls } from './speaks-tls.ts';

/** A longer reply is not a reply to `version`. */
const REPLY_BYTES_MAX = 256;
/** What a connection gets where nobody listens. */
const NO_LISTENER: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * What a node replied. It is alive if its process works; ready if it also serves new clients.
 * Exactly one of `version` and `reason` is set.
 */
export interface Health {
  readonly node: string;
  readonly state: 'ready' | 'alive' | 'down';
  readonly version?: string;
  /** Why the node is not ready, or why the check does not know its version. */
  readonly reason?: string;
}

/** A node to check, and how to connect to it. */
export interface CheckedNode {
  readonly address: NodeAddress;
  readonly tls: ConnectionOptions | undefined;
  /** Whether its process runs on this machine: without a listener it starts or drains. */
  readonly isRunning: boolean;
}

/** Sends one real request to a node. */
export async function checkHealth(checked: CheckedNode, timeoutMs: number): Promise<Health> {
  const { address, tls } = checked;
  const node = address.name;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const options = { tls, replyBytesMax: REPLY_BYTES_MAX, signal };
    return { node, ...healthOf(await askOnce(address, { verb: 'version' }, options)) };
  } catch (error) {
    if (signal.aborted) return { node, state: 'down', reason: `no reply within ${timeoutMs} ms` };
    return { node, ...(await healthAfter(error, checked)) };
  }
}

type State = Omit<Health, 'node'>;

/** A node that requires a login is ready: the check has none to present. */
function healthOf(reply: NodeReply): State {
  if (reply.status === 'line') return { state: 'ready', version: reply.line };
  if (requiresLogin(reply)) return { state: 'ready', reason: 'login required' };
  return { state: 'alive', reason: replied(reply.line) };
}

async function healthAfter(
  error: unknown,
  { address, tls, isRunning }: CheckedNode,
): Promise<State> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (isRunning && NO_LISTENER.has(code))
    return { state: 'alive', reason: 'it runs and does not listen: it starts or drains' };
  // TLS has worked up to the certificate of the client.
  if (/ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/.test(String(code)))
    return { state: 'ready', reason: 'client certificate required' };
  return { state: 'down', reason: await reasonFor(error, tls === undefined ? address : undefined) };
}

/** @param plain the node, if the check did not use TLS. */
async function reasonFor(error: unknown, plain: NodeAddress | undefined): Promise<string> {
  if (!(error instanceof NoReply)) return reasonOfSystem(error)?.reason ?? String(error);
  const [line = ''] = error.received.split('\r\n');
  const mayBeTls = line === '' && plain !== undefined;
  return mayBeTls && (await speaksTls(plain)) ? TLS_REQUIRED.reason : replied(line);
}

function replied(text: string): string {
  return `it replied ${JSON.stringify(text)} to "version"`;
}
