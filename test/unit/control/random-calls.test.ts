import { expect, test } from 'vitest';
import { makeRandomCalls } from '../../support/managed-run.ts';
import { testSeed } from '../../support/random.ts';

const CALLS = 1500;
const seed = testSeed();

test(`${CALLS} random calls have the answers of the model (SEED=${seed})`, async () => {
  await expect(makeRandomCalls(CALLS, seed)).resolves.toBeUndefined();
});
