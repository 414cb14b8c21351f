import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/**
 * The tests start hundreds of node processes. They inherit this variable and share compiled code,
 * in the folder that Node.js itself would use (module.enableCompileCache).
 */
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');

/** One project for each kind of test: `vitest run --project unit` runs only the fast tests. */
const project = (
  name: string,
  include: string[],
  options: {
    readonly env?: Record<string, string>;
    readonly globalSetup?: string;
    readonly isolate?: boolean;
    readonly exclude?: string[];
  } = {},
) => ({
  test: { name, include, testTimeout: 300_000, hookTimeout: 120_000, ...options },
});
/** For the tests that start processes. */
const PROGRAM = { globalSetup: 'test/support/program-setup.ts' };

/**
 * For tests that start nothing: their files share processes, and what these have imported. So a
 * file must leave nothing changed that others use.
 */
const SHARED = { isolate: false };
/** It imports the compiler of AssemblyScript, which replaces Array.prototype.sort. */
const COMPILER = 'test/unit/fast-path/compile.test.ts';

export default defineConfig({
  test: {
    globalSetup: 'test/support/fast-path-setup.ts',
    // Tests mostly wait for nodes to start and drain, so more workers than cores are useful.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      project(
        'unit',
        ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts', 'test/tidy/*.test.ts'],
        { ...SHARED, exclude: [COMPILER] },
      ),
      project('compiler', [COMPILER]),
      // Sessions once more, on memory that the fast path can use.
      project(
        'fast',
        [
          'test/unit/server/session/*.test.ts',
          'test/property/cluster-session.test.ts',
          'test/unit/store/store.test.ts',
          'test/unit/commands/keyed/without-cas.test.ts',
        ],
        { env: { TEST_MEMORY: 'memory32' }, ...SHARED },
      ),
      project('threads', ['test/threads/**/*.test.ts']),
      project(
        'wire',
        ['test/differential/**/*.test.ts', 'test/integration/**/*.test.ts', 'test/fuzz/*.test.ts'],
        PROGRAM,
      ),
      project('system', ['test/interop/*.test.ts', 'test/system/**/*.test.ts'], PROGRAM),
    ],
  },
});
