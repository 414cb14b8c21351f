import { getPriority, setPriority } from 'node:os';

const NICER = 10;
const NICEST = 19;

/** Lets the nodes of this machine, and all else, have the processor before this process. */
export function lowerPriority(): void {
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER));
  } catch {
    // A sandbox may forbid it; the verb then only takes more of the processor.
  }
}
