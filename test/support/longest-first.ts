import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first. Vitest knows by itself after a run; on a fresh checkout it goes by the size of the files, which says little. */
const LONG = [
  'system/client-drill',
  'differential/table',
  'integration/server/memory',
  'differential/cuts',
  'threads/death',
  'integration/server/tls',
  'integration/server/login',
  'differential/generated',
  'system/cluster',
  'property/store-model',
  'differential/lru-stats',
];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return rank < 0 ? LONG.length : rank;
};

/** Starts with the files that take longest, so that none of them is still at work when all others have ended. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
