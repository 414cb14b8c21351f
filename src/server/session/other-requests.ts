import type { ReplyRest } from '../../commands/index.ts';
import { DIALECT, type Request, VERB } from '../../protocol/index.ts';
import { repliesTo, type SessionContext, type SessionHost } from './context.ts';
import { PAUSE } from './states.ts';
import { answerWatch } from './watch.ts';

/** From now on the client watches events. */
export const WATCHING = Symbol('watching');

/**
 * Executes a request that is neither a get nor followed by a value. Returns what is left for the
 * session: to pause, to watch, or the rest of the reply.
 */
export function answerOther(
  request: Request,
  context: SessionContext,
  host: SessionHost,
): typeof PAUSE.close | typeof WATCHING | ReplyRest | undefined {
  const { verb, dialect, noreply } = request;
  const { executor, metaReplies, binaryReplies } = context;
  if (verb === VERB.watch) return answerWatch(request, context, host) ? WATCHING : undefined;
  if (verb === VERB.quit) {
    if (dialect === DIALECT.binary && !noreply) binaryReplies.success(request);
    return PAUSE.close;
  }
  if (dialect === DIALECT.meta) return executor.answerMeta(request, metaReplies);
  return executor.answer(request, repliesTo(context, request));
}
