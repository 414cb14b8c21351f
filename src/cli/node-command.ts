import { startNode } from '../node/index.ts';
import { unknownVariables } from './options/unknown-variables.ts';
import { exitAfter } from './process/exit.ts';
import { processHost } from './process/host.ts';
import { run } from './run.ts';
import { proxyVerb } from './verbs/proxy.ts';
import { serveVerb } from './verbs/serve.ts';

/** Runs a command line that starts a node, then ends the process. */
export async function main(args: readonly string[]): Promise<never> {
  const host = processHost();
  const verbs = [serveVerb(startNode), proxyVerb(startNode)];
  // Only the other verbs can tell whether a variable is theirs.
  if (unknownVariables(host, verbs).length > 0) return (await import('./command.ts')).main(args);
  return exitAfter(run(args, verbs, host));
}
