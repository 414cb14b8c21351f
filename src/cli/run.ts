import { CodedError } from '../base/index.ts';
import { readCommandLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { generalHelp, verbHelp } from './help.ts';
import type { Host } from './host.ts';
import type { Verb } from './verb.ts';
import { packageVersion } from './version.ts';

/** Runs one command line and resolves with the exit code; every failure has become a sentence by then. */
export async function run(
  args: readonly string[],
  verbs: readonly Verb[],
  host: Host,
): Promise<number> {
  try {
    const request = readCommandLine(args, verbs);
    switch (request.ask) {
      case 'version':
        host.out(`slabring ${packageVersion()}`);
        return EXIT.ok;
      case 'help':
        host.out(request.verb === undefined ? generalHelp(verbs) : verbHelp(request.verb));
        return EXIT.ok;
      case 'run':
        return await request.verb.run(
          { given: request.given, env: host.env, words: request.words },
          host,
        );
    }
  } catch (error) {
    return explain(error, host);
  }
}

function explain(error: unknown, host: Host): number {
  if (error instanceof CodedError) {
    host.err(`slabring: ${error.message}`);
    return error.code === 'ERR_USAGE' ? EXIT.usage : EXIT.failed;
  }
  host.err(`slabring: this is a bug: ${error instanceof Error ? error.stack : String(error)}`);
  return EXIT.bug;
}
