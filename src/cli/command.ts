import { startNode } from '../node/index.ts';
import { exitAfter, outputWritten } from './process/exit.ts';
import { processHost } from './process/host.ts';
import { run } from './run.ts';
import { applyVerb } from './verbs/apply.ts';
import { attachVerb } from './verbs/attach.ts';
import { CACHE_VERBS } from './verbs/cache-verbs.ts';
import { clusterVerb } from './verbs/cluster.ts';
import { docsVerb } from './verbs/docs.ts';
import { dumpVerb } from './verbs/dump.ts';
import { healthVerb } from './verbs/health.ts';
import { logVerb } from './verbs/log.ts';
import { manageVerb } from './verbs/manage.ts';
import { manageKeysVerb } from './verbs/manage-keys.ts';
import { nodesVerb } from './verbs/nodes.ts';
import { proxyVerb } from './verbs/proxy.ts';
import { restartVerb } from './verbs/restart.ts';
import { restoreVerb } from './verbs/restore.ts';
import { serveVerb } from './verbs/serve.ts';
import { userVerb } from './verbs/user.ts';

/** Runs a command line of any verb, then ends the process. */
export function main(args: readonly string[]): Promise<never> {
  const verbs = [
    clusterVerb,
    serveVerb(startNode),
    proxyVerb(startNode),
    nodesVerb,
    manageVerb,
    manageKeysVerb,
    attachVerb,
    applyVerb,
    restartVerb,
    healthVerb,
    logVerb,
    userVerb,
    dumpVerb,
    restoreVerb,
    ...CACHE_VERBS,
  ];
  const exitCode = run(args, [...verbs, docsVerb(verbs)], processHost());
  return exitAfter(exitCode.finally(outputWritten));
}
