import type { RestartEvent, RestartRequest } from '../rolling-restart.ts';

/** The longest request or reply on the socket of a supervisor, in bytes. */
export const LINE_BYTES_MAX = 64 * 1024;
/** The longest pause between two nodes. */
export const PAUSE_SECONDS_MAX = 3600;

export type ControlRequest =
  | { readonly verb: 'status' }
  | ({ readonly verb: 'restart' } & RestartRequest);

/** What a supervisor tells of a node. */
interface NodeStatus {
  readonly node: string;
  /** As clients know it. */
  readonly address: string;
  readonly pid: number | undefined;
  readonly isUp: boolean;
}

export interface ClusterStatus {
  readonly event: 'status';
  /** The process of the supervisor. */
  readonly pid: number;
  readonly nodes: readonly NodeStatus[];
}

export type ControlReply =
  | RestartEvent
  | ClusterStatus
  | { readonly event: 'refused'; readonly reason: string };

/** The request in a line; undefined for another one. */
export function readRequest(line: string): ControlRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { verb, node, dryRun, pauseMs = 0 } = Object(parsed) as Record<string, unknown>;
  if (verb === 'status') return { verb };
  const isWhole = typeof pauseMs === 'number' && pauseMs >= 0 && pauseMs <= PAUSE_SECONDS_MAX * 1e3;
  if (verb !== 'restart' || !isWhole) return undefined;
  return {
    verb,
    node: node === undefined ? undefined : String(node),
    dryRun: dryRun === true,
    pauseMs,
  };
}
