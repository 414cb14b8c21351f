import type { Request } from '../protocol/client.ts';
import { type Answered, Operation } from './connection/operation.ts';
import { type CallOptions, deadlineOf, type ResolvedOptions } from './options.ts';
import type { Target } from './routing/route.ts';

type Resolve<T> = (value: T) => void;
type Reject = (error: unknown) => void;

/** Sends a request to a target; `resolve` or `reject` is called once, by the deadline. */
export function call<T>(
  target: Target,
  request: Request,
  answered: Answered,
  options: CallOptions | undefined,
  defaults: ResolvedOptions,
  resolve: Resolve<T>,
  reject: Reject,
): void {
  const settle = resolve as Resolve<unknown>;
  const now = performance.now();
  const deadlineMs = deadlineOf(options, defaults);
  const signal = options?.signal;
  if (signal === undefined) {
    target.send(new Operation(request, now, deadlineMs, answered, settle, reject));
  } else {
    callWithSignal(signal, target, (done) => {
      const end = <V>(then: (value: V) => void) => {
        return (value: V): void => {
          done();
          then(value);
        };
      };
      return new Operation(request, now, deadlineMs, answered, end(settle), end(reject));
    });
  }
}

/** `make` is given what is to be called when the operation is settled. */
function callWithSignal(
  signal: AbortSignal,
  target: Target,
  make: (done: () => void) => Operation,
): void {
  const operation = make(() => signal.removeEventListener('abort', abort));
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
