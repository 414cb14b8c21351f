/** The API of managed clusters: calls, failures and deaths of the manager by chance. */
import { expect, test } from 'vitest';
import { makeRandomCalls } from '../support/managed-run.ts';
import { testSeed } from '../support/random.ts';

const CALLS = 10_000;
const RUNS = 5;
const RUN_MS_MAX = 120_000;
const first = testSeed();

for (let nth = 0; nth < RUNS; nth++) {
  const seed = first + nth;
  test(
    `${CALLS} random calls have the answers of the model (SEED=${seed})`,
    async () => {
      await expect(makeRandomCalls(CALLS, seed)).resolves.toBeUndefined();
    },
    RUN_MS_MAX,
  );
}
