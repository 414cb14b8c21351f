import type { Request } from '../../protocol/client.ts';
import type { ClientClock } from '../base/client-clock.ts';
import { Operation, type ReplyHandler } from '../connection/operation.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { Target } from '../routing/target.ts';

type Resolve<T> = (value: T) => void;
type Reject = (error: unknown) => void;

/** Turns the calls of one client into operations. */
export class Caller {
  readonly #deadlineMs: number;
  /** The default deadline of an operation whose node may be making its first connection. */
  readonly #firstDeadlineMs: number;
  readonly #clock: ClientClock;

  constructor(deadlineMs: number, firstDeadlineMs: number, clock: ClientClock) {
    this.#deadlineMs = deadlineMs;
    this.#firstDeadlineMs = firstDeadlineMs;
    this.#clock = clock;
  }

  /** The deadline of one call to a target, in milliseconds. */
  deadlineMsOf(options: CallOptions | undefined, target: Pick<Target, 'isNew'>): number {
    const own = options?.deadlineMs;
    if (own !== undefined) return own;
    if (this.#firstDeadlineMs === this.#deadlineMs) return this.#deadlineMs;
    return target.isNew ? this.#firstDeadlineMs : this.#deadlineMs;
  }

  /**
   * Sends a request to a target. It calls `resolve` or `reject` once, at the deadline at the
   * latest.
   */
  call<T>(
    target: Target,
    request: Request,
    handler: ReplyHandler,
    options: CallOptions | undefined,
    resolve: Resolve<T>,
    reject: Reject,
  ): void {
    const resolveUnknown = resolve as Resolve<unknown>;
    const deadlineMs = this.deadlineMsOf(options, target);
    const clock = this.#clock;
    const signal = options?.signal;
    if (signal === undefined) {
      target.send(new Operation(request, clock, deadlineMs, handler, resolveUnknown, reject));
      return;
    }
    callWithSignal(signal, target, (onSettled) => {
      const settleWith = <V>(callback: (value: V) => void) => {
        return (value: V): void => {
          onSettled();
          callback(value);
        };
      };
      const [onResolve, onReject] = [settleWith(resolveUnknown), settleWith(reject)];
      return new Operation(request, clock, deadlineMs, handler, onResolve, onReject);
    });
  }
}

/** `create` receives a function that the operation must call when it settles. */
function callWithSignal(
  signal: AbortSignal,
  target: Target,
  create: (onSettled: () => void) => Operation,
): void {
  const operation = create(() => signal.removeEventListener('abort', abort));
  const abort = (): void => {
    const code = operation.isSent ? 'ERR_ABORTED' : 'ERR_ABORTED_UNSENT';
    operation.fail(code, target.name, { cause: signal.reason });
  };
  if (signal.aborted) {
    abort();
    return;
  }
  signal.addEventListener('abort', abort, { once: true });
  target.send(operation);
}
