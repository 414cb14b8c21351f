import { createClient } from 'slabring-client';
import { nextUseCacheHandler } from 'slabring-client/next';

const cache = createClient({ nodes: [process.env.CACHE_NODE] });
export default nextUseCacheHandler(cache);
