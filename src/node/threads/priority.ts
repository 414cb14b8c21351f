import { getPriority, setPriority } from 'node:os';

/** How much nicer a thread is than those that serve clients, which the kernel then prefers. */
const NICER = 10;
const NICEST = 19;

/** Once for each thread. */
let isLower = false;

/** Lets the kernel prefer the threads that serve clients to the calling one. */
export function lowerPriority(): void {
  // On Linux this is the priority of the thread, elsewhere it would be that of the process.
  if (isLower || process.platform !== 'linux') return;
  isLower = true;
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER));
  } catch {
    // A service may not be allowed to: the unit of systemd forbids it.
  }
}
