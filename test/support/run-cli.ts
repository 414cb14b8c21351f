import { run } from '../../src/cli/run.ts';
import { CACHE_VERBS } from '../../src/cli/verbs/cache-verbs.ts';
import { TestHost } from '../unit/cli/host.ts';

/** Runs one command line of a client in this process; blanks separate its arguments. */
export async function runCli(
  line: string,
  options: ConstructorParameters<typeof TestHost>[0] = {},
) {
  const host = new TestHost(options);
  const code = await run(line.split(' '), CACHE_VERBS, host);
  return { code, out: host.outputLines.join('\n'), err: host.errorLines.join('\n') };
}

/** What `slabring ring --json` prints. */
export interface Ring {
  readonly nodes: readonly {
    readonly node: string;
    readonly share: number;
    readonly held: number;
  }[];
  readonly keys: readonly {
    readonly key: string;
    readonly node: string;
    readonly nodes: readonly string[];
  }[];
}
