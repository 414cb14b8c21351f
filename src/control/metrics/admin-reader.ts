/** Reads the admin ports of nodes. */
import { readRecords } from '../../ops/index.ts';

const READ_MS_MAX = 2000;
const READ_BYTES_MAX = 8 * 2 ** 20;

/** Reads a page of the admin port of a node; undefined: there is none, or it does not reply. */
export type ReadAdmin = (address: string, page: string) => Promise<string | undefined>;

/** Finds the ports by what the nodes of this user have recorded. */
export function adminReader(env: NodeJS.ProcessEnv): ReadAdmin {
  const records = readRecords(env);
  const byAddress = new Map(records.flatMap((each) => each.nodes.map((node) => [node, each])));
  return async (address, page) => {
    const record = byAddress.get(address);
    if (record === undefined) return undefined;
    const { url, token } = record;
    try {
      const reply = await fetch(url + page, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(READ_MS_MAX),
      });
      return reply.ok ? await textOf(reply) : undefined;
    } catch {
      return undefined; // It restarts, or it is gone.
    }
  };
}

async function textOf(reply: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of reply.body ?? []) {
    length += chunk.length;
    if (length > READ_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
