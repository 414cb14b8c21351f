import { CodedError } from '../base/index.ts';
import { packageVersion } from '../node/index.ts';
import { readCommandLine, type VerbInvocation } from './options/command-line.ts';
import { unknownVariables } from './options/unknown-variables.ts';
import { EXIT, failureExitCode } from './process/exit-codes.ts';
import type { Host } from './process/host.ts';
import { generalHelp, verbHelp } from './terminal/help.ts';
import type { Verb } from './verb.ts';

const HELP_COLUMNS_MAX = 100;

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
        host.out(helpText(invocation.verb, verbs, host));
        return EXIT.ok;
      case 'run':
        return await runVerb(invocation, unknownVariables(host, verbs), host);
    }
  } catch (error) {
    return reportFailure(error, host);
  }
}

/** A verb that writes a log has the warnings in it. */
function runVerb(
  { verb, given, args }: VerbInvocation,
  startWarnings: readonly string[],
  host: Host,
): Promise<number> {
  const sources = { given, env: host.env, positionals: args };
  if (verb.hasLog) return verb.run(sources, { ...host, startWarnings });
  for (const line of startWarnings) host.err(line);
  return verb.run(sources, host);
}

/** Without a terminal the help has the width of a usual one; longer lines are hard to read. */
function helpText(verb: Verb | undefined, verbs: readonly Verb[], { columns = 80 }: Host): string {
  const columnsMax = Math.min(HELP_COLUMNS_MAX, columns);
  return verb === undefined ? generalHelp(verbs, columnsMax) : verbHelp(verb, columnsMax);
}

function reportFailure(error: unknown, host: Host): number {
  if (error instanceof CodedError) {
    host.err(`slabring: ${error.message}`);
  } else {
    host.err(`slabring: this is a bug: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return failureExitCode(error);
}
