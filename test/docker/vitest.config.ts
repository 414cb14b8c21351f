import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Containers in a real Docker engine: `npm run test:docker`. */
export default defineConfig({
  test: {
    name: 'docker',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/docker/*.test.ts'],
    // The files share the engine.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 900_000,
  },
});
