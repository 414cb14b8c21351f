import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Clients that Debian packages: `npm run test:interop`, which installs them first. */
export default defineConfig({
  test: {
    name: 'debian',
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    globalSetup: 'test/interop/debian/install.ts',
    include: ['test/interop/debian/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
