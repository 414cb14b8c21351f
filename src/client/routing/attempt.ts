import { Reply, type ReplyStatus, type Request } from '../../protocol/client.ts';
import { type Cancellable, Operation, type ReplyHandler } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import type { OperationReceiver } from './target.ts';

/** The shortest deadline of an attempt, even if its operation's deadline is nearer. */
const DEADLINE_MS_MIN = 1;

/**
 * Sends a request to one target, as a step of an operation that may need other steps, too. It calls
 * either `onReply` or `onFailure`, once, possibly before it returns. The reply is valid only during
 * the call. If the target itself takes several steps, it stops once `parent` is cancelled.
 */
export function attempt(
  target: OperationReceiver,
  request: Request,
  deadlineAt: number,
  onReply: (reply: Reply) => void,
  onFailure: (error: CacheError) => void,
  parent?: Cancellable,
): void {
  attemptMany(target, request, deadlineAt, { onReply }, onFailure, parent);
}

/** The same for a request whose reply carries several items. */
export function attemptMany(
  target: OperationReceiver,
  request: Request,
  deadlineAt: number,
  handler: ReplyHandler,
  onFailure: (error: CacheError) => void,
  parent?: Cancellable,
): void {
  const now = performance.now();
  const leftMs = Math.max(DEADLINE_MS_MIN, deadlineAt - now);
  const reject = onFailure as (error: unknown) => void;
  const operation = new Operation(request, now, leftMs, handler, nothing, reject);
  operation.parent = parent;
  target.send(operation);
}

const nothing = (): void => {};

/**
 * The deadline of one of `attemptsLeft` attempts: each has an equal share of the time that is left,
 * so a stalled attempt leaves time for the next.
 */
export function deadlineShare(deadlineAt: number, attemptsLeft: number): number {
  const now = performance.now();
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
