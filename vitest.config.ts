import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/**
 * Hundreds of nodes start as processes of their own: compiled code is kept from one to the next, where Node.js itself
 * would keep it (module.enableCompileCache), and every process under test inherits that.
 */
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');

/** One project per kind of test, so that `vitest run --project unit` is the quick loop. */
const project = (name: string, include: string[]) => ({
  test: { name, include, testTimeout: 300_000, hookTimeout: 120_000 },
});

export default defineConfig({
  test: {
    // Most of the time goes by while nodes start and drain.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts', 'test/*.test.ts']),
      project('threads', ['test/threads/**/*.test.ts']),
      project('wire', [
        'test/differential/**/*.test.ts',
        'test/integration/**/*.test.ts',
        'test/fuzz/*.test.ts',
      ]),
      project('system', ['test/interop/*.test.ts', 'test/system/**/*.test.ts']),
    ],
  },
});
