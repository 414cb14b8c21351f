import { Reply, type ReplyStatus, type Request } from '../../protocol/client.ts';
import { type Answered, Operation, type Pursuit } from '../connection/operation.ts';
import type { CacheError } from '../errors.ts';
import type { Destination } from './route.ts';

/** An attempt has at least so long, be its deadline ever so near. */
const LEAST_MS = 1;

/**
 * Asks one target on behalf of an operation that may ask others, too. One of the two is called,
 * once, and perhaps before this returns; the reply is only lent. Where the target takes several
 * steps, it takes no more of them once that is given up which it is `partOf`.
 */
export function attempt(
  target: Destination,
  request: Request,
  deadlineAt: number,
  answered: (reply: Reply) => void,
  failed: (error: CacheError) => void,
  partOf?: Pursuit,
): void {
  attemptMany(target, request, deadlineAt, { end: answered }, failed, partOf);
}

/** The same for a request whose reply has several items. */
export function attemptMany(
  target: Destination,
  request: Request,
  deadlineAt: number,
  answered: Answered,
  failed: (error: CacheError) => void,
  partOf?: Pursuit,
): void {
  const now = performance.now();
  const leftMs = Math.max(LEAST_MS, deadlineAt - now);
  const reject = failed as (error: unknown) => void;
  const operation = new Operation(request, now, leftMs, answered, nothing, reject);
  operation.partOf = partOf;
  target.send(operation);
}

const nothing = (): void => {};

/**
 * When an attempt has to be over if so many more may follow: each has an equal share of what is
 * left, so that one that stalls leaves the next its time.
 */
export function shareOf(deadlineAt: number, attemptsLeft: number): number {
  const now = performance.now();
  return now + (deadlineAt - now) / attemptsLeft;
}

/** A reply that no node has given as such. */
export function replyOf(status: ReplyStatus): Reply {
  const reply = new Reply();
  reply.reset(status);
  return reply;
}

/** A reply that may be kept; of values only counters are that short. */
export function keepReply(reply: Reply): Reply {
  const bytes = reply.takeBytes();
  const kept = Object.assign(new Reply(), reply);
  kept.setValue(bytes, 0, bytes.length, true);
  return kept;
}
