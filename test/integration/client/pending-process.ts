/** A process that only runs four operations, one after the other, and prints their outcomes. */
import { CacheError, createClient, elastiCache } from '../../../src/client.ts';

const [mode = '', address = '', deadlineMs = ''] = process.argv.slice(2);
const nodes = mode === 'discovery' ? elastiCache({ endpoints: [address] }) : [address];
const cache = createClient({ nodes, deadlineMs: Number(deadlineMs) });
const outcomes: unknown[] = [];
for (let i = 0; i < 4; i++) {
  const outcome = await cache.get('a').catch((error: unknown) => error);
  outcomes.push(outcome instanceof CacheError ? outcome.code : outcome);
}
process.stdout.write(JSON.stringify(outcomes));
await cache.close();
