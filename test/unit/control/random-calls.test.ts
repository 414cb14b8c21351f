import { expect, test } from 'vitest';
import { makeRandomCalls } from '../../support/managed-run.ts';

const CALLS = 1500;
/** Always the same, so that a rare fault does not stop other work; SEED=n draws others. */
const seed = Number(process.env['SEED'] ?? 1);

test(`${CALLS} random calls have the answers of the model (SEED=${seed})`, async () => {
  await expect(makeRandomCalls(CALLS, seed)).resolves.toBeUndefined();
});
