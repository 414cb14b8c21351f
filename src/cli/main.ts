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

process.exit(await run(process.argv.slice(2), [...verbs, docsVerb(verbs)], processHost()));
