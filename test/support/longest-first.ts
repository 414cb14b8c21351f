import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The test files that take longest, longest first. Vitest measures this in a run, but on a fresh
 * checkout it can only sort by file size, which is a poor estimate.
 */
const LONGEST_FILES = [
  'property/cluster-simulation',
  'property/leased-clusters',
  'system/dump-restore',
  'differential/cluster',
  'system/packaged-node',
  'system/next',
  'differential/table',
  'system/etcd-nodes',
  'system/client-package',
  'system/adapters-page',
  'differential/cuts',
  'differential/generated',
  'integration/client/failover',
  'system/migrate',
  'system/image',
  'threads/fast-path-death',
  'system/etcd-cluster',
  'integration/cluster/etcd-membership',
  'system/client-drill',
  'system/prometheus',
  'system/warm-restart',
  'integration/cluster/etcd-outage',
  'integration/server/login',
  'system/nodes',
  'system/death',
  'system/plain-proxy',
  'differential/large',
  'system/cluster',
  'system/local-proxy',
  'integration/server/buffer-memory',
  'threads/death',
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
