/** Guards of simulated clusters (cluster-simulation.test.ts) are taken out: the checker notices. */
import { describe, expect, test } from 'vitest';
import { PLANTED_FAULTS } from './cluster-faults.ts';
import { seedsUntilNoticed } from './plant.ts';

const TEST_MS_MAX = 3_600_000;

describe('planted faults', () => {
  test.each(PLANTED_FAULTS)(
    'the checker notices that $title',
    async (fault) => {
      const restore = fault.plant();
      try {
        expect(await seedsUntilNoticed(fault, fault.seed)).toBeLessThanOrEqual(fault.seeds);
      } finally {
        restore();
      }
    },
    TEST_MS_MAX,
  );
});
