import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The test files that take longest, longest first. Vitest measures this in a run, but on a fresh
 * checkout it can only sort by file size, which is a poor estimate.
 */
const LONGEST_FILES = [
  'system/dump-restore',
  'system/warm-restart',
  'system/client-drill',
  'system/nodes',
  'differential/cluster',
  'differential/cuts',
  'system/packaged-node',
  'system/death',
  'differential/table',
  'differential/generated',
  'system/cluster',
  'system/process-options',
  'system/log',
  'system/next',
  'system/migrate',
  'integration/client/failover',
  'system/log-lines',
  'property/cluster-simulation',
  'system/prometheus',
  'system/client-package',
  'integration/cluster/etcd-membership',
  'system/etcd-cluster',
  'system/cluster-keeps-keys',
  'property/cluster-session',
  'property/fast-path',
  'integration/server/login',
  'threads/death',
  'integration/server/buffer-memory',
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
