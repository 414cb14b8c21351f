/** A process with nothing to do but to wait for a few operations, one after the other: prints how each ended. */
import { CacheError, createClient, elastiCache } from '../../../src/client.ts';

const [how = '', address = '', deadlineMs = ''] = process.argv.slice(2);
const nodes = how === 'discovery' ? elastiCache({ endpoints: [address] }) : [address];
const cache = createClient({ nodes, deadlineMs: Number(deadlineMs) });
const ends: unknown[] = [];
for (let i = 0; i < 4; i++) {
  const end = await cache.get('a').catch((error: unknown) => error);
  ends.push(end instanceof CacheError ? end.code : end);
}
process.stdout.write(JSON.stringify(ends));
await cache.close();
