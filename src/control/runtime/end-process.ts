import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 50;

/** Asks a process to end; resolves with whether it has ended within a time. */
export async function endProcess(pid: number, msMax: number): Promise<boolean> {
  const untilMs = performance.now() + msMax;
  if (!signalled(pid, 'SIGTERM')) return true;
  while (signalled(pid, 0)) {
    if (performance.now() > untilMs) return false;
    await pause(LOOK_MS);
  }
  return true;
}

/** Whether there is such a process; 0 tells it nothing. */
function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}
