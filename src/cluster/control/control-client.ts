import { realpathSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { CodedError } from '../../base/index.ts';
import type { ClusterStatus, ControlReply, ControlRequest } from './messages.ts';
import { registeredSockets, socketIn } from './run-entry.ts';

/** A supervisor tells its nodes within this time. */
const STATUS_MS_MAX = 5_000;

/** A running supervisor. */
export interface FoundSupervisor extends Omit<ClusterStatus, 'event'> {
  readonly socketPath: string;
}

/** The supervisors of this user that run on this machine. */
export async function findSupervisors(): Promise<readonly FoundSupervisor[]> {
  // A process that was killed while it waited for a folder leaves another link to it.
  const folders = new Map(registeredSockets().map((path) => [realPathOf(dirname(path)), path]));
  const found = await Promise.all([...folders.values()].map(supervisorAt));
  return found.filter((each) => each !== undefined);
}

/** The supervisor that keeps its state in a folder; undefined if none runs. */
export async function supervisorOf(stateFolder: string): Promise<FoundSupervisor | undefined> {
  const folder = realPathOf(stateFolder);
  // The path of the folder itself may be too long for a socket.
  const linked = registeredSockets().filter((path) => realPathOf(dirname(path)) === folder);
  for (const path of [...linked, socketIn(stateFolder)]) {
    const found = await supervisorAt(path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

async function supervisorAt(socketPath: string): Promise<FoundSupervisor | undefined> {
  try {
    const signal = AbortSignal.timeout(STATUS_MS_MAX);
    for await (const reply of order(socketPath, { verb: 'status' }, signal)) {
      if (reply.event !== 'status') continue;
      const { event: _, ...status } = reply;
      return { socketPath, ...status };
    }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
  }
  return undefined;
}

/**
 * Sends a request to a supervisor; yields its replies until it has ended.
 * @throws {CodedError} `ERR_SUPERVISOR` if there is no connection, or it breaks.
 */
export async function* order(
  socketPath: string,
  request: ControlRequest,
  signal?: AbortSignal,
): AsyncGenerator<ControlReply> {
  const socket = createConnection({ path: socketPath });
  // Without a handler the end of a supervisor that is killed would end this process.
  socket.on('error', () => {});
  const abort = () => socket.destroy();
  signal?.addEventListener('abort', abort);
  try {
    await connected(socket);
    socket.write(`${JSON.stringify(request)}\n`);
    const lines = createInterface({ input: socket });
    // A socket that is destroyed has no end, and the lines would have none.
    socket.once('close', () => lines.close());
    for await (const line of lines) {
      yield JSON.parse(line) as ControlReply;
    }
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof CodedError) throw cause;
    const text = `The supervisor at ${socketPath} does not reply: ${cause.message}.`;
    throw new CodedError('ERR_SUPERVISOR', text, { cause });
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
}
