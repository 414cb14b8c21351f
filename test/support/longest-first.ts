import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The test files that take longest, longest first. Vitest measures this in a run, but on a fresh
 * checkout it can only sort by file size, which is a poor estimate.
 */
const LONGEST_FILES = [
  'system/dump-restore',
  'system/warm-restart',
  'system/death',
  'system/image',
  'system/packaged-node',
  'system/log',
  'system/next',
  'system/client-drill',
  'differential/table',
  'integration/server/memory',
  'integration/server/buffer-memory',
  'system/client-package',
  'differential/cuts',
  'threads/death',
  'integration/server/tls',
  'integration/server/login',
  'differential/generated',
  'system/process-options',
  'system/cluster',
  'property/store-model',
  'differential/lru-stats',
];

const positionOf = ({ moduleId }: TestSpecification): number => {
  const rank = LONGEST_FILES.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return rank < 0 ? LONGEST_FILES.length : rank;
};

/** Starts the longest test files first, so that no long file still runs after all others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => positionOf(a) - positionOf(b));
  }
}
