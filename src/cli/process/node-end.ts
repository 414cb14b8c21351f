import { CodedError, type ProcessLog } from '../../base/index.ts';
import type { Renewal } from '../../cluster/index.ts';
import type { RunningNode } from '../../node/index.ts';
import { EXIT, failureExitCode, signalExitCode } from './exit-codes.ts';
import { logBug } from './log.ts';
import type { NodeJoin } from './membership.ts';
import type { ServiceManager } from './service-manager.ts';
import type { StopRequest } from './stop-request.ts';

/** What ends a node, or is told of its end. */
interface Around {
  readonly stop: StopRequest;
  readonly service: ServiceManager;
  readonly membership: Pick<NodeJoin, 'renewal'>;
}

/** The first of these events decides how the process ends, at once: it may begin again. */
export async function waitForEnd(
  node: Pick<RunningNode, 'control' | 'ended'>,
  { stop, service, membership }: Around,
  log: ProcessLog,
): Promise<number | Renewal> {
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
  const begun: { renewal?: Renewal } = {};
  const renewed = membership.renewal.then((renewal) => {
    log.warn({}, `${renewal.reason} The node starts again, without its items.`);
    begun.renewal = renewal;
    return node.control.stop(true).then(() => EXIT.ok);
  });
  const code = await Promise.race([renewed, crashed, drained, forced]);
  if (code === EXIT.ok) log.info({}, 'the node has stopped');
  return code === EXIT.ok ? (begun.renewal ?? code) : code;
}
