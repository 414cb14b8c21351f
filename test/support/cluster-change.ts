import { type ChangeRequest, order } from '../../src/cluster/index.ts';

/** What a change of one node has moved, and how long that took. */
export interface Move {
  readonly node: string;
  /** All sources together have sent. */
  readonly keys: number;
  readonly bytes: number;
  /** For which items were on their way. */
  readonly seconds: number;
  /** From the order to the end, with the start or the end of a process. */
  readonly totalSeconds: number;
}

type Wanted = Pick<ChangeRequest, 'action'> & Partial<ChangeRequest>;

/** Changes a cluster in this process, so that no command takes time of a core. */
export async function changeNodes(socket: string, wanted: Wanted): Promise<readonly Move[]> {
  const defaults = { node: undefined, dryRun: false, memoryLimitBytes: undefined };
  const moves: Move[] = [];
  let movingSinceMs: number | undefined;
  let movingMs = 0;
  for await (const reply of order(socket, { verb: 'change', ...defaults, ...wanted })) {
    const nowMs = performance.now();
    const isMoving = reply.event === 'step' && /items/.test(reply.step);
    if (isMoving) movingSinceMs ??= nowMs;
    else if (movingSinceMs !== undefined) {
      movingMs += nowMs - movingSinceMs;
      movingSinceMs = undefined;
    }
    if (reply.event === 'changed') {
      const { node, keysMoved: keys, bytesMoved: bytes, ms } = reply;
      moves.push({ node, keys, bytes, seconds: movingMs / 1000, totalSeconds: ms / 1000 });
      movingMs = 0;
    }
    if (reply.event === 'refused' || reply.event === 'change-failed') throw new Error(reply.reason);
    if (reply.event === 'done') return moves;
  }
  throw new Error('the supervisor ended during the change');
}
