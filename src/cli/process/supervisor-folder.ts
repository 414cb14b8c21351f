/** The folder in which `slabring cluster` keeps items, and where it can be reached. */
import { sep } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, type Logger } from '../../base/index.ts';
import {
  isAnswered,
  ORPHANS_MS_MAX,
  type RunEntry,
  registerSupervisor,
  socketIn,
} from '../../cluster/index.ts';
import { localNodes } from './local-nodes.ts';
import type { StopRequest } from './stop-request.ts';

/** The consequence of a supervisor without a socket: it serves all the same. */
export const UNREACHABLE = 'So slabring restart cannot reach this cluster.';
/** How often it looks whether the nodes of a killed supervisor have ended. */
const LOOK_MS = 100;

/**
 * Registers this supervisor; undefined if there is no place for a temporary folder.
 * @param stateFolder its folder; undefined for a temporary one.
 * @throws {CodedError} `ERR_STATE_FOLDER` if a cluster runs with this folder.
 */
export async function openRunEntry(
  stateFolder: string | undefined,
  log: Logger,
): Promise<RunEntry | undefined> {
  if (stateFolder !== undefined && (await isAnswered(socketIn(stateFolder)))) {
    const text = `A cluster runs with the folder ${stateFolder}: stop it, or name another folder.`;
    throw new CodedError('ERR_STATE_FOLDER', text);
  }
  try {
    return await registerSupervisor(stateFolder);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    log.warn({}, `${error.message} ${UNREACHABLE}`);
    return undefined;
  }
}

/**
 * Waits for nodes whose supervisor was killed: they write their items to this folder, and then end.
 * Only Linux shows them; elsewhere the new nodes start without those items.
 * @throws {CodedError} `ERR_STATE_FOLDER` if they do not end.
 */
export async function waitForOrphans(
  folder: string,
  stop: StopRequest,
  log: Logger,
): Promise<void> {
  for (let looks = 0; !stop.isRequested(); looks++) {
    const pids = orphansOf(folder);
    if (pids.length === 0) return;
    if (looks * LOOK_MS > ORPHANS_MS_MAX) {
      const names = pids.join(', ');
      const text = `Nodes without a supervisor use the folder ${folder}: processes ${names}.`;
      throw new CodedError('ERR_STATE_FOLDER', `${text} End them first.`);
    }
    if (looks === 0) {
      log.warn({ pids }, 'waiting for nodes whose supervisor was killed');
    }
    await pause(LOOK_MS);
  }
}

/** The processes of nodes that keep their items in this folder. */
function orphansOf(folder: string): readonly number[] {
  try {
    const isHere = (path: string): boolean => path.startsWith(`${folder}${sep}`);
    const nodes = localNodes().filter(
      ({ options: { warmRestart }, pathOf }) => warmRestart !== '' && isHere(pathOf(warmRestart)),
    );
    return nodes.map(({ pid }) => pid);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [];
  }
}
