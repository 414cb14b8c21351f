import { stderrOutput } from '../base/index.ts';
import { startNode } from '../node/index.ts';
import { processHost } from './process/host.ts';
import { run } from './run.ts';
import { CACHE_VERBS } from './verbs/cache-verbs.ts';
import { clusterVerb } from './verbs/cluster.ts';
import { docsVerb } from './verbs/docs.ts';
import { healthVerb } from './verbs/health.ts';
import { serveVerb } from './verbs/serve.ts';
import { userVerb } from './verbs/user.ts';

const verbs = [clusterVerb, serveVerb(startNode), healthVerb, userVerb, ...CACHE_VERBS];

/** The exit waits this long for the last lines: standard error may be blocked. */
const FLUSH_MS_MAX = 500;

const exitCode = await run(process.argv.slice(2), [...verbs, docsVerb(verbs)], processHost());
await stderrOutput().flush(FLUSH_MS_MAX);
process.exit(exitCode);
