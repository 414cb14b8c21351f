import type { Random } from './random.ts';

/** With `STEPS=all` a drill kills the driver of a change at each of its steps, else at one. */
export const ALL_STEPS = process.env['STEPS'] === 'all';
/** A change has about seven steps; more than these are a change that does not end. */
const STEPS_MAX = 15;
const STEPS_USUAL = 6;

/**
 * Runs `killAt` for one step by the seed, or for all steps from the first one on until it returns
 * false: then the change ended before that step.
 */
export async function atSteps(
  random: Random,
  killAt: (nth: number) => Promise<boolean>,
): Promise<void> {
  if (!ALL_STEPS) {
    await killAt(random.int(1, STEPS_USUAL));
    return;
  }
  for (let nth = 1; await killAt(nth); nth++) {
    if (nth === STEPS_MAX) throw new Error(`the change has not ended after ${nth} steps`);
  }
}
