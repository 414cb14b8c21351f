/** The API of managed clusters: calls, failures and deaths of the manager by chance. */
import { expect, test } from 'vitest';
import { makeRandomCalls } from '../support/managed-run.ts';

const CALLS = 10_000;
const RUNS = 5;
const RUN_MS_MAX = 120_000;
/** Always the same, so that a rare fault does not stop other work; SEED=n draws others. */
const first = Number(process.env['SEED'] ?? 1);

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
