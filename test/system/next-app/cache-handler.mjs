import { createClient } from 'slabring-client';
import { nextCacheHandler } from 'slabring-client/next';

const cache = createClient({ nodes: [process.env.CACHE_NODE] });
export default nextCacheHandler(cache);
