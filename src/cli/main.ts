import { startNode } from '../node/index.ts';
import { CACHE_VERBS } from './cache-verbs.ts';
import { clusterVerb } from './cluster.ts';
import { docsVerb } from './docs.ts';
import { healthVerb } from './health.ts';
import { processHost } from './host.ts';
import { run } from './run.ts';
import { serveVerb } from './serve.ts';
import { userVerb } from './user.ts';

const verbs = [clusterVerb, serveVerb(startNode), healthVerb, userVerb, ...CACHE_VERBS];

process.exit(await run(process.argv.slice(2), [...verbs, docsVerb(verbs)], processHost()));
