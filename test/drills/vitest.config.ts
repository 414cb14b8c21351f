import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');

/** Kills, restarts and long loads of real processes: `npm run test:drills`. */
export default defineConfig({
  test: {
    name: 'drills',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    globalSetup: ['test/support/fast-path-setup.ts', 'test/support/program-setup.ts'],
    include: ['test/drills/*.test.ts'],
    maxWorkers: 3,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
