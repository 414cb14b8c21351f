import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests with the clients that Debian packages: `npm run test:interop` installs and runs them. */
export default defineConfig({
  test: {
    name: 'debian',
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    globalSetup: ['test/interop/debian/install.ts', 'test/support/program-setup.ts'],
    include: ['test/interop/debian/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
