import type { IncomingMessage } from 'node:http';
import type { ActionInput } from './actions.ts';
import { AdminError } from './admin-error.ts';

/** The largest body of a request. */
const BODY_BYTES_MAX = 4096;

/**
 * Reads the JSON object of a request; an empty body is an empty object.
 * @throws {AdminError} if it is too long or no object.
 */
export async function readInput(request: IncomingMessage): Promise<ActionInput> {
  const text = await readBody(request);
  if (text === '') return {};
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as ActionInput;
  }
  throw new AdminError(400, 'The body of an action must be a JSON object, such as {}.');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > BODY_BYTES_MAX) {
      const text = `The body of an action has at most ${BODY_BYTES_MAX} bytes.`;
      throw new AdminError(413, text, { connection: 'close' });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
