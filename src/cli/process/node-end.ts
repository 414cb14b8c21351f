import { CodedError, type ProcessLog } from '../../base/index.ts';
import type { RunningNode } from '../../node/index.ts';
import { EXIT, failureExitCode, signalExitCode } from './exit-codes.ts';
import { logBug } from './log.ts';
import type { NodeJoin } from './membership.ts';
import type { ServiceManager } from './service-manager.ts';
import type { StopRequest } from './stop-request.ts';

/** In place of an exit code: the process replaces itself by a new one. */
export const BEGINS_AGAIN = -1;

/** What ends a node, or is told of its end. */
interface Around {
  readonly stop: StopRequest;
  readonly service: ServiceManager;
  readonly membership: Pick<NodeJoin, 'renewal'>;
}

/** The first of these events decides the exit code; the process must then end at once. */
export async function waitForEnd(
  node: Pick<RunningNode, 'control' | 'ended'>,
  { stop, service, membership }: Around,
  log: ProcessLog,
): Promise<number> {
  const drained = stop.requested
    .then((reason) => {
      log.info({ reason }, 'the node drains its connections');
      service.stopping('Draining the connections');
      return node.control.stop(true);
    })
    .then(() => EXIT.ok);
  const crashed = node.ended.then(
    () => EXIT.ok,
    (error: unknown) => {
      if (error instanceof CodedError) log.error({ code: error.code }, error.message);
      else logBug(log, 'The node ended by a bug', error);
      return failureExitCode(error);
    },
  );
  const forced = stop.forced.then((signal) => {
    log.warn({ signal }, 'the node ends without draining: it got a second signal');
    return signalExitCode(signal);
  });
  let isRenewed = false;
  const renewed = membership.renewal.then((reason) => {
    log.warn({}, `${reason} The node starts again, without its items.`);
    isRenewed = true;
    return node.control.stop(true).then(() => EXIT.ok);
  });
  const code = await Promise.race([renewed, crashed, drained, forced]);
  if (code === EXIT.ok) log.info({}, 'the node has stopped');
  return isRenewed && code === EXIT.ok ? BEGINS_AGAIN : code;
}
