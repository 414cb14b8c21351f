import { defineConfig } from 'vitest/config';

/** One project per kind of test, so that `vitest run --project unit` is the quick loop. */
const project = (name: string, include: string[]) => ({
  test: { name, include, testTimeout: 300_000, hookTimeout: 120_000 },
});

export default defineConfig({
  test: {
    // Most of the time goes by while nodes start and drain.
    maxWorkers: 2,
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
