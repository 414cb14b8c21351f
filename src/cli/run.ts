import { CodedError } from '../base/index.ts';
import { TopologyError } from '../topology/index.ts';
import { readCommandLine } from './options/command-line.ts';
import { EXIT } from './process/exit-codes.ts';
import type { Host } from './process/host.ts';
import { generalHelp, verbHelp } from './terminal/help.ts';
import type { Verb } from './verb.ts';
import { packageVersion } from './version.ts';

/** Runs one command line, reports its errors on standard error and resolves with the exit code. */
export async function run(
  args: readonly string[],
  verbs: readonly Verb[],
  host: Host,
): Promise<number> {
  try {
    const invocation = readCommandLine(args, verbs);
    switch (invocation.kind) {
      case 'version':
        host.out(`slabring ${packageVersion()}`);
        return EXIT.ok;
      case 'help':
        host.out(invocation.verb === undefined ? generalHelp(verbs) : verbHelp(invocation.verb));
        return EXIT.ok;
      case 'run':
        return await invocation.verb.run(
          { given: invocation.given, env: host.env, positionals: invocation.args },
          host,
        );
    }
  } catch (error) {
    return reportFailure(error, host);
  }
}

function reportFailure(error: unknown, host: Host): number {
  if (error instanceof CodedError) {
    host.err(`slabring: ${error.message}`);
    const isUsage = error.code === 'ERR_USAGE' || error instanceof TopologyError;
    return isUsage ? EXIT.usage : EXIT.failed;
  }
  host.err(`slabring: this is a bug: ${error instanceof Error ? error.stack : String(error)}`);
  return EXIT.bug;
}
