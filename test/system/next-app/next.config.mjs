import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

export default {
  cacheComponents: true,
  cacheMaxMemorySize: 0,
  cacheHandler: path('./cache-handler.mjs'),
  cacheHandlers: {
    default: path('./use-cache-handler.mjs'),
    remote: path('./use-cache-handler.mjs'),
  },
  turbopack: { root: path('.') },
};
