import { streamsOf } from '../../commands/index.ts';
import type { Request } from '../../protocol/index.ts';
import type { SessionContext, SessionHost } from './context.ts';

/** Executes `watch`; returns whether the client watches events from now on. */
export function answerWatch(
  request: Request,
  { sink, watchingAllowed }: SessionContext,
  host: SessionHost,
): boolean {
  const streams = streamsOf(request.words);
  let line = 'OK';
  let isWatching = false;
  if (!watchingAllowed) line = 'CLIENT_ERROR watch commands not allowed';
  else if (sink.at > 0) line = 'ERROR cannot pipeline other commands before watch';
  else if (streams === undefined) line = 'ERROR';
  else if (host.watch(streams)) isWatching = true;
  else line = 'WATCHER_TOO_MANY log watcher limit reached';
  sink.putText(`${line}\r\n`);
  return isWatching;
}
