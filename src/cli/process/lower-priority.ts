import { spawnSync } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';

const NICER = 10;
const NICEST = 19;
/** A process that waits so long for a core has too little of the processor to make progress. */
const STARVED_MS = 250;
const LOOK_MS = 100;
const CHRT_TIMEOUT_MS = 2000;

/**
 * Lets the nodes of this machine, and all else, have the processor before this process.
 *
 * On Linux it uses the policy SCHED_IDLE: such a process loses its core as soon as another one
 * wakes. One with a low priority alone keeps it until a tick of the kernel, which is several
 * milliseconds for the clients of a node. Where all cores are always busy, SCHED_IDLE gets almost
 * nothing: then the process returns to the usual policy, with a low priority.
 */
export function lowerPriority(): void {
  if (process.platform === 'linux' && setPolicy('-i')) leaveWhenStarved();
  else becomeNicer();
}

function leaveWhenStarved(): void {
  let waitedMs = timeWithoutCore();
  const timer = setInterval(() => {
    // A timer that is late because the process itself computes is no sign.
    const before = waitedMs;
    waitedMs = timeWithoutCore();
    if (waitedMs - before - LOOK_MS <= STARVED_MS) return;
    clearInterval(timer);
    setPolicy('-o');
    becomeNicer();
  }, LOOK_MS);
  timer.unref();
}

/** The time in which this process did not compute, from any beginning. */
function timeWithoutCore(): number {
  const { user, system } = process.cpuUsage();
  return performance.now() - (user + system) / 1000;
}

/** Node.js cannot set a policy; `chrt` of util-linux can. Returns false without it. */
function setPolicy(policy: '-i' | '-o'): boolean {
  const args = ['-a', policy, '-p', '0', `${process.pid}`];
  const { status } = spawnSync('chrt', args, { stdio: 'ignore', timeout: CHRT_TIMEOUT_MS });
  return status === 0;
}

function becomeNicer(): void {
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER));
  } catch {
    // A sandbox may forbid it; the verb then only takes more of the processor.
  }
}
