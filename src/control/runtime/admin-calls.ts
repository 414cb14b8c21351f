/** What the manager asks of a node over its admin port. */
import { CodedError } from '../../base/index.ts';
import { readRecords } from '../../ops/index.ts';

const REPLY_MS_MAX = 10_000;
/** The node cannot have so much without a restart. */
const CONFLICT = 409;

/**
 * Changes the memory of a node while it serves; false if it cannot have so much.
 * @throws {CodedError} `ERR_RUNTIME` if the node does not reply.
 */
export async function setMemory(
  address: string,
  bytes: number,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const reply = await act(address, 'memory', { bytes }, env);
  return reply?.ok === true;
}

/**
 * Changes what the clients of a proxy may use in a second.
 * @throws {CodedError} `ERR_RUNTIME` if it does not.
 */
export async function limitEcpu(
  address: string,
  perSecond: number,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const reply = await act(address, 'ecpu-limit', { perSecond }, env);
  if (reply?.ok !== true) throw new CodedError('ERR_RUNTIME', `The proxy ${address} does not run.`);
}

/** Undefined: nobody has recorded such a node. */
async function act(
  address: string,
  action: string,
  input: object,
  env: NodeJS.ProcessEnv,
): Promise<Response | undefined> {
  const record = readRecords(env).find(({ nodes }) => nodes.includes(address));
  if (record === undefined) return undefined;
  const { url, token } = record;
  try {
    const reply = await fetch(`${url}/actions/${action}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(REPLY_MS_MAX),
    });
    if (reply.ok || reply.status === CONFLICT) return reply;
    throw new Error(`it replied with status ${reply.status}`);
  } catch (cause) {
    const text = `${address} did not do ${action}: ${(cause as Error).message}.`;
    throw new CodedError('ERR_RUNTIME', text, { cause });
  }
}
