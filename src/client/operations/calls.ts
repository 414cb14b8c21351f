import type { Request } from '../../protocol/client.ts';
import type { ClientClock } from '../base/client-clock.ts';
import { Operation, type ReplyHandler } from '../connection/operation.ts';
import { deadlineOf, type ResolvedOptions } from '../option-tables/resolved-options.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { Target } from '../routing/target.ts';

type Resolve<T> = (value: T) => void;
type Reject = (error: unknown) => void;

/** Turns the calls of one client into operations. */
export class Caller {
  readonly #defaults: ResolvedOptions;
  readonly #clock: ClientClock;

  constructor(defaults: ResolvedOptions, clock: ClientClock) {
    this.#defaults = defaults;
    this.#clock = clock;
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
    const deadlineMs = deadlineOf(options, this.#defaults);
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
