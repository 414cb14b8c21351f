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
  const record = readRecords(env).find(({ nodes }) => nodes.includes(address));
  if (record === undefined) return false;
  const { url, token } = record;
  try {
    const reply = await fetch(`${url}/actions/memory`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ bytes }),
      signal: AbortSignal.timeout(REPLY_MS_MAX),
    });
    if (reply.ok || reply.status === CONFLICT) return reply.ok;
    throw new Error(`it replied with status ${reply.status}`);
  } catch (cause) {
    const text = `The node ${address} did not change its memory: ${(cause as Error).message}.`;
    throw new CodedError('ERR_RUNTIME', text, { cause });
  }
}
