import { Reply, type ReplyStatus, type Request } from '../../protocol/client.ts';
import type { CacheError } from '../base/errors.ts';
import { Operation, type ReplyHandler, type Task } from '../connection/operation.ts';
import type { Target } from './target.ts';

/** The shortest deadline of an attempt, even if its task's deadline is nearer. */
const DEADLINE_MS_MIN = 1;

/**
 * Sends a request to one target, as a step of a task that may need other steps, too. It calls
 * either `onReply` or `onFailure`, once, possibly before it returns. The reply is valid only during
 * the call. If the target itself takes several steps, it stops once the task is cancelled.
 */
export function attempt(
  task: Task,
  target: Pick<Target, 'send'>,
  request: Request,
  onReply: (reply: Reply) => void,
  onFailure: (error: CacheError) => void,
  deadlineAt: number = task.deadlineAt,
): void {
  attemptMany(task, target, request, { onReply }, onFailure, deadlineAt);
}

/** The same for a request whose reply carries several items. */
export function attemptMany(
  task: Task,
  target: Pick<Target, 'send'>,
  request: Request,
  handler: ReplyHandler,
  onFailure: (error: CacheError) => void,
  deadlineAt: number,
): void {
  const { clock } = task;
  const leftMs = Math.max(DEADLINE_MS_MIN, deadlineAt - clock.now());
  const reject = onFailure as (error: unknown) => void;
  const operation = new Operation(request, clock, leftMs, handler, nothing, reject);
  operation.parent = task;
  target.send(operation);
}

const nothing = (): void => {};

/**
 * The deadline of one of `attemptsLeft` attempts: each has an equal share of the time that is left,
 * so a stalled attempt leaves time for the next.
 */
export function deadlineShare({ clock, deadlineAt }: Task, attemptsLeft: number): number {
  if (attemptsLeft === 1) return deadlineAt;
  const now = clock.now();
  return now + (deadlineAt - now) / attemptsLeft;
}

/** A reply that the client makes itself. */
export function replyOf(status: ReplyStatus): Reply {
  const reply = new Reply();
  reply.reset(status);
  return reply;
}

/** A copy of the reply that stays valid. It copies the value: meant for short ones (counters). */
export function detachReply(reply: Reply): Reply {
  const bytes = reply.takeBytes();
  const detached = Object.assign(new Reply(), reply);
  detached.setValue(bytes, 0, bytes.length, true);
  return detached;
}
